"""Raw rows → the output of `uqa convert`, with the service's shared question converter.

Rows are converted twice by the same function as in `uqa convert`: first to collect the questions,
then with their answers. So the questions of many requests go to the model in common batches, and
the output is the command line's.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from unifiedqa_convert.conversion.chunk import Chunk, convert_chunk, tree
from unifiedqa_convert.question_converters.base import Ask, QuestionConverter, Sentence
from unifiedqa_convert.records.arrow import as_rows
from unifiedqa_convert.records.converted import Record
from unifiedqa_convert.records.encode import Parsed, parse, question_record, recovers
from unifiedqa_convert.records.profiles import Profile
from unifiedqa_convert.rows.typed_rows import row_of
from unifiedqa_convert.schema import Adapter, Example, FreeText, MultipleChoice, collapse
from unifiedqa_convert.service.api.items import Entry
from unifiedqa_convert.service.api.schemas import ExampleItem, RecordItem
from unifiedqa_convert.service.problems import item_problem


def encode_item(index: int, item: ExampleItem, profile: Profile) -> Entry:
    """The item's record, and whether it can be parsed back; a problem if the item is invalid."""
    example = _example(item)
    if isinstance(example, tuple):
        return item_problem("invalid", index, *example)
    record = question_record(example, profile)
    return {**record._asdict(), "recovers": recovers(example, record, profile)}


def parse_item(item: RecordItem, profile: Profile) -> Entry:
    """The question, choices, golds, context and answer of a record."""
    found: Parsed = parse(Record(item.input, item.output), profile)
    return {
        "question": found.question,
        "choices": list(found.choices),
        "golds": None if found.golds is None else list(found.golds),
        "context": found.context,
        "answer": found.answer,
    }


def _example(item: ExampleItem) -> Example | tuple[str, str]:
    """The example, or the invalid field and what is wrong with it."""
    if not item.choices:
        if item.golds:
            return "golds", "golds are positions of choices, but there are no choices"
        return _free_text(item)
    if item.answers is not None:
        return "answers", "answers are those of a question without choices; give golds instead"
    count = len(item.choices)
    golds = item.golds
    if golds is not None and (not golds or not all(0 <= gold < count for gold in golds)):
        return (
            "golds",
            f"golds must be positions from 0 to {count - 1}, at least one; null if unknown",
        )
    if item.answer is not None and (
        golds is None or collapse(item.answer) != collapse(item.choices[golds[0]])
    ):
        return "answer", "the answer is not the text of the gold choice; give golds instead"
    return MultipleChoice(
        question=item.question,
        context=item.context,
        choices=tuple(item.choices),
        golds=None if golds is None else tuple(sorted(set(golds))),
    )


def _free_text(item: ExampleItem) -> FreeText | tuple[str, str]:
    """Free text with its references, or the invalid field and what is wrong with it."""
    if item.answer is not None and item.answers is not None:
        return "answers", "answer and answers are given; give one of them"
    answers = item.answers if item.answer is None else [item.answer]
    if answers and not all(map(collapse, answers)):
        field = "answers" if item.answer is None else "answer"
        return field, "an answer without text; [] for answers is an unanswerable question"
    return FreeText(
        question=item.question,
        context=item.context,
        answers=None if answers is None else tuple(dict.fromkeys(answers)),
    )


class RowsToConvert(NamedTuple):
    """Rows to convert; ``first`` is the first one's row number in its split."""

    adapter: Adapter
    split: str
    profile: Profile
    raw: Sequence[Any]
    first: int


class _AskCollector:
    """A question converter that only collects the asks."""

    name = "collector"
    version = "0"

    def __init__(self) -> None:
        self.asks: list[Ask] = []

    def convert(self, asks: Sequence[Ask]) -> list[Sentence]:
        """Keep the asks; the caller discards the sentences."""
        self.asks = list(asks)
        return [Sentence(".", self.name)] * len(asks)


class _PreparedAnswers:
    """A question converter whose answers are known already."""

    def __init__(self, answers: Mapping[Ask, Sentence]) -> None:
        self.name, self.version = "prepared", "0"
        self._answers = answers

    def convert(self, asks: Sequence[Ask]) -> list[Sentence]:
        """Look up the sentence of each ask."""
        return [self._answers[ask] for ask in asks]


def collect_asks(rows: RowsToConvert) -> list[list[Ask]]:
    """The asks of each row; none for a row that is rejected."""
    collected: list[list[Ask]] = []
    for number in range(len(rows.raw)):
        collector = _AskCollector()
        _convert(rows, number, collector)
        collected.append(collector.asks)
    return collected


def convert_rows(
    rows: RowsToConvert,
    asks: Sequence[Sequence[Ask]] | None,
    answers: Mapping[Ask, Sentence | Entry],
) -> tuple[list[Entry], dict[str, Any]]:
    """One entry per row, in order, and the counts of the rows that were converted.

    ``asks`` None: only the statements that need no question converter. An answer that is an entry
    is a problem: it becomes the entry of each row that needed this answer.
    """
    entries: list[Entry] = []
    counts: Counter[str] = Counter()
    sentences = {ask: one for ask, one in answers.items() if isinstance(one, Sentence)}
    converter = _PreparedAnswers(sentences) if asks is not None else None
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
        "examples": list(as_rows(chunk.converted, "both", rows.profile)),
        **({"skipped": skipped.removeprefix("rows/skipped/")} if skipped else {}),
    }
