"""The one door through which Arrow and Parquet files are read, ours and those from elsewhere.

The offsets of a damaged file may point outside of its buffers, and pyarrow follows them: the
process ends without a word, or a text has bytes of something else. So each batch is validated in
full before a value of it is used, and whatever pyarrow raises is a SourceError that names the file.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

from unifiedqa_convert.errors import SourceError

if TYPE_CHECKING:
    import pyarrow as pa

ROWS = 4_096
"""Rows of a Parquet file that are read, and rows of any batch that become Python's, at once."""
FILE = b"ARROW1"
"""How an Arrow file begins; a stream does not."""
_PARQUET = b"PAR1"
_BEFORE_STREAM = 8
"""Bytes of an Arrow file before its schema, with which it goes on as a stream does."""
_END = b"\xff\xff\xff\xff\0\0\0\0"
"""The last bytes of a stream, and of that in a file."""


class RecordBatches(NamedTuple):
    """The content of an Arrow or Parquet file."""

    path: Path
    schema: "pa.Schema"
    batches: "Iterator[pa.RecordBatch]"
    """Validated, in order. Raises SourceError."""
    again: str
    """What helps against a damaged file."""

    def rows(self) -> Iterator[dict[str, Any]]:
        """The rows as Python's values. Raises SourceError."""
        for batch in self.batches:
            with readable(self.path, self.again):  # a year 30,000, an unknown time zone
                yield from batch_rows([batch])


def read_stream(path: Path, again: str) -> RecordBatches:
    """An Arrow stream, mapped into memory; a batch stays valid after the next one is read.

    ``again`` is what helps against a damaged file, such as ``download it again``. Raises
    SourceError here, and where a batch is read.
    """
    with readable(path, again):
        return _of_stream(path, _mapped(path), again)


def read_file(path: Path, again: str) -> RecordBatches:
    """As :func:`read_stream`, of an Arrow file, which has a footer."""
    with readable(path, again):
        return _of_file(path, _mapped(path), again)


def read_parquet(path: Path, again: str) -> RecordBatches:
    """As :func:`read_stream`, of a Parquet file; checksums of its pages count, if it has any."""
    with readable(path, again):
        return _of_parquet(path, str(path), again)


def read_unpacked(path: Path, content: bytes, again: str) -> RecordBatches:
    """As :func:`read_stream`, of any of the three, whose bytes were packed in the file ``path``."""
    with readable(path, again):
        import pyarrow as pa

        if content.startswith(_PARQUET):
            return _of_parquet(path, pa.BufferReader(content), again)
        opened = _of_file if content.startswith(FILE) else _of_stream
        return opened(path, pa.py_buffer(content), again)


def _mapped(path: Path) -> "pa.Buffer":
    import pyarrow as pa

    if not path.stat().st_size:
        raise ValueError("it is empty")
    with pa.memory_map(str(path)) as file:
        return file.read_buffer()  # which keeps the mapping


def _of_stream(path: Path, content: "pa.Buffer", again: str) -> RecordBatches:
    stream, batches = _streamed(content)
    return _validated(path, stream.schema, batches, again)


def _streamed(
    content: "pa.Buffer", *, alone: bool = True
) -> "tuple[Any, Iterator[pa.RecordBatch]]":
    """The reader and its batches; ``alone``: nothing may stand after the stream's end."""
    import pyarrow as pa

    source = pa.BufferReader(content)
    stream = pa.ipc.open_stream(source)

    def batches() -> "Iterator[pa.RecordBatch]":
        yield from stream
        # pyarrow does not miss batches after a cut between two of them, nor see a second stream.
        end = source.tell()
        if content[max(end - len(_END), 0) : end].to_pybytes() != _END:
            raise ValueError("it ends without an end mark, so that batches may be missing")
        if alone and end != content.size:
            raise ValueError(f"{content.size - end:,} bytes stand after the end of the stream")

    return stream, batches()


def _of_file(path: Path, content: "pa.Buffer", again: str) -> RecordBatches:
    import pyarrow as pa

    # The footer may list fewer batches than there are: all are read, and counted.
    footer = pa.ipc.open_file(content)
    stream, streamed = _streamed(content.slice(_BEFORE_STREAM), alone=False)
    if not stream.schema.equals(footer.schema, check_metadata=True):
        raise ValueError("its two schemas differ")

    def batches() -> "Iterator[pa.RecordBatch]":
        number = 0
        for batch in streamed:
            yield batch
            number += 1
        if number != footer.num_record_batches:
            raise ValueError(f"{number} record batches; its footer has {footer.num_record_batches}")

    return _validated(path, footer.schema, batches(), again)


def _of_parquet(path: Path, source: Any, again: str) -> RecordBatches:
    import pyarrow.parquet as pq

    file = pq.ParquetFile(source, page_checksum_verification=True)

    def batches() -> "Iterator[pa.RecordBatch]":
        # No column's metadata: a damaged one ends the process there, but not where it is read.
        groups = range(file.num_row_groups)
        rows = sum(file.metadata.row_group(number).num_rows for number in groups)
        if rows != file.metadata.num_rows:
            raise ValueError(f"{file.metadata.num_rows:,} rows, but {rows:,} in its row groups")
        for batch in file.iter_batches(ROWS):
            rows -= batch.num_rows
            yield batch
        if rows:
            raise ValueError(f"{abs(rows):,} rows too {'few' if rows > 0 else 'many'}")

    return _validated(path, file.schema_arrow, batches(), again)


def _validated(
    path: Path, schema: "pa.Schema", found: "Iterator[pa.RecordBatch]", again: str
) -> RecordBatches:
    most = 8 * path.stat().st_size

    def checked() -> "Iterator[pa.RecordBatch]":
        number, rows = 0, 0
        while True:
            with readable(path, again, f"record batch {number}, from row {rows}: "):
                batch = next(found, None)
                if batch is None:
                    return
                batch.validate(full=True)
                for field, column in zip(schema, batch.columns, strict=True):
                    _check_nulls(field, column)
                if batch.num_rows > most:
                    raise ValueError(f"{batch.num_rows:,} rows in {most // 8:,} bytes")
            yield batch
            number, rows = number + 1, rows + batch.num_rows

    return RecordBatches(path, schema, checked(), again)


def _check_nulls(field: "pa.Field", column: "pa.Array") -> None:
    """ValueError for a null where the schema allows none, which ``validate`` does not look at."""
    import pyarrow as pa

    if not field.nullable and column.null_count:
        raise ValueError(f"nulls in {field.name}, which has none by the schema")
    if pa.types.is_list(field.type):
        _check_nulls(field.type.value_field, column.flatten())
    elif pa.types.is_struct(field.type) and not column.null_count:
        for place, child in enumerate(field.type):
            _check_nulls(child, column.field(place))


def batch_rows(batches: "Iterable[pa.RecordBatch]") -> Iterator[dict[str, Any]]:
    """The rows of validated batches; a few at a time, so that a large batch takes no more."""
    for batch in batches:
        for start in range(0, batch.num_rows, ROWS):
            yield from batch.slice(start, ROWS).to_pylist()


@contextmanager
def readable(path: Path, again: str, place: str = "") -> Iterator[None]:
    """What pyarrow raises for a damaged file, as SourceError."""
    import pyarrow as pa

    damaged = (pa.ArrowException, OSError, SystemError, ValueError, OverflowError, MemoryError)
    try:
        yield
    except (*damaged, LookupError, TypeError, NotImplementedError, RecursionError) as error:
        reason = " ".join(str(error).split()) or type(error).__name__
        reason = "".join(it if it.isprintable() else "\ufffd" for it in reason)  # bytes of the file
        raise SourceError(
            f"{path}: not Parquet or Arrow, or damaged: {place}{reason}; {again}"
        ) from None
