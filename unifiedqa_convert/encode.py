r"""Example → question record, statement → declarative record, and back. Pure functions.

The separator is `` \n ``: a space, the two characters backslash and n, a space (UnifiedQA,
Khashabi et al. 2020). How the rest is written is the profile's affair (profiles.py).
"""

import hashlib
import re
from collections.abc import Sequence
from functools import cache
from typing import NamedTuple

from unifiedqa_convert.profiles import PROFILES as PROFILES
from unifiedqa_convert.profiles import Profile as Profile
from unifiedqa_convert.profiles import collapse as collapse
from unifiedqa_convert.profiles import profile_named as profile_named
from unifiedqa_convert.schema import Example, FreeText, MultipleChoice, Record, Statement, YesNo

UNLABELLED = "-"
NO_ANSWER = "<No Answer>"


class Parsed(MultipleChoice):
    """What a question record says; no choices where it lists none, golds found by their text."""

    answer: str | None = None


def same_text(text: str) -> str:
    """The key under which two choices count as the same text: white space and case ignored."""
    return collapse(text).casefold()


def arrange(example: Example, profile: Profile) -> Example:
    """The choices that the profile has, in its order, and the context, if it writes one.

    SciQ publishes its gold in a field of its own; any fixed place for it would be learnt. Where
    order gives the gold away, it comes from a hash of each choice's normalised text: the same on
    every machine. Choices that the dataset's quirk merges into others are left out.
    """
    if example.context is not None and not profile.own.context:
        example = example.model_copy(update={"context": None})
    if not isinstance(example, MultipleChoice):
        return example
    merged = profile.own.merged
    places = [n for n, choice in enumerate(example.choices) if choice not in merged]
    if not example.order_matters and profile.hash_free_order:
        places.sort(key=lambda n: (_digest(example.choices[n]), n))
    elif len(places) == len(example.choices):
        return example
    golds = example.golds
    if golds and merged:
        told = [merged.get(example.choices[gold], example.choices[gold]) for gold in golds]
        golds = tuple(example.choices.index(choice) for choice in told)
    sentences = example.sentences
    return MultipleChoice(
        id=example.id,
        question=example.question,
        cue=example.cue,
        context=example.context,
        choices=tuple([example.choices[n] for n in places]),
        golds=golds and tuple(sorted({places.index(gold) for gold in golds})),
        sentences=sentences and tuple([sentences[n] for n in places]),
        order_matters=example.order_matters,
    )


class Fields(NamedTuple):
    """An example's texts as a profile cleans them, before they are joined."""

    question: str
    choices: tuple[str, ...]
    context: str
    output: str | None


def fields(example: Example, profile: Profile) -> Fields:
    """Clean each text once; the output is the first gold's text, None where there is no label."""
    clean = profile.clean
    question = clean(profile.asked(example))
    context = clean(example.context) if example.context else ""
    choices: tuple[str, ...] = ()
    output: str | None = None
    if isinstance(example, MultipleChoice):
        choices = tuple(map(clean, example.choices))
        output = choices[example.golds[0]] if example.golds else None
    elif isinstance(example, YesNo):
        output = None if example.answer is None else _yes_no(example.answer)
    elif isinstance(example, FreeText) and example.answers is not None:
        output = clean(example.answers[0]) if example.answers else NO_ANSWER
    return Fields(question, choices, context, output)


def joined(parts: Fields, profile: Profile) -> Record:
    r"""``question \n (a) … (b) … \n context`` → output; absent parts are left out."""
    text = parts.question
    if parts.choices:
        bare = profile.unasked if not text else None
        text += (bare or profile.separator) + _lettered(parts.choices, profile)
    if parts.context:
        text += profile.separator + parts.context
    output = None if parts.output is None else profile.whole(parts.output)
    return Record(profile.whole(text), output)


def question_record(example: Example, profile: Profile) -> Record:
    r"""``question \n (a) … (b) … \n context`` → the gold's text; absent parts are left out."""
    return joined(fields(example, profile), profile)


def declarative_record(statement: Statement, context: str | None, profile: Profile) -> Record:
    r"""``sentence`` or ``sentence \n context`` → ``yes``, ``no``, or ``-`` where unlabelled."""
    parts = [profile.clean(statement.sentence)]
    if context and (cleaned := profile.clean(context)):
        parts.append(cleaned)
    label = UNLABELLED if statement.label is None else _yes_no(statement.label)
    return Record(profile.whole(profile.separator.join(parts)), label)


def each_choice(
    question: str, choices: Sequence[str], golds: Sequence[int] | None, profile: Profile
) -> list[tuple[str, str | None]]:
    r"""Per choice ``question \n choice`` and whether it is gold: one way to publish several."""
    return [
        (
            profile.whole(profile.separator.join(map(profile.clean, (question, choice)))),
            None if golds is None else _yes_no(place in golds),
        )
        for place, choice in enumerate(choices)
    ]


def parse(record: Record, profile: Profile) -> Parsed:
    r"""A question record back into question, choices, context and gold.

    Golds are every choice whose text equals the output; where a choice holds `` (b) `` or the
    question a literal `` \n ``, what comes back differs from what went in (see ``recovers``).
    """
    text = record.input
    if profile.unasked and text.startswith(profile.unasked):
        text = profile.separator + text.removeprefix(profile.unasked)
    question, *rest = text.split(profile.separator)
    choices: tuple[str, ...] = ()
    if rest and rest[0].lstrip().startswith(f"({profile.letters[0]})"):
        choices = _unlettered(rest.pop(0), profile.letters)
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
    return Statement(sentence, label, 0, "given"), profile.separator.join(rest) or None


def recovers(example: Example, record: Record, profile: Profile) -> bool:
    """Whether ``parse`` gives back the example as the profile normalises it."""
    parsed, normal = parse(record, profile), profile.normal
    choices: tuple[str, ...] = ()
    golds: tuple[int, ...] | None = None
    if isinstance(example, MultipleChoice):
        choices = tuple(map(normal, example.choices))
        golds = example.golds[:1] if example.golds else None
    return (
        parsed.question == normal(profile.asked(example))
        and parsed.choices == choices
        and parsed.golds == golds
        and parsed.context == (normal(example.context or "") or None)
    )


def surely_recovers(parts: Fields, record: Record, profile: Profile) -> bool:
    """Whether it is plain, without parsing, that the record gives its example back.

    False says nothing; ``recovers`` decides then. True needs texts that ``normal`` leaves alone,
    each separator written by us, no bracket in a choice that a marker could be made of, no two
    equal choices, and no context that reads as choices.
    """
    separators = bool(parts.choices) + bool(parts.context)
    return (
        profile.plain
        and record.input.count(profile.separator) == separators
        and not any("(" in choice for choice in parts.choices)
        and len(set(parts.choices)) == len(parts.choices)
        and (bool(parts.choices) or not parts.context.startswith("("))
        and bool(parts.question)
    )


def _digest(choice: str) -> bytes:
    return hashlib.sha256(same_text(choice).encode()).digest()


def _yes_no(label: bool) -> str:
    return "yes" if label else "no"


def _lettered(choices: tuple[str, ...], profile: Profile) -> str:
    if len(choices) > len(profile.letters):
        raise ValueError(f"{len(choices)} choices, but only {len(profile.letters)} letters")
    return " ".join(
        f"({letter}) {choice}" if choice else profile.empty.format(letter)
        for letter, choice in zip(profile.letters, choices, strict=False)
    )


def _unlettered(text: str, letters: str) -> tuple[str, ...]:
    """Cut at ``(a)``, ``(b)`` … in turn: each marker is looked for after the one before it."""
    cuts: list[tuple[int, int]] = []
    position = 0
    for marker in _markers(letters):
        found = marker.search(text, position)
        if found is None:
            break
        cuts.append(found.span())
        position = found.end()
    ends = [start for start, _ in cuts[1:]] + [len(text)]
    return tuple(text[end:stop].strip() for (_, end), stop in zip(cuts, ends, strict=True))


@cache
def _markers(letters: str) -> tuple[re.Pattern[str], ...]:
    return tuple(re.compile(rf"(?:(?<=\s)|^)\({letter}\)(?=\s|$)") for letter in letters)
