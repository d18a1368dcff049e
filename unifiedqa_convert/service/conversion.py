"""Raw rows → what `uqa convert` makes of them, with the service's shared question converter.

Rows are converted twice by the same function: once to hear what must be asked, and once with the
answers. So the statements of many clients' rows are made in common batches, and the result is the
command line's by construction.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from unifiedqa_convert.chunk import Chunk, convert_chunk
from unifiedqa_convert.counts import tree
from unifiedqa_convert.declare import Ask, QuestionConverter, Sentence
from unifiedqa_convert.profiles import Profile
from unifiedqa_convert.rows import row_of
from unifiedqa_convert.schema import Adapter
from unifiedqa_convert.service.items import Entry
from unifiedqa_convert.service.problems import item_problem
from unifiedqa_convert.table import as_rows


class Rows(NamedTuple):
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


def asks_of(rows: Rows) -> list[list[Ask]]:
    """What each row needs to have asked; nothing for a row that is rejected."""
    heard: list[list[Ask]] = []
    for number in range(len(rows.raw)):
        listener = _Listener()
        _convert(rows, number, listener)
        heard.append(listener.asks)
    return heard


def convert_rows(
    rows: Rows, asks: Sequence[Sequence[Ask]] | None, answers: Mapping[Ask, Sentence | Entry]
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


def _convert(rows: Rows, number: int, converter: QuestionConverter | None) -> Chunk:
    raw = rows.raw[number]
    numbered = row_of(rows.adapter, rows.split, rows.first + number, raw)
    return convert_chunk(rows.adapter, rows.split, [numbered], rows.profile, converter)


def _entry(rows: Rows, number: int, chunk: Chunk) -> Entry:
    if chunk.rejects:
        reject = chunk.rejects[0]
        return item_problem("invalid", number, reject["field"], reject["reason"])
    skipped = next((path for path in chunk.counts if path.startswith("rows/skipped/")), None)
    return {
        "row": rows.first + number,
        "examples": list(as_rows(chunk.converted, "both")),
        **({"skipped": skipped.removeprefix("rows/skipped/")} if skipped else {}),
    }
