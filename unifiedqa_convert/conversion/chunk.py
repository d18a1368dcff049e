"""Rows → examples → statements → records, a chunk at a time. Every row is counted somewhere.

rows read = rows used + rows skipped by a named reason + rows rejected;
examples = labelled + unlabelled; statements = true + false + unknown.
"""

import json
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from collections.abc import Set as AbstractSet
from hashlib import sha256
from typing import Any, NamedTuple

from unifiedqa_convert.conversion.repeats import gold_counts
from unifiedqa_convert.errors import RowError
from unifiedqa_convert.question_converters.base import Ask, QuestionConverter, Sentence, answers
from unifiedqa_convert.question_converters.drafts import draft, labels, only_asks
from unifiedqa_convert.records.converted import AMBIGUOUS, Converted, Statement
from unifiedqa_convert.records.encode import (
    arrange,
    declarative_record,
    declarative_recovers,
    fields,
    joined,
    plain_record,
    recovers,
    same_text,
)
from unifiedqa_convert.records.profiles import Profile
from unifiedqa_convert.records.published_forms import Quirk
from unifiedqa_convert.rows.json_rows import Raw
from unifiedqa_convert.rows.shapes import NumberedRow, Skipped
from unifiedqa_convert.rows.typed_rows import row_as_json, why_no_example
from unifiedqa_convert.schema import (
    IN_PARTS,
    Adapter,
    Example,
    FreeText,
    MultipleChoice,
    NotAnExample,
    Row,
    collapse,
)

Tree = dict[str, Any]


def tree(counts: Counter[str]) -> Tree:
    """Counts by path (``rows/skipped/<reason>``) → the manifest's nested form, with all zeros.

    Raises AssertionError if rows read differ from rows used, skipped and rejected: a bug here.
    """
    nested: Tree = {
        "rows": {"read": 0, "used": 0, "skipped": {}, "rejected": 0},
        "examples": {"labelled": 0, "unlabelled": 0},
        "statements": {
            **{"true": 0, "false": 0, "unknown": 0, "masked": 0, "ambiguous": 0},
            "not made": {},
        },
        "via": {},
        "flags": {},
        "golds": {},
        "asks": {"asked": 0, "distinct per chunk": 0},
        "written": {"rows": 0, "left out": {}},
    }
    for path, number in sorted(counts.items()):
        *parents, leaf = path.split("/", 2)
        place = nested
        for parent in parents:
            place = place.setdefault(parent, {})
        if number:
            place[leaf] = number
    rows = nested["rows"]
    accounted = rows["used"] + sum(rows["skipped"].values()) + rows["rejected"]
    if rows["read"] != accounted:
        raise AssertionError(f"{rows['read']} rows read, {accounted} accounted for: {rows}")
    return nested


def manifest_digest(manifest: Tree) -> str:
    """The sha256 of all that a manifest says, apart from its ``digest``, which this is."""
    said = {key: value for key, value in manifest.items() if key != "digest"}
    return sha256(json.dumps(said, sort_keys=True).encode()).hexdigest()


# The flags of an example; with AMBIGUOUS, which is always the last.
NOT_AT_START = "answer-not-at-start"
NOT_IN_TEXT = "answer-not-in-text"
DUPLICATE = "duplicate-choices"
CONFLICT = "conflicting-choices"
SAME_SENTENCE = "conflicting-statements"

UNANSWERABLE = "unanswerable"
HIDDEN = "answer hidden"
EQUAL = "equal to an earlier reference's"
"""Why free text, or one of its references, has no statement: no false one is made up."""

ENCODED = "allenai/unifiedqa encodes it"
NOT_ENCODED = "allenai/unifiedqa leaves it out"

_NONE: frozenset[int] = frozenset()

Drafts = tuple[Sentence | Ask, ...]


class Chunk(NamedTuple):
    """The result of converting a chunk of rows."""

    converted: list[Converted]
    rejects: list[dict[str, Any]]
    """Lines of rejects.jsonl."""
    counts: Counter[str]
    irregular: list[int]
    """Places in ``converted`` of examples whose texts may not be regular (``plain_record``)."""


def convert_chunk(
    adapter: Adapter,
    split: str,
    rows: Iterable[NumberedRow],
    profile: Profile,
    converter: QuestionConverter | None,
    min_confidence: float | None = None,
) -> Chunk:
    """Convert some rows; those that are rejected are in the result too.

    An example with a statement of less confidence than ``min_confidence`` gets none.
    Without a ``converter`` there are only the statements that the dataset has ready. Raises
    QuestionConverterError if the converter returns another number of sentences or an empty one,
    and RowError with the raw record if the adapter raises anything but FieldError or NotAnExample.
    """
    chunk = Chunk([], [], Counter(), [])
    # Each step for all rows, then the next one: 5 % faster than all steps for each row.
    rows = list(rows) if adapter.subjects else rows
    misplaced: dict[int, str] = {}
    named = _examples(adapter, split, rows, profile, chunk, misplaced)
    records = [plain_record(example, profile) for _, _, example in named]
    chunk.converted.extend(
        [
            # The same as Converted(…), which is a Python function, in half the time.
            tuple.__new__(Converted, (name, number, example, record, (), (), (), _NONE, None))
            if record is not None
            else _irregular(name, number, example, profile)
            for (name, number, example), record in zip(named, records, strict=True)
        ]
    )
    if adapter.subjects:
        subjects = {number: getattr(row, "subject", None) for number, _, row in rows}
        chunk.converted[:] = [_of_subject(it, subjects[it.row]) for it in chunk.converted]
    chunk.irregular.extend([place for place, record in enumerate(records) if record is None])
    for place, flag in misplaced.items():
        item = chunk.converted[place]
        chunk.converted[place] = item._replace(flags=(flag, *item.flags))
    _add_statements(profile, converter, chunk)
    if min_confidence is not None:
        _leave_out_doubted(chunk, min_confidence)
    count(chunk)
    return chunk


def _of_subject(item: Converted, subject: str | None) -> Converted:
    """With its subject, and with an id that stays unique where each subject is a file."""
    split, _, number = item.id.rpartition("-")
    return item._replace(id=f"{split}-{subject}-{number}", subject=subject)


_Named = tuple[str, int, Example]
"""An id, the row's number and the example."""


def _examples(
    adapter: Adapter,
    split: str,
    rows: Iterable[NumberedRow],
    profile: Profile,
    chunk: Chunk,
    misplaced: dict[int, str],
) -> list[_Named]:
    """The rows' examples in order; rows without one are added to the chunk's counts or rejects.

    ``misplaced`` gets the flag of each example with an answer that is not where its row says.
    """
    named: list[_Named] = []
    prefix = f"{adapter.name}-{split}-"
    # A plain profile arranges few examples: not to call ``arrange`` for the others saves 3 %.
    unarranged = len(profile.letters) if profile.plain else -1
    own = profile.own
    read = used = 0
    for number, raw, row in rows:
        read += 1
        if isinstance(row, (RowError, Skipped)):
            _leave_out(chunk, raw, row)
            continue
        before, name = len(named), f"{prefix}{number}"
        try:
            for example in (
                _published(adapter, number, row, own, chunk)
                if own.template
                else adapter.examples(row)
            ):
                if not (
                    type(example) is MultipleChoice
                    and example.order_matters
                    and len(example.choices) <= unarranged
                ):
                    example = arrange(example, profile)
                named.append((name, number, example))
        except Exception as error:  # noqa: BLE001 (raised again unless it says why)
            del named[before:]
            _leave_out(chunk, raw, why_no_example(adapter, split, number, raw, error))
            continue
        if len(named) == before + 1:
            used += 1
        elif len(named) == before:
            _leave_out(chunk, raw, Skipped("no example in it"))
        else:
            used += 1
            named[before:] = _numbered(named[before:])
        if (quotes := row.quotes()) and (flag := misplaced_in(quotes)):
            misplaced.update(dict.fromkeys(range(before, len(named)), flag))
    chunk.counts["rows/read"] += read
    if used:
        chunk.counts["rows/used"] += used
    return named


def misplaced_in(quotes: Iterable[tuple[str, int, str]]) -> str | None:
    """The flag of a row with an answer that is not where the row says, white space apart.

    Some real ones are beside their place (7 of Quoref's 455 in the file of its test set, each by
    one character), which harms nobody who reads texts: the row is kept, and counted.
    """
    flag = None
    for answer, start, text in quotes:
        if start < 0 or not text.startswith(answer, start):
            if collapse(answer) not in collapse(text):
                return NOT_IN_TEXT
            flag = NOT_AT_START
    return flag


def _published(
    adapter: Adapter, number: int, row: Row, own: Quirk, chunk: Chunk
) -> Iterator[Example]:
    """The examples that UnifiedQA's program made of the row, defects included; others counted."""
    try:
        made = list(adapter.examples(row))
    except NotAnExample as error:
        if error.published is None:
            raise
        chunk.counts[f"examples/added/{ENCODED}"] += 1
        yield error.published
        return
    leaves_out = own.leaves_out or (lambda *_: False)
    kept = [it for place, it in enumerate(made) if not leaves_out(number, place, made)]
    if made and not kept:
        raise NotAnExample(NOT_ENCODED)
    if len(kept) < len(made):
        chunk.counts[f"examples/left out/{NOT_ENCODED}"] += len(made) - len(kept)
    yield from kept


def _numbered(named: list[_Named]) -> list[_Named]:
    """The examples of one row: the second one's id ends in ``.1``, the third one's in ``.2`` …"""
    return [
        (f"{name}.{place}" if place else name, number, example)
        for place, (name, number, example) in enumerate(named)
    ]


def _leave_out(chunk: Chunk, raw: Raw, why: RowError | Skipped) -> None:
    if isinstance(why, Skipped):
        chunk.counts[f"rows/skipped/{why.reason}"] += 1
        return
    chunk.counts["rows/rejected"] += 1
    chunk.rejects.append(
        {"row": why.row, "field": why.field, "reason": why.reason, "raw": row_as_json(raw)}
    )


def _irregular(name: str, number: int, example: Example, profile: Profile) -> Converted:
    """An example without a plain record: its record, and the flags of both."""
    parts = fields(example, profile)
    record = joined(parts, profile)
    flags: tuple[str, ...] = ()
    if _equal(parts.choices):
        conflict = _disputed(parts.choices, labels(example))
        flags = (DUPLICATE, CONFLICT) if conflict else (DUPLICATE,)
    if isinstance(example, FreeText) and example.parts and len(example.answers or ()) > 1:
        flags = (IN_PARTS,)
    if not recovers(example, record, profile):
        flags += (AMBIGUOUS,)
    return Converted(name, number, example, record, (), (), flags)


def _add_statements(profile: Profile, converter: QuestionConverter | None, chunk: Chunk) -> None:
    """Add the statements of the chunk's examples; equal asks are converted once."""
    converted, counts = chunk.converted, chunk.counts
    # Without a converter, asks are counted and not made.
    examples = [item.example for item in converted]
    unanswered = list(map(only_asks, examples)) if converter is None else [0] * len(examples)
    drafts = [(n, draft(examples[n])) for n, asks in enumerate(unanswered) if not asks]
    asks = [entry for _, entries in drafts for entry in entries if isinstance(entry, Ask)]
    answered = answers(converter, asks) if converter is not None else {}
    for place, entries in drafts:
        if entries:
            item = _with_statements(converted[place], entries, answered, profile)
            made = sum(entry in answered or not isinstance(entry, Ask) for entry in entries)
            counts[f"statements/not made/{EQUAL}"] += made - len(item.statements)
            converted[place] = item
    asked = len(asks) + sum(unanswered)
    counts["asks/asked"] += asked
    if converter is None:
        counts["statements/not made/no question converter"] += asked
    for example in examples:
        if isinstance(example, FreeText) and not example.answers:
            reason = HIDDEN if example.answers is None else UNANSWERABLE
            counts[f"statements/not made/{reason}"] += 1
    counts["asks/distinct per chunk"] += len(answered)


def _with_statements(
    item: Converted, entries: Drafts, answered: dict[Ask, Sentence], profile: Profile
) -> Converted:
    example, flags, known = item.example, item.flags, labels(item.example)
    same_choice: AbstractSet[int] = _NONE
    if CONFLICT in flags:
        same_choice = _disputed(fields(example, profile).choices, known)
    statements, same_sentence = _statements(entries, answered, known, same_choice)
    if isinstance(example, FreeText) and len(statements) > 1:
        first = {same_text(it.sentence): it for it in reversed(statements)}
        statements = [it for it in statements if first[same_text(it.sentence)] is it]
    if same_sentence - same_choice:
        others = [flag for flag in flags if flag != AMBIGUOUS]
        flags = (*others, SAME_SENTENCE, *flags[len(others) :])
    declaratives = [declarative_record(s, example.context, profile) for s in statements]
    ambiguous = [
        place
        for place, (statement, record) in enumerate(zip(statements, declaratives, strict=True))
        if not declarative_recovers(statement, example.context, record, profile)
    ]
    return item._replace(
        statements=tuple(statements),
        declaratives=tuple(declaratives),
        flags=flags,
        ambiguous=frozenset(ambiguous),
    )


def _statements(
    entries: Drafts,
    answered: dict[Ask, Sentence],
    known: Sequence[bool | None],
    same_choice: AbstractSet[int],
) -> tuple[list[Statement], AbstractSet[int]]:
    """The statements, and the positions of those with equal sentences and different labels."""
    made = [
        (place, sentence)
        for place, entry in enumerate(entries)
        if (sentence := answered.get(entry) if isinstance(entry, Ask) else entry) is not None
    ]
    texts = [sentence.text for _, sentence in made]
    same: AbstractSet[int] = _NONE
    if _equal(texts):
        disputed = _disputed(texts, [known[place] for place, _ in made])
        same = {made[index][0] for index in disputed}
    statements = [
        Statement(
            sentence=s.text,
            label=known[place],
            choice=place,
            via=s.via,
            confidence=s.confidence,
            masked=place in same_choice or place in same,
        )
        for place, s in made
    ]
    return statements, same


def _leave_out_doubted(chunk: Chunk, least: float) -> None:
    """Leave out the statements of each example of which one is doubted.

    All of them: a single choice left out would tell something about the label.
    """
    for place, item in enumerate(chunk.converted):
        if any(s.confidence is not None and s.confidence < least for s in item.statements):
            chunk.counts[f"statements/not made/confidence below {least:g}"] += len(item.statements)
            chunk.converted[place] = item._replace(
                statements=(), declaratives=(), ambiguous=_NONE, flags=_without_sentences(item)
            )


def _without_sentences(item: Converted) -> tuple[str, ...]:
    return tuple(flag for flag in item.flags if flag != SAME_SENTENCE)


def _equal(texts: Sequence[str]) -> bool:
    """True if two of the texts are the same, white space and case ignored."""
    return len(texts) > 1 and len(set(map(same_text, texts))) < len(texts)


def _disputed(texts: Sequence[str], known: Sequence[bool | None]) -> set[int]:
    """Positions of texts that are in the list more than once, as true and as false."""
    keys = [same_text(text) for text in texts]
    true = {key for key, label in zip(keys, known, strict=True) if label is True}
    false = {key for key, label in zip(keys, known, strict=True) if label is False}
    return {place for place, key in enumerate(keys) if key in true & false}


def count(chunk: Chunk) -> None:
    """Add the chunk's examples, flags and statements to its counts."""
    unlabelled = [item.question.output for item in chunk.converted].count(None)
    chunk.counts["examples/labelled"] += len(chunk.converted) - unlabelled
    chunk.counts["examples/unlabelled"] += unlabelled
    chunk.counts.update(gold_counts([item.example for item in chunk.converted]))
    for item in chunk.converted:
        for flag in item.flags:
            chunk.counts[f"flags/{flag}"] += 1
        if not item.statements:
            continue
        for statement in item.statements:
            label = {True: "true", False: "false", None: "unknown"}[statement.label]
            chunk.counts[f"statements/{label}"] += 1
            chunk.counts[f"via/{statement.via}"] += 1
            chunk.counts["statements/masked"] += statement.masked
        if item.ambiguous:
            chunk.counts["statements/ambiguous"] += len(item.ambiguous)
