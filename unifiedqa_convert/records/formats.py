"""The output formats, each declared once in ``FORMATS``.

To add one, add its name to ``Format`` and an ``OutputFormat`` to ``FORMATS``: `uqa convert --to`,
the manifest, the summary, `uqa check` and the tests read them. Importing this module does not load
pyarrow.
"""

import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from os import SEEK_CUR
from pathlib import Path
from typing import IO, TYPE_CHECKING, Any, Literal, NamedTuple, Protocol

import orjson

from unifiedqa_convert.arrow_files import read_parquet, read_stream
from unifiedqa_convert.records.arrow import RecordRows, arrow_schema, column, record_batch
from unifiedqa_convert.records.converted import Converted
from unifiedqa_convert.records.encode import each_choice, outputs
from unifiedqa_convert.records.profiles import Recipe, Records, profile_named
from unifiedqa_convert.schema import FreeText

if TYPE_CHECKING:
    import pyarrow as pa

Format = Literal["arrow", "parquet", "jsonl", "tsv", "vera"]
Rows = Sequence[dict[str, Any]]
Facts = dict[str, Any]

WRITTEN = "written/rows"
_AGAIN = "convert it again"
_BUFFER = 1 << 16
LONGEST_ITEM = 2**26
"""Maximum bytes of one item of a JSON array; a group of statements is far smaller."""


class Writer(Protocol):
    """Writes rows of ``arrow.as_rows`` to an open file, which it does not close."""

    def write(self, rows: Rows) -> Counter[str]:
        """Write rows; returns the counts ``written/…``."""
        ...

    def close(self) -> None:
        """Write what the format has at its end."""
        ...


class BatchWriter:
    """An Arrow IPC stream (a record batch per write) or Parquet (a row group per write)."""

    def __init__(self, schema: "pa.Schema", sink: Any) -> None:
        """``sink`` is pyarrow's writer: it has ``write_batch`` and ``close``."""
        self._schema, self._sink = schema, sink

    def write(self, rows: Rows) -> Counter[str]:
        """Write one batch."""
        self._sink.write_batch(record_batch(rows, self._schema))
        return Counter({WRITTEN: len(rows)})

    def close(self) -> None:
        """Write the end-of-stream mark, or the footer."""
        self._sink.close()


def _arrow_writer(file: IO[bytes], records: Records, facts: Facts) -> BatchWriter:
    # A stream, which ``datasets.Dataset.from_file`` maps into memory.
    import pyarrow as pa

    schema = arrow_schema(records, facts)
    return BatchWriter(schema, pa.ipc.new_stream(file, schema))


def _parquet_writer(file: IO[bytes], records: Records, facts: Facts) -> BatchWriter:
    import pyarrow.parquet as pq

    schema = arrow_schema(records, facts)
    return BatchWriter(schema, pq.ParquetWriter(file, schema, compression="zstd"))


class JsonLinesWriter:
    """One JSON object per line, UTF-8, keys in the schema's order."""

    def __init__(self, file: IO[bytes], _records: Records, _facts: Facts) -> None:
        self._file = file

    def write(self, rows: Rows) -> Counter[str]:
        """Write one line per row."""
        self._file.writelines(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE) for row in rows)
        return Counter({WRITTEN: len(rows)})

    def close(self) -> None:
        """Nothing to write."""


class TsvWriter:
    """UnifiedQA's TSV: input, tab, output; ``-`` if there is no output.

    Some published files have spaces around the tab; the profile states which.
    """

    def __init__(self, file: IO[bytes], _records: Records, facts: Facts) -> None:
        self._file = file
        self._profile = profile_named(facts["profile"]).of(facts["dataset"])
        self._before = ""
        """The output of the line before."""

    def write(self, rows: Rows) -> Counter[str]:
        """Write one line per record. Apart from published forms that leave line ends and tabs as
        they are, records have none: white space is collapsed.
        """
        own = self._profile.own
        end = f"{own.end}\n"
        lines = [
            f"{text}{own.tab}{own.unlabelled if answer is None else answer}{end}"
            for text, answer in self._records(rows)
        ]
        self._file.write("".join(lines).encode())
        return Counter({WRITTEN: len(rows)})

    def _records(self, rows: Rows) -> Iterable[tuple[str, str | None]]:
        """One record per row; per choice, or reference, if the published file has a line each."""
        own = self._profile.own
        if own.template and isinstance(rows, RecordRows) and rows.converted:
            return self._published(rows.converted)
        if not own.each_choice or (rows and "choices" not in rows[0]):
            return zip(column(rows, "input"), column(rows, "output"), strict=True)
        return [
            record
            for row in rows
            for record in each_choice(row["question"], row["choices"], row["golds"], self._profile)
        ]

    def _published(self, converted: Iterable[Converted]) -> Iterator[tuple[str, str | None]]:
        for item in converted:
            said = getattr(item.example, "published", None)
            for output in outputs(item, self._profile):
                if said is not None and said.appended and output is not None:
                    output = self._before + output
                self._before = output or ""
                yield item.question.input, output

    def close(self) -> None:
        """Nothing to write."""


class VeraWriter:
    """Upstream Vera's JSON: a list of golds and distractors, context before the sentence."""

    def __init__(self, file: IO[bytes], _records: Records, facts: Facts) -> None:
        self._file = file
        self._separator = b"[\n"
        self._clean = profile_named(facts["profile"]).of(facts["dataset"]).clean

    def write(self, rows: Rows) -> Counter[str]:
        """Write one object per example that has a labelled statement that is not masked.

        Of free text one per reference: upstream's reader takes the first gold of a group only.
        """
        written = 0
        for row in rows:
            if (group := vera_group(row, self._clean)) is None:
                continue
            written += 1
            whole = [group]
            if row["kind"] == FreeText.kind:
                whole = [{"golds": [gold], "distractors": []} for gold in group["golds"]]
            for one in whole:
                self._file.write(self._separator + orjson.dumps(one, option=orjson.OPT_INDENT_2))
                self._separator = b",\n"
        left_out = {"written/left out/no statement with a label": len(rows) - written}
        return Counter({WRITTEN: written, **left_out})

    def close(self) -> None:
        """Write the closing bracket; an empty list if there was no group."""
        self._file.write(b"[]\n" if self._separator == b"[\n" else b"\n]\n")


def vera_group(row: dict[str, Any], clean: Callable[[str], str]) -> dict[str, list[str]] | None:
    """Golds and distractors of one example; None if all statements are unlabelled or masked."""
    context = clean(row["context"]).strip() if row["context"] else ""
    prefix = f"{context} " if context else ""
    usable = [s for s in row["statements"] if s["label"] is not None and not s["masked"]]
    if not usable:
        return None
    return {
        "golds": [prefix + s["sentence"] for s in usable if s["label"]],
        "distractors": [prefix + s["sentence"] for s in usable if not s["label"]],
    }


class Stored(NamedTuple):
    """The content of an output file."""

    schema: "pa.Schema | None"
    """The schema in the file; None if the format has none."""
    entries: Iterator[Any]
    """Rows, pairs or groups, in order; ValueError or SourceError if one can't be read."""


def _read_arrow(path: Path) -> Stored:
    found = read_stream(path, _AGAIN)
    return Stored(found.schema, found.rows())


def _read_parquet(path: Path) -> Stored:
    found = read_parquet(path, _AGAIN)
    return Stored(found.schema, found.rows())


def _read_json_lines(path: Path) -> Stored:
    return Stored(None, json_lines(path))


def json_lines(path: Path) -> Iterator[dict[str, Any]]:
    """The object of each line; ValueError if a line is not JSON, TypeError if it is no object."""
    with path.open("rb") as file:
        for line in file:
            row = orjson.loads(line)
            if not isinstance(row, dict):
                raise TypeError(f"a {type(row).__name__}, not an object")
            yield row


def _read_tsv(path: Path) -> Stored:
    return Stored(None, _tsv_pairs(path))


def _tsv_pairs(path: Path) -> Iterator[dict[str, Any]]:
    with path.open("rb") as file:
        for line in file:
            question, output = line.decode().removesuffix("\n").split("\t")
            yield {"input": question, "output": output.strip()}


def _read_vera(path: Path) -> Stored:
    return Stored(None, json_items(path))


class NotAList(ValueError):
    """The JSON document is not an array."""


def json_items(path: Path) -> Iterator[Any]:
    """The items of a JSON array, one at a time, so that only one is in memory.

    Raises NotAList for another JSON document, ValueError if it is not JSON.
    """
    # The parser in Python: the one in C writes "?" for half a surrogate pair. Events instead of
    # ijson.items: it builds the path to each of them, which deep nesting makes quadratic.
    from ijson.backends import python as ijson
    from ijson.common import JSONError, ObjectBuilder

    with path.open("rb") as file:
        file.seek(len(BOM_UTF8) if file.read(len(BOM_UTF8)) == BOM_UTF8 else 0)
        while (first := file.read(1)).isspace():
            pass
        if not first:
            return
        if first != b"[":
            raise NotAList(f"it begins with {first.decode(errors='replace')!r}")
        file.seek(-1, SEEK_CUR)
        try:
            events = ijson.basic_parse(file, use_float=True, buf_size=_BUFFER)
            next(events)
            depth, begin, item = 0, 0, ObjectBuilder()
            for event, value in events:
                if not depth and event == "end_array":
                    continue  # the end of the list itself; the parser refuses any text after it
                if not depth:
                    begin, item = file.tell(), ObjectBuilder()
                item.event(event, value)
                depth += event.startswith("start_") - event.startswith("end_")
                if file.tell() - begin > LONGEST_ITEM:
                    raise ValueError(f"an item of more than {LONGEST_ITEM:,} bytes")
                if not depth:
                    yield item.value
        except JSONError as error:
            raise ValueError(str(error)) from error


@dataclass(frozen=True)
class OutputFormat:
    """The properties of one output format."""

    suffix: str
    """Suffix of a shard's file, without the dot."""
    content: Literal["rows", "pairs", "groups"]
    """What a file consists of: rows of the schema, pairs of input and output, or Vera's groups of
    golds and distractors. It decides what `uqa check` can count again."""
    records: tuple[Records, ...]
    """The kinds of records that it can have, the default first."""
    unit: Literal["row", "line", "group"]
    """What `uqa check` numbers: rows count from 0, lines and groups from 1."""
    writer: Callable[[IO[bytes], Records, Facts], Writer]
    """Made of the file, the kind of records and the job's facts (dataset, profile …)."""
    read: Callable[[Path], Stored]
    opener: str
    """The Python expression that opens the output; ``{first}`` is its first file, ``{folder}`` its
    folder."""
    opener_of_several: str = ""
    """The expression for several shards; if empty, ``opener`` is used."""
    recipes: tuple[Recipe, ...] = ("clean", "vera")
    in_batches: bool = False
    """True if a reader reads the rows of one ``write`` together (a record batch, a row group)."""
    dataset_card: bool = False
    """True if README.md is written too; the hub and ``load_dataset(folder)`` read it."""
    trains: bool = False
    """True if `uqa train` reads it; the summary then shows the command."""


FORMATS: dict[Format, OutputFormat] = {
    "arrow": OutputFormat(
        suffix="arrow",
        content="rows",
        records=("both", "question", "declarative"),
        unit="row",
        writer=_arrow_writer,
        read=_read_arrow,
        opener='datasets.Dataset.from_file("{first}")',  # maps it into memory; copies nothing
        opener_of_several='datasets.load_dataset("arrow", data_files="{folder}/*.arrow")',
        in_batches=True,
        trains=True,
    ),
    "parquet": OutputFormat(
        suffix="parquet",
        content="rows",
        records=("both", "question", "declarative"),
        unit="row",
        writer=_parquet_writer,
        read=_read_parquet,
        opener='datasets.load_dataset("parquet", data_files="{folder}/*.parquet")',
        in_batches=True,
        dataset_card=True,
        trains=True,
    ),
    "jsonl": OutputFormat(
        suffix="jsonl",
        content="rows",
        records=("both", "question", "declarative"),
        unit="line",
        writer=JsonLinesWriter,
        read=_read_json_lines,
        opener='pandas.read_json("{first}", lines=True, dtype=False)',  # "4" remains text
    ),
    "tsv": OutputFormat(
        suffix="tsv",
        content="pairs",
        records=("question", "declarative"),
        unit="line",
        writer=TsvWriter,
        read=_read_tsv,
        opener='pandas.read_csv("{first}", sep="\\t", names=["input", "output"], quoting=3, '
        "dtype=str, keep_default_na=False)",  # "None" too
    ),
    "vera": OutputFormat(
        suffix="json",
        content="groups",
        records=("question",),
        unit="group",
        writer=VeraWriter,
        read=_read_vera,
        opener='json.load(open("{first}"))',
    ),
}


def is_data(name: str) -> bool:
    """True if a file name has the suffix of an output format."""
    return name.rpartition(".")[2] in {form.suffix for form in FORMATS.values()}


def is_shard(name: str) -> bool:
    """True if a file name is that of a shard, such as ``data-00000.arrow``."""
    return re.fullmatch(r"data-\d+\.\w+", name) is not None and is_data(name)
