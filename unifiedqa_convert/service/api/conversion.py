"""Raw rows → what `uqa convert` makes of them, with the service's shared question converter.

Rows are converted twice by the same function: once to hear what must be asked, and once with the
answers. So the statements of many clients' rows are made in common batches, and the result is the
command line's by construction.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from unifiedqa_convert.conversion.chunk import Chunk, convert_chunk, tree
from unifiedqa_convert.question_converters.base import Ask, QuestionConverter, Sentence
from unifiedqa_convert.records.arrow import as_rows
from unifiedqa_convert.records.encode import Parsed, parse, question_record, recovers
from unifiedqa_convert.records.profiles import Profile, collapse
from unifiedqa_convert.rows.typed_rows import row_of
from unifiedqa_convert.schema import Adapter, Example, FreeText, MultipleChoice, Record
from unifiedqa_convert.service.api.items import Entry
from unifiedqa_convert.service.api.schemas import ExampleItem, RecordItem
from unifiedqa_convert.service.problems import item_problem

# Examples written as question records, and records read back.


def encoded(place: int, item: ExampleItem, profile: Profile) -> Entry:
    """The item's record, and whether it reads back; its problem where it contradicts itself."""
    example = _example(item)
    if isinstance(example, tuple):
        return item_problem("invalid", place, *example)
    record = question_record(example, profile)
    return {**record._asdict(), "recovers": recovers(example, record, profile)}


def parsed(item: RecordItem, profile: Profile) -> Entry:
    """What the record says."""
    found: Parsed = parse(Record(item.input, item.output), profile)
    return {
        "question": found.question,
        "choices": list(found.choices),
        "golds": None if found.golds is None else list(found.golds),
        "context": found.context,
        "answer": found.answer,
    }


def _example(item: ExampleItem) -> Example | tuple[str, str]:
    """The example; or the field that is wrong, and why."""
    if not item.choices:
        if item.golds:
            return "golds", "positions of choices, but there are no choices"
        answers = None if item.answer is None else (item.answer,)
        return FreeText(question=item.question, context=item.context, answers=answers)
    count = len(item.choices)
    golds = item.golds
    if golds is not None and (not golds or not all(0 <= gold < count for gold in golds)):
        return "golds", f"positions from 0 to {count - 1}, one at least; null where unknown"
    if item.answer is not None and (
        golds is None or collapse(item.answer) != collapse(item.choices[golds[0]])
    ):
        return "answer", "not the gold's text; a question with choices has golds instead"
    return MultipleChoice(
        question=item.question,
        context=item.context,
        choices=tuple(item.choices),
        golds=None if golds is None else tuple(sorted(set(golds))),
    )


class RowsToConvert(NamedTuple):
    """Rows to convert: ``first`` is the number of the first of them in its split."""

    adapter: Adapter
    split: str
    profile: Profile
    raw: Sequence[Any]
    first: int


class _Listener:
    """Stands where a question converter does, and hears what it would be asked."""

    name = "listener"
    version = "0"

    def __init__(self) -> None:
        self.asks: list[Ask] = []

    def convert(self, asks: Sequence[Ask]) -> list[Sentence]:
        """Remember the asks; the sentences are thrown away."""
        self.asks = list(asks)
        return [Sentence(".", self.name)] * len(asks)


class _Known:
    """A question converter whose answers were had before."""

    def __init__(self, answers: Mapping[Ask, Sentence]) -> None:
        self.name, self.version = "known", "0"
        self._answers = answers

    def convert(self, asks: Sequence[Ask]) -> list[Sentence]:
        """Look them up."""
        return [self._answers[ask] for ask in asks]


def asks_of(rows: RowsToConvert) -> list[list[Ask]]:
    """What each row needs to have asked; nothing for a row that is rejected."""
    heard: list[list[Ask]] = []
    for number in range(len(rows.raw)):
        listener = _Listener()
        _convert(rows, number, listener)
        heard.append(listener.asks)
    return heard


def convert_rows(
    rows: RowsToConvert,
    asks: Sequence[Sequence[Ask]] | None,
    answers: Mapping[Ask, Sentence | Entry],
) -> tuple[list[Entry], dict[str, Any]]:
    """One entry per row, in order, and the counts of the rows that were converted.

    ``asks`` None: no statements but those the dataset has. An answer that is an entry is the
    problem of the rows that asked for it; it gets each row's place.
    """
    entries: list[Entry] = []
    counts: Counter[str] = Counter()
    sentences = {ask: found for ask, found in answers.items() if isinstance(found, Sentence)}
    converter = _Known(sentences) if asks is not None else None
    for number in range(len(rows.raw)):
        failed = [answers[ask] for ask in asks[number] if ask not in sentences] if asks else []
        if failed:
            assert isinstance(failed[0], dict)
            entries.append({"problem": {**failed[0]["problem"], "item": number}})
            continue
        chunk = _convert(rows, number, converter)
        counts.update(chunk.counts)
        entries.append(_entry(rows, number, chunk))
    return entries, tree(counts)


def _convert(rows: RowsToConvert, number: int, converter: QuestionConverter | None) -> Chunk:
    raw = rows.raw[number]
    numbered = row_of(rows.adapter, rows.split, rows.first + number, raw)
    return convert_chunk(rows.adapter, rows.split, [numbered], rows.profile, converter)


def _entry(rows: RowsToConvert, number: int, chunk: Chunk) -> Entry:
    if chunk.rejects:
        reject = chunk.rejects[0]
        return item_problem("invalid", number, reject["field"], reject["reason"])
    skipped = next((path for path in chunk.counts if path.startswith("rows/skipped/")), None)
    return {
        "row": rows.first + number,
        "examples": list(as_rows(chunk.converted, "both")),
        **({"skipped": skipped.removeprefix("rows/skipped/")} if skipped else {}),
    }
