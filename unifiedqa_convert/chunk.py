"""Rows → examples → statements → records, a chunk at a time. Every row is counted somewhere.

rows read = rows used + rows skipped by a named reason + rows rejected;
examples = labelled + unlabelled; statements = true + false + unknown.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from collections.abc import Set as AbstractSet
from typing import Any, NamedTuple

from unifiedqa_convert.declare import Ask, QuestionConverter, Sentence
from unifiedqa_convert.declare.asking import answers
from unifiedqa_convert.declare.draft import draft, labels, only_asks
from unifiedqa_convert.encode import (
    arrange,
    declarative_record,
    declarative_recovers,
    fields_and_record,
    recovers,
    same_text,
    surely_recovers,
)
from unifiedqa_convert.errors import RowError
from unifiedqa_convert.numbered import Numbered, Skipped
from unifiedqa_convert.profiles import Profile
from unifiedqa_convert.rows import as_json, wrong_field
from unifiedqa_convert.schema import (
    AMBIGUOUS,
    Adapter,
    Converted,
    Example,
    FieldError,
    NotAnExample,
    Row,
    Statement,
)

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


class _Placed(NamedTuple):
    id: str
    row: int
    example: Example


def convert_chunk(
    adapter: Adapter,
    split: str,
    rows: Iterable[Numbered],
    profile: Profile,
    converter: QuestionConverter | None,
) -> Chunk:
    """Convert some rows; rejected ones are returned beside what the others became."""
    chunk = Chunk([], [], Counter())
    placed: list[_Placed] = []
    read = 0
    for numbered in rows:
        read += 1
        # The row comes last: for a pydantic class isinstance is slow unless it is the very class.
        if isinstance(numbered.row, RowError):
            _reject(chunk, numbered, numbered.row)
        elif isinstance(numbered.row, Skipped):
            chunk.counts[f"rows/skipped/{numbered.row.reason}"] += 1
        else:
            _use(adapter, split, numbered, numbered.row, profile, placed, chunk)
    chunk.counts["rows/read"] += read
    unasked = 0
    drafts: list[Drafts] = []
    for item in placed:
        asks = only_asks(item.example) if converter is None else 0
        unasked += asks  # nobody will answer them, so they need not be worded
        drafts.append(() if asks else draft(item.example))
    answered = _answers(drafts, converter)
    for item, entries in zip(placed, drafts, strict=True):
        chunk.converted.append(_converted(item, entries, answered, profile))
    count(chunk)
    asked = unasked + sum(isinstance(entry, Ask) for entries in drafts for entry in entries)
    chunk.counts["asks/asked"] += asked
    if converter is None:
        chunk.counts["statements/not made/no question converter"] += asked
    chunk.counts["asks/distinct per chunk"] += len(answered)
    return chunk


def _use(
    adapter: Adapter,
    split: str,
    numbered: Numbered,
    row: Row,
    profile: Profile,
    placed: list[_Placed],
    chunk: Chunk,
) -> None:
    examples: list[Example] = []
    try:
        for example in adapter.examples(row):
            examples.append(arrange(example, profile))
    except NotAnExample as error:
        chunk.counts[f"rows/skipped/{error.reason}"] += 1
        return
    except FieldError as error:
        field, reason = wrong_field(error, type(row))
        _reject(chunk, numbered, RowError(adapter.name, split, numbered.number, field, reason))
        return
    chunk.counts["rows/used" if examples else "rows/skipped/no example in it"] += 1
    for place, example in enumerate(examples):
        suffix = f".{place}" if place else ""
        name = f"{adapter.name}-{split}-{numbered.number}{suffix}"
        placed.append(_Placed(name, numbered.number, example))


def _reject(chunk: Chunk, numbered: Numbered, error: RowError) -> None:
    chunk.counts["rows/rejected"] += 1
    chunk.rejects.append(
        {
            "row": error.row,
            "field": error.field,
            "reason": error.reason,
            "raw": as_json(numbered.raw),
        }
    )


def _answers(drafts: Sequence[Drafts], converter: QuestionConverter | None) -> dict[Ask, Sentence]:
    """Each distinct ask of the chunk, answered once."""
    if converter is None:
        return {}
    return answers(converter, [e for entries in drafts for e in entries if isinstance(e, Ask)])


def _converted(
    item: _Placed, entries: Drafts, answered: dict[Ask, Sentence], profile: Profile
) -> Converted:
    example = item.example
    parts, record = fields_and_record(example, profile)
    flags: tuple[str, ...] = ()
    if not (surely_recovers(parts, record, profile) or recovers(example, record, profile)):
        flags = (AMBIGUOUS,)
    equal = _equal(parts.choices, collapsed=profile.plain)
    if not equal and not entries:
        return Converted(item.id, item.row, example, record, (), (), flags)
    known = labels(example)
    same_choice = _disputed(parts.choices, known) if equal else _NONE
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
        item.id,
        item.row,
        example,
        record,
        tuple(statements),
        tuple(declaratives),
        tuple(flag for flag, is_so in told.items() if is_so) + flags,
        frozenset(ambiguous),
    )


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


def _equal(texts: Sequence[str], *, collapsed: bool = False) -> bool:
    """Whether two of the texts are the same, white space and case ignored.

    Texts whose white space is ``collapsed`` already need their case folded only.
    """
    key = str.casefold if collapsed else same_text
    return len(texts) > 1 and len(set(map(key, texts))) < len(texts)


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
