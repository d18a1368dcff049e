"""Rows → examples → statements → records, a chunk at a time. Every row is counted somewhere.

rows read = rows used + rows skipped by a named reason + rows rejected;
examples = labelled + unlabelled; statements = true + false + unknown.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from unifiedqa_convert.errors import RowError
from unifiedqa_convert.question_converters.base import Ask, QuestionConverter, Sentence
from unifiedqa_convert.question_converters.drafts import draft, labels, only_asks
from unifiedqa_convert.question_converters.select import answers
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
from unifiedqa_convert.rows.shapes import NumberedRow, Skipped
from unifiedqa_convert.rows.typed_rows import row_as_json, wrong_field
from unifiedqa_convert.schema import (
    AMBIGUOUS,
    Adapter,
    Converted,
    Example,
    FieldError,
    NotAnExample,
    Record,
    Statement,
)

# What became of every row, as the manifest says it, and the sums that must hold.

Tree = dict[str, Any]


def tree(counts: Counter[str]) -> Tree:
    """Counts by path (``rows/skipped/<reason>``) → the manifest's nested form, nothing left out.

    Raises AssertionError where the sums do not hold: a row got lost, which is a bug of ours.
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
        "asks": {"asked": 0, "distinct per chunk": 0},
        "written": {"rows": 0, "left out": {}},
    }
    for path, number in sorted(counts.items()):
        *parents, leaf = path.split("/", 2)
        place = nested
        for parent in parents:
            place = place[parent]
        if number:
            place[leaf] = number
    rows = nested["rows"]
    accounted = rows["used"] + sum(rows["skipped"].values()) + rows["rejected"]
    if rows["read"] != accounted:
        raise AssertionError(f"{rows['read']} rows read, {accounted} accounted for: {rows}")
    return nested


DUPLICATE = "duplicate-choices"
CONFLICT = "conflicting-choices"
SAME_SENTENCE = "conflicting-statements"

_NONE: frozenset[int] = frozenset()

Drafts = tuple[Sentence | Ask, ...]


class Chunk(NamedTuple):
    """What a chunk of rows became."""

    converted: list[Converted]
    rejects: list[dict[str, Any]]
    """Lines of rejects.jsonl."""
    counts: Counter[str]


_Placed = tuple[int, int, Example]
"""A row's number, which of its examples, and the example."""


def convert_chunk(
    adapter: Adapter,
    split: str,
    rows: Iterable[NumberedRow],
    profile: Profile,
    converter: QuestionConverter | None,
) -> Chunk:
    """Convert some rows; rejected ones are returned beside what the others became."""
    chunk = Chunk([], [], Counter())
    placed = _examples(adapter, split, rows, profile, chunk)
    drafts, unasked = _drafts([example for _, _, example in placed], converter)
    answered = _answers(drafts, converter)
    prefix = f"{adapter.name}-{split}-"
    for (row, place, example), entries in zip(placed, drafts, strict=True):
        name = f"{prefix}{row}.{place}" if place else f"{prefix}{row}"
        chunk.converted.append(_converted(name, row, example, entries, answered, profile))
    count(chunk)
    asked = unasked + sum(isinstance(entry, Ask) for entries in drafts for entry in entries)
    chunk.counts["asks/asked"] += asked
    if converter is None:
        chunk.counts["statements/not made/no question converter"] += asked
    chunk.counts["asks/distinct per chunk"] += len(answered)
    return chunk


def _examples(
    adapter: Adapter, split: str, rows: Iterable[NumberedRow], profile: Profile, chunk: Chunk
) -> list[_Placed]:
    """What the rows mean, in order; what they come to otherwise goes into the chunk."""
    placed: list[_Placed] = []
    read = used = 0
    for numbered in rows:
        read += 1
        number, _, row = numbered
        # The row comes last: for a pydantic class isinstance is slow unless it is the very class.
        if isinstance(row, RowError):
            _reject(chunk, numbered, row)
            continue
        if isinstance(row, Skipped):
            chunk.counts[f"rows/skipped/{row.reason}"] += 1
            continue
        before = len(placed)
        try:
            for place, example in enumerate(adapter.examples(row)):
                placed.append((number, place, arrange(example, profile)))
        except NotAnExample as error:
            del placed[before:]
            chunk.counts[f"rows/skipped/{error.reason}"] += 1
        except FieldError as error:
            del placed[before:]
            field, reason = wrong_field(error, type(row))
            _reject(chunk, numbered, RowError(adapter.name, split, number, field, reason))
        else:
            if len(placed) > before:
                used += 1
            else:
                chunk.counts["rows/skipped/no example in it"] += 1
    chunk.counts["rows/read"] += read
    if used:
        chunk.counts["rows/used"] += used
    return placed


def _reject(chunk: Chunk, numbered: NumberedRow, error: RowError) -> None:
    chunk.counts["rows/rejected"] += 1
    chunk.rejects.append(
        {
            "row": error.row,
            "field": error.field,
            "reason": error.reason,
            "raw": row_as_json(numbered.raw),
        }
    )


def _drafts(
    examples: Sequence[Example], converter: QuestionConverter | None
) -> tuple[list[Drafts], int]:
    """What each example says and asks, and how many asks are not worded: nobody would answer."""
    if converter is not None:
        return [draft(example) for example in examples], 0
    asks = [only_asks(example) for example in examples]
    drafts = [() if n else draft(example) for example, n in zip(examples, asks, strict=True)]
    return drafts, sum(asks)


def _answers(drafts: Sequence[Drafts], converter: QuestionConverter | None) -> dict[Ask, Sentence]:
    """Each distinct ask of the chunk, answered once."""
    if converter is None:
        return {}
    return answers(converter, [e for entries in drafts for e in entries if isinstance(e, Ask)])


def _converted(
    name: str,
    row: int,
    example: Example,
    entries: Drafts,
    answered: dict[Ask, Sentence],
    profile: Profile,
) -> Converted:
    record = plain_record(example, profile)
    choices: tuple[str, ...] = ()
    flags: tuple[str, ...] = ()
    if record is None:
        record, choices, flags = _looked_at(example, profile)
    elif not entries:  # and no two choices are equal
        return Converted(name, row, example, record, (), (), ())
    known = labels(example)
    equal = _equal(choices)
    same_choice = _disputed(choices, known) if equal else _NONE
    statements, same_sentence = _statements(entries, answered, known, same_choice)
    told = {
        DUPLICATE: equal,
        CONFLICT: bool(same_choice),
        SAME_SENTENCE: bool(same_sentence - same_choice),
    }
    declaratives = [declarative_record(s, example.context, profile) for s in statements]
    ambiguous = [
        place
        for place, (said, pair) in enumerate(zip(statements, declaratives, strict=True))
        if not declarative_recovers(said, example.context, pair, profile)
    ]
    return Converted(
        name,
        row,
        example,
        record,
        tuple(statements),
        tuple(declaratives),
        tuple(flag for flag, is_so in told.items() if is_so) + flags,
        frozenset(ambiguous),
    )


def _looked_at(
    example: Example, profile: Profile
) -> tuple[Record, tuple[str, ...], tuple[str, ...]]:
    """The record of an example that is not plain, its choices, cleaned, and what to know of it."""
    parts = fields(example, profile)
    record = joined(parts, profile)
    return record, parts.choices, () if recovers(example, record, profile) else (AMBIGUOUS,)


def _statements(
    entries: Drafts,
    answered: dict[Ask, Sentence],
    known: Sequence[bool | None],
    same_choice: AbstractSet[int],
) -> tuple[list[Statement], AbstractSet[int]]:
    """The statements, and the places of those that say the same with another label."""
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
        Statement(s.text, known[place], place, s.via, place in same_choice or place in same)
        for place, s in made
    ]
    return statements, same


def _equal(texts: Sequence[str]) -> bool:
    """Whether two of the texts are the same, white space and case ignored."""
    return len(texts) > 1 and len(set(map(same_text, texts))) < len(texts)


def _disputed(texts: Sequence[str], known: Sequence[bool | None]) -> set[int]:
    """Places of texts that stand in the list twice, once as true and once as false."""
    keys = [same_text(text) for text in texts]
    true = {key for key, label in zip(keys, known, strict=True) if label is True}
    false = {key for key, label in zip(keys, known, strict=True) if label is False}
    return {place for place, key in enumerate(keys) if key in true & false}


def count(chunk: Chunk) -> None:
    """Count what the rows of a chunk became: examples, flags, statements."""
    labelled = sum(item.question.output is not None for item in chunk.converted)
    chunk.counts["examples/labelled"] += labelled
    chunk.counts["examples/unlabelled"] += len(chunk.converted) - labelled
    for item in chunk.converted:
        for flag in item.flags:
            chunk.counts[f"flags/{flag}"] += 1
        for statement in item.statements:
            label = {True: "true", False: "false", None: "unknown"}[statement.label]
            chunk.counts[f"statements/{label}"] += 1
            chunk.counts[f"via/{statement.via}"] += 1
            chunk.counts["statements/masked"] += statement.masked
        if item.ambiguous:
            chunk.counts["statements/ambiguous"] += len(item.ambiguous)
