r"""A record back into what it says. Any text parses; encode's ``recovers`` says whether rightly."""

import re
from functools import cache

from unifiedqa_convert.profiles import Profile
from unifiedqa_convert.schema import MultipleChoice, Record, Statement

UNLABELLED = "-"
"""What stands for no output: in a declarative record, and in any TSV."""


class Parsed(MultipleChoice):
    """What a question record says; no choices where it lists none, golds found by their text."""

    answer: str | None = None


def parse(record: Record, profile: Profile) -> Parsed:
    r"""A question record back into question, choices, context and gold.

    Golds are every choice whose text equals the output; where a choice holds `` (b) `` or the
    question a literal `` \n ``, what comes back differs from what went in (see ``recovers``).
    Any text parses: what begins with no marker holds no choices.
    """
    text = record.input
    if profile.unasked and text.startswith(profile.unasked):
        text = profile.separator + text.removeprefix(profile.unasked)
    question, *rest = text.split(profile.separator)
    choices = _unlettered(rest[0], profile.letters) if rest else ()
    if choices:
        del rest[0]
    answer = None if record.output is None else record.output.strip()
    golds = tuple(place for place, choice in enumerate(choices) if choice == answer)
    return Parsed(
        question=question.strip(),
        choices=choices,
        golds=golds or None,
        context=profile.separator.join(rest).strip() or None,
        answer=answer,
    )


def parse_declarative(record: Record, profile: Profile) -> tuple[Statement, str | None]:
    """A declarative record back into its statement and context."""
    sentence, *rest = record.input.split(profile.separator)
    label = {"yes": True, "no": False}.get(record.output or UNLABELLED)
    context = profile.separator.join(rest).strip() or None
    return Statement(sentence.strip(), label, 0, "given"), context


def _unlettered(text: str, letters: str) -> tuple[str, ...]:
    """Cut at ``(a)``, ``(b)`` … in turn: each marker is looked for after the one before it.

    No choices where the text does not begin with the first marker.
    """
    text = text.lstrip()
    first, *others = _markers(letters)
    found = first.match(text)
    if found is None:
        return ()
    cuts = [found.span()]
    for marker in others:
        found = marker.search(text, cuts[-1][1])
        if found is None:
            break
        cuts.append(found.span())
    ends = [start for start, _ in cuts[1:]] + [len(text)]
    return tuple(text[end:stop].strip() for (_, end), stop in zip(cuts, ends, strict=True))


@cache
def _markers(letters: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(rf"(?:(?<=\s)|^)\({letter}\)(?=\s|$)") for letter in letters)
