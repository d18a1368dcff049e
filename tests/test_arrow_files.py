"""Damaged Arrow and Parquet files: the rows that were written, or one line that names the file.

What no reader can see is a letter of a text that is another one now; rows are never fewer or more.
"""

import io
import random
from collections import Counter
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from unifiedqa_convert import arrow_files
from unifiedqa_convert.arrow_files import RecordBatches
from unifiedqa_convert.errors import SourceError

RUNS = 1_000
N = 12
TABLE = pa.table(
    {
        "question": [f"Why is the café {n} closed?" for n in range(N)],
        "choices": [["rain", "night"], [], None] * (N // 3),
        "label": [0, 1, None] * (N // 3),
        "more": [{"a": "x", "b": [1, 2]}, None, {"a": None, "b": None}] * (N // 3),
        "kind": pa.array(["aa", "bb", "aa"] * (N // 3)).dictionary_encode(),
        "long": pa.array(["u", "v", None] * (N // 3), pa.large_string()),
        "when": pa.array([n * 10**15 for n in range(N)], pa.timestamp("us", tz="Europe/Berlin")),
        "right": [True, False, None] * (N // 3),
    }
)
UNION = pa.UnionArray.from_dense(
    pa.array([0, 1, 0] * (N // 3), pa.int8()),
    pa.array([at for n in range(N // 3) for at in (2 * n, n, 2 * n + 1)], pa.int32()),
    [pa.array(["a", "b"] * (N // 3)), pa.array([1] * (N // 3))],
)
VIEW = pa.array(["longer than a view has room for", "v", None] * (N // 3)).cast(pa.string_view())
WIDE = TABLE.append_column("union", UNION).append_column("view", VIEW)  # which Parquet has not


def written(form: str) -> bytes:
    sink = io.BytesIO()
    kind, _, packing = form.partition("-")
    if kind == "parquet":
        sums = packing == "zstd"
        pq.write_table(TABLE, sink, compression=packing, row_group_size=5, write_page_checksum=sums)
        return sink.getvalue()
    new = pa.ipc.new_stream if kind == "stream" else pa.ipc.new_file
    options = pa.ipc.IpcWriteOptions(compression=packing or None)
    with new(sink, WIDE.schema, options=options) as out:
        out.write_table(WIDE, max_chunksize=5)
    return sink.getvalue()


def opened(path: Path, form: str) -> RecordBatches:
    kind = form.partition("-")[0]
    read = {"parquet": arrow_files.read_parquet, "stream": arrow_files.read_stream}
    return read.get(kind, arrow_files.read_file)(path, "fetch it again")


def damaged(content: bytes, draw: random.Random) -> bytes:
    """One to four bits flipped, a cut, blocks exchanged or zeroed, a tail twice."""
    made, size = bytearray(content), len(content)
    match draw.choice(["flip", "flip", "flip", "cut", "swap", "zero", "ones", "tail"]):
        case "flip":
            for _ in range(draw.choice([1, 1, 2, 4])):
                made[draw.randrange(size)] ^= 1 << draw.randrange(8)
        case "cut":
            del made[draw.randrange(size) :]
        case "swap":
            span = draw.choice([4, 8, 64, 256])
            one, two = sorted(draw.randrange((size - span) // 4) * 4 for _ in range(2))
            if two - one >= span:
                here, there = made[one : one + span], made[two : two + span]
                made[one : one + span], made[two : two + span] = there, here
        case "zero" | "ones" as kind:
            at, span = draw.randrange(size), draw.choice([1, 8, 64])
            length = len(made[at : at + span])
            made[at : at + span] = bytes(length) if kind == "zero" else b"\xff" * length
        case "tail":
            made += made[draw.randrange(size) :]
    return bytes(made)


def rows_of(path: Path, form: str) -> list[str] | SourceError:
    try:
        return [repr(row) for row in opened(path, form).rows()]
    except SourceError as error:
        return error


@pytest.mark.parametrize(
    "form", ["stream", "file", "file-zstd", "parquet-none", "parquet-snappy", "parquet-zstd"]
)
def test_a_damaged_file_is_refused_or_has_all_its_rows(tmp_path: Path, form: str) -> None:
    content, path = written(form), tmp_path / "rows"
    path.write_bytes(content)
    whole = rows_of(path, form)
    assert isinstance(whole, list)
    found: Counter[str] = Counter()
    for seed in range(RUNS):
        path.unlink()  # an open mapping keeps the last one
        path.write_bytes(damaged(content, random.Random(f"{form} {seed}")))
        rows = rows_of(path, form)
        if isinstance(rows, list):
            assert len(rows) == N
            found["equal" if rows == whole else "a value differs"] += 1
        else:
            assert str(rows).startswith(f"{path}: not Parquet or Arrow, or damaged: ")
            assert str(rows).endswith("; fetch it again")
            assert str(rows).isprintable()
            found["refused"] += 1
    assert found["refused"] > RUNS / 3, found
    if form in ("parquet-zstd", "file-zstd"):  # whose pages have checksums, or tell by themselves
        assert found["a value differs"] < RUNS / 50, found


def ipc(schema: pa.Schema, batches: list[pa.RecordBatch], *, file: bool = False) -> bytes:
    sink = io.BytesIO()
    with (pa.ipc.new_file if file else pa.ipc.new_stream)(sink, schema) as out:
        for batch in batches:
            out.write_batch(batch)
    return sink.getvalue()


BATCHES = TABLE.to_batches(max_chunksize=5)
ALL = ipc(TABLE.schema, BATCHES)
FOOTED = ipc(TABLE.schema, BATCHES, file=True)
FEWER = ipc(TABLE.schema, BATCHES[:-1], file=True)
FOOTER = int.from_bytes(FEWER[-10:-6], "little") + 10
STRICT = pa.schema([pa.field("a", pa.list_(pa.field("item", pa.string(), nullable=False)))])
HOLE = pa.RecordBatch.from_arrays([pa.array([["x", None]])], schema=STRICT)
NOTHING = pa.schema([("nothing", pa.null())])
ENDLESS = pa.RecordBatch.from_arrays([pa.nulls(1_000_000)], schema=NOTHING)


@pytest.mark.parametrize(
    ("form", "content", "reason"),
    [
        ("stream", ALL[:-8], "record batch 3, from row 12: it ends without an end mark"),
        ("stream", ALL + ALL, "bytes stand after the end of the stream"),
        ("file", FOOTED[: -int.from_bytes(FOOTED[-10:-6], "little") - 10] + FEWER[-FOOTER:],
         "3 record batches; its footer has 2"),
        ("stream", ipc(STRICT, [HOLE]), "nulls in item, which has none by the schema"),
        ("stream", ipc(NOTHING, [ENDLESS]), "1,000,000 rows in"),
        ("stream", b"", "it is empty"),
    ],
)  # fmt: skip
def test_what_pyarrow_does_not_miss_or_see(
    tmp_path: Path, form: str, content: bytes, reason: str
) -> None:
    path = tmp_path / "rows"
    path.write_bytes(content)
    error = rows_of(path, form)
    assert isinstance(error, SourceError)
    assert reason in str(error)


def test_a_large_batch_is_made_pythons_in_parts(tmp_path: Path) -> None:
    path = tmp_path / "rows"
    numbers = pa.RecordBatch.from_arrays([pa.array(range(10_000))], ["n"])
    path.write_bytes(ipc(numbers.schema, [numbers]))
    assert [row["n"] for row in arrow_files.read_stream(path, "").rows()] == list(range(10_000))
