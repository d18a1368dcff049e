r"""Example → question record, statement → declarative record, and back. Pure functions.

The separator is `` \n ``: a space, the two characters backslash and n, a space (UnifiedQA,
Khashabi et al. 2020). The profile decides the rest (profiles.py).
"""

import hashlib
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cache
from string import ascii_lowercase
from typing import NamedTuple

from unifiedqa_convert.records.converted import Converted, Record, Statement
from unifiedqa_convert.records.profiles import Profile
from unifiedqa_convert.records.published_forms import Quirk
from unifiedqa_convert.records.published_rows import golds_say
from unifiedqa_convert.schema import (
    BETWEEN_PARTS,
    NO_ANSWER,
    Example,
    FieldError,
    FreeText,
    MultipleChoice,
    YesNo,
    collapse,
)

UNLABELLED = "-"
"""The output of a declarative record without label, and of any record without output in a TSV."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Parsed(MultipleChoice):
    """The fields of a question record: no choices if it lists none, golds found by their text."""

    answer: str | None = None


def parse(record: Record, profile: Profile) -> Parsed:
    r"""A question record → question, choices, context and gold.

    Golds are all choices whose text equals the output. If a choice contains `` (b) `` or the
    question a literal `` \n ``, the result differs from the example (see ``recovers``). Any text
    parses: without a marker at the start of its second part it has no choices.
    """
    text = record.input
    if profile.no_question and text.startswith(profile.no_question):
        text = profile.separator + text.removeprefix(profile.no_question)
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
    """A declarative record → its statement, and its context or None."""
    sentence, *rest = record.input.split(profile.separator)
    label = {"yes": True, "no": False}.get(record.output or UNLABELLED)
    context = profile.separator.join(rest).strip() or None
    return Statement(sentence.strip(), label, 0, "given", 1.0), context


def _unlettered(text: str, letters: str) -> tuple[str, ...]:
    """Cut at ``(a)``, ``(b)`` … in order: each marker is searched after the one before it.

    No choices if the text does not begin with the first marker.
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


_BACKSLASH_N = r"\n"


def same_text(text: str) -> str:
    """The key under which two choices count as the same text: white space and case ignored."""
    return collapse(text).casefold()


def arrange(example: Example, profile: Profile) -> Example:
    """The example with the choices that the profile writes, in its order, and with its context.

    If the source's order reveals the gold (SciQ has it in a field of its own), the order is that of
    a hash of each choice's normalised text: a fixed position would be learnt, and the hash is the
    same on every machine. Choices that the dataset's quirk merges into others are left out.

    Raises FieldError if there are more choices than letters.
    """
    own, letters = profile.own, len(profile.letters)
    if example.context is not None and not own.with_context:
        example = replace(example, context=None)
    if not isinstance(example, MultipleChoice):
        return example
    merged, choices = own.merged, example.choices
    if len(choices) > letters:
        raise FieldError("choices", f"{len(choices)} choices, but only {letters} letters")
    by_hash = not example.order_matters and profile.hash_free_order
    if not by_hash and (not merged or merged.keys().isdisjoint(choices)):
        return example
    places = [n for n, choice in enumerate(choices) if choice not in merged]
    if by_hash:
        places.sort(key=lambda n: (_digest(choices[n]), n))
    golds = example.golds
    if golds and merged:
        kept = [merged.get(choices[gold], choices[gold]) for gold in golds]
        golds = tuple(choices.index(choice) for choice in kept)
    sentences = example.sentences
    return replace(
        example,
        choices=tuple([choices[n] for n in places]),
        golds=golds and tuple(sorted({places.index(gold) for gold in golds})),
        sentences=sentences and tuple([sentences[n] for n in places]),
    )


class Fields(NamedTuple):
    """An example's texts as a profile cleans them, before they are joined."""

    question: str
    choices: tuple[str, ...]
    context: str
    output: str | None


def fields(example: Example, profile: Profile) -> Fields:
    """Each text cleaned once; the output is the first gold's text, None if there is no label."""
    question, choices, context, output = _texts(example, profile)
    own, clean = _form(profile, output), profile.clean
    ask, choose = own.question or clean, own.choice or clean
    return Fields(
        ask(question),
        tuple(map(choose, choices)),
        (own.context or clean)(context),
        output and (own.output or clean)(output),
    )


def _form(profile: Profile, output: str | None) -> Quirk:
    """The dataset's quirk; that of rows without label, if they have another one."""
    own = profile.own
    return own if output is not None or own.hidden is None else own.hidden


def _texts(example: Example, profile: Profile) -> Fields:
    """The example's texts, not cleaned."""
    choices: tuple[str, ...] = ()
    output: str | None = None
    own = profile.own
    question = profile.question_text(example)
    if isinstance(example, MultipleChoice):
        choices = example.choices
        if example.golds:
            gold = example.golds[0]
            output = profile.letters[gold] if own.answers == "letter" else choices[gold]
            if own.answers == "yes or no":
                output = golds_say(example)
    elif isinstance(example, YesNo):
        output = None if example.answer is None else _yes_no(example.answer)
    elif isinstance(example, FreeText) and example.answers is not None:
        listed = _listed(example, profile)
        if not listed:
            output = NO_ANSWER if own.no_answer is None else own.no_answer
        else:
            output = BETWEEN_PARTS.join(listed) if own.answers == "joined" else listed[0]
    if isinstance(example, YesNo | FreeText) and profile.published_by and example.published:
        question = example.published.question or question
    return Fields(question, choices, example.context or "", output)


def _listed(example: FreeText, profile: Profile) -> tuple[str, ...]:
    """The references, as the source lists them where the profile reproduces published files."""
    published = example.published if profile.own.template else None
    if published is not None and published.answers is not None:
        return published.answers
    return example.answers or ()


def outputs(item: Converted, profile: Profile) -> tuple[str | None, ...]:
    """The outputs of its question record's lines in a TSV: one, or one for each reference."""
    example = item.example
    if profile.own.answers != "each" or not isinstance(example, FreeText):
        return (item.question.output,)
    clean = profile.own.output or profile.clean
    listed = _listed(example, profile)
    return tuple([profile.whole(clean(it)) for it in listed]) or (item.question.output,)


def joined(parts: Fields, profile: Profile) -> Record:
    r"""``question \n (a) … (b) … \n context`` → output; absent parts are left out."""
    question, choices, context, output = parts
    if template := _form(profile, output).template:
        listed = _lettered(choices, profile)
        text = template.format(question=question, choices=listed, context=context)
        return Record(profile.whole(text), None if output is None else profile.whole(output))
    text = question
    if choices:
        bare = profile.no_question if not text else None
        text += (bare or profile.separator) + _lettered(choices, profile)
    if context:
        text += profile.separator + context
    return Record(profile.whole(text), None if output is None else profile.whole(output))


def plain_record(example: Example, profile: Profile) -> Record | None:
    r"""The question record of an example that is proven regular in one look; None if it is not.

    If it is a record, it is the one that ``joined`` makes of ``fields``, ``recovers`` is True and
    no two choices are equal. That is nine rows of ten, at a quarter of the cost of those three. It
    needs texts that ``collapse`` does not change (joined by single spaces they show it: any other
    white space is unprintable or a double space), no backslash and no opening bracket in any of
    them, and an output that a TSV does not take for a missing one.
    """
    if not profile.plain:
        return None
    question, context = example.question, example.context
    if example.cue:
        question = example.question_text
    # With a space on each side, a text that is empty or has one at its end shows a double space.
    around = question if context is None else f"{question} {context}"
    output: str | None
    if type(example) is MultipleChoice:
        choices, golds = example.choices, example.golds
        listed = " ".join(choices)
        text = f" {around} {listed} "
        if not text.isprintable() or "  " in text or "(" in text or "\\" in text:
            return None
        output = choices[golds[0]] if golds else None
        # In lower-case ASCII, equal under ``same_text`` is equal.
        if listed.isascii() and listed.lower() == listed and len(choices) in _LETTERED:
            lettered = _LETTERED[len(choices)](*choices)
        elif len({*map(str.casefold, choices)}) == len(choices) <= len(ascii_lowercase):
            lettered = _lettered(choices, profile)
        else:
            return None
        if lettered is None or output == UNLABELLED:
            return None
        text = f"{question} \\n {lettered}"
    elif type(example) is YesNo:
        text = f" {around} "
        if not text.isprintable() or "  " in text or "(" in text or "\\" in text:
            return None
        output = None if example.answer is None else _yes_no(example.answer)
        text = question
    else:
        return None
    # The same as Record(…), which is a Python function, in half the time.
    return tuple.__new__(Record, (text if context is None else f"{text} \\n {context}", output))


def question_record(example: Example, profile: Profile) -> Record:
    r"""``question \n (a) … (b) … \n context`` → the gold's text; absent parts are left out."""
    return joined(fields(example, profile), profile)


def declarative_record(statement: Statement, context: str | None, profile: Profile) -> Record:
    r"""``sentence`` or ``sentence \n context`` → ``yes``, ``no``, or ``-`` where unlabelled."""
    clean = profile.statement_clean
    parts = [clean(statement.sentence)]
    if context and (cleaned := clean(context)):
        parts.append(cleaned)
    label = UNLABELLED if statement.label is None else _yes_no(statement.label)
    return Record(profile.whole(profile.separator.join(parts)), label)


def each_choice(
    question: str, choices: Sequence[str], golds: Sequence[int] | None, profile: Profile
) -> list[tuple[str, str | None]]:
    r"""Per choice ``question \n choice`` and yes if it is gold: how several golds are published."""
    return [
        (
            profile.whole(profile.separator.join(map(profile.clean, (question, choice)))),
            None if golds is None else _yes_no(place in golds),
        )
        for place, choice in enumerate(choices)
    ]


def recovers(example: Example, record: Record, profile: Profile) -> bool:
    """True if ``parse`` gives the example as the profile normalises it.

    A published form with a template is not meant to be read back: True.
    """
    if profile.own.template:
        return True
    parsed, normal = parse(record, profile), profile.normal
    choices: tuple[str, ...] = ()
    golds: tuple[int, ...] | None = None
    if isinstance(example, MultipleChoice):
        choices = tuple(map(normal, example.choices))
        golds = example.golds[:1] if example.golds else None
    return (
        parsed.question == normal(profile.question_text(example))
        and parsed.choices == choices
        and parsed.golds == golds
        and parsed.context == (normal(example.context or "") or None)
        and parsed.answer != UNLABELLED  # in a TSV: no answer
    )


def declarative_recovers(
    statement: Statement, context: str | None, record: Record, profile: Profile
) -> bool:
    """True if ``parse_declarative`` gives the sentence, label and context, as normalised."""
    context = context or ""
    if profile.plain and record.input.count(_BACKSLASH_N) == bool(context) == bool(context.strip()):
        return True
    back, back_context = parse_declarative(record, profile)
    sentence, context = (
        profile.whole(profile.statement_clean(text)).strip()
        for text in (statement.sentence, context)
    )
    return (back.sentence, back.label, back_context or "") == (sentence, statement.label, context)


def _digest(choice: str) -> bytes:
    return hashlib.sha256(same_text(choice).encode()).digest()


def _yes_no(label: bool) -> str:
    return "yes" if label else "no"


def _lettered(choices: tuple[str, ...], profile: Profile) -> str:
    own = profile.own
    letters = own.letters or profile.letters
    if len(choices) > len(letters):
        raise ValueError(f"{len(choices)} choices, but only {len(letters)} letters")
    if own.template:
        pairs = zip(letters, choices, strict=False)
        return " ".join([own.letter.format(letter) + choice for letter, choice in pairs])
    return " ".join(
        f"({letter}) {choice}" if choice else profile.empty.format(letter)
        for letter, choice in zip(letters, choices, strict=False)
    )


# The choices of a canonical record, or None if two are equal, for the usual numbers of choices:
# written out they take a third of the time of a set and a join.


def _two(a: str, b: str) -> str | None:
    return None if a == b else f"(a) {a} (b) {b}"


def _three(a: str, b: str, c: str) -> str | None:
    return None if a in (b, c) or b == c else f"(a) {a} (b) {b} (c) {c}"


def _four(a: str, b: str, c: str, d: str) -> str | None:
    if a in (b, c, d) or b in (c, d) or c == d:
        return None
    return f"(a) {a} (b) {b} (c) {c} (d) {d}"


def _five(a: str, b: str, c: str, d: str, e: str) -> str | None:
    if e in (a, b, c, d):
        return None
    return None if (four := _four(a, b, c, d)) is None else f"{four} (e) {e}"


_LETTERED: dict[int, Callable[..., str | None]] = {2: _two, 3: _three, 4: _four, 5: _five}
