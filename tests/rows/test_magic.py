"""The first bytes say what a file is: read as that, whatever its name, or named with what to do."""

import bz2
import gzip
import io
import json
import lzma
import pickle
import sqlite3
import tarfile
import zipfile
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest
from conftest import Run

from unifiedqa_convert.errors import SourceError
from unifiedqa_convert.rows.compression import note_of
from unifiedqa_convert.rows.magic import kind_of_bytes, wide_encoding
from unifiedqa_convert.rows.readers import line_of, read

ROWS = [{"q": "Is the kettle hot?", "a": "yes"}, {"q": "Where, then?", "a": "no; \u00e9"}]
packed = partial(gzip.compress, mtime=0)
LINES = "".join(json.dumps(row) + "\n" for row in ROWS).encode()
CSV = 'q,a\n"Is the kettle hot?",yes\n"Where, then?","no; é"\n'
TABLE = pa.Table.from_pylist(ROWS)


def name_of(value: object) -> str | None:
    """Of a parameter, for the test's name: bytes may hold the time at which they were packed."""
    return "bytes" if isinstance(value, bytes) else None


def parquet() -> bytes:
    pq.write_table(TABLE, sink := io.BytesIO())
    return sink.getvalue()


def arrow(file: bool) -> bytes:
    make = pa.ipc.new_file if file else pa.ipc.new_stream
    with make(sink := io.BytesIO(), TABLE.schema) as out:
        out.write_table(TABLE, max_chunksize=1)
    return sink.getvalue()


def feather(compression: str) -> bytes:
    pyarrow.feather.write_feather(TABLE, sink := io.BytesIO(), compression)
    return sink.getvalue()


def zipped(**members: bytes) -> bytes:
    with zipfile.ZipFile(sink := io.BytesIO(), "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return sink.getvalue()


@pytest.mark.parametrize(
    ("name", "content", "note"),
    [
        ("r.jsonl.gz", LINES, "unpacked"),
        ("r.csv.zip", CSV.encode(), "unpacked"),
        ("r.jsonl", packed(LINES), "gzip"),
        ("r.csv", bz2.compress(CSV.encode()), "bzip2"),
        ("r.jsonl.bz2", packed(LINES), "gzip"),
        ("r.jsonl.xz", lzma.compress(LINES), None),
        ("r.jsonl", zipped(**{"train.jsonl": LINES}), "zip"),
        ("r.parquet", arrow(file=True), "Arrow"),
        ("r.arrow", arrow(file=True), None),
        ("r.arrow", arrow(file=False), None),
        ("r.feather", feather("lz4"), None),
        ("r.ipc", feather("zstd"), None),
        ("r.arrow", parquet(), "Parquet"),
        ("r.pq", parquet(), None),
        ("r.csv", parquet(), "Parquet"),
        ("r", parquet(), "Parquet"),
        ("r.parquet.gz", packed(parquet()), None),
        ("r.zip", zipped(**{"x.arrow": arrow(file=False)}), None),
        ("r.ndjson", LINES, None),
        ("r.jsonlines", LINES, None),
        ("r.jl", b"\xef\xbb\xbf" + LINES, None),
        ("r.csv", LINES, "JSON lines"),
        ("r.txt", json.dumps(ROWS, indent=2).encode(), "JSON"),
        ("r.jsonl", json.dumps(ROWS).encode(), "JSON"),
        ("r.parquet", LINES, "JSON lines"),
        ("r.jsonl", CSV.encode(), "CSV"),
        ("r", CSV.encode(), "CSV"),
        ("r.data", LINES, "JSON lines"),
        ("r.gz", packed(CSV.encode()), "CSV"),
    ],
    ids=name_of,
)  # fmt: skip
def test_a_file_is_read_as_what_it_is(
    tmp_path: Path, name: str, content: bytes, note: str | None
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    assert list(read(path)) == ROWS
    assert note_of(path) == note


def pickled() -> bytes:
    return pickle.dumps(ROWS)


def tar() -> bytes:
    with tarfile.open(fileobj=(sink := io.BytesIO()), mode="w") as archive:
        archive.addfile(tarfile.TarInfo("train.jsonl"), io.BytesIO())
    return sink.getvalue()


def sqlite() -> bytes:
    return sqlite3.connect(":memory:").execute("create table r (q)").connection.serialize()


LFS = b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 12345\n"
PAGE = b"\n<!-- saved --> <!DOCTYPE HTML>\n<html><body>Sign in</body></html>"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (LFS, "git-lfs pointer, not the file itself; fetch the file: git lfs pull"),
        (b"/annex/objects/MD5E-s1--0.csv\n", "git annex get"),
        (PAGE, "an HTML page, not data"),
        (b"<html>404</html>", "an HTML page, not data"),
        (b"Entry not found", "a server's error message"),
        (b'<?xml version="1.0"?><Error><Code>AccessDenied</Code>', "a server's error message"),
        (b"%PDF-1.7\n", "a PDF document"),
        (b"\x28\xb5\x2f\xfd\x04\x00", "unpack it: zstd -d"),
        (packed(packed(LINES)), "gzip inside another packing"),
        (pickled(), "a pickle"),
        (sqlite(), "an SQLite database"),
        (tar(), "a tar archive; unpack it"),
        (packed(tar()), "a tar archive; unpack it"),
        (b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", "an old Office file"),
        (zipped(**{"[Content_Types].xml": b"<", "xl/workbook.xml": b"<"}), "save its sheet as CSV"),
        (zipped(**{"archive/data.pkl": b"x", "archive/version": b"3"}), "a pickle"),
        (zipped(**{"a.npy": b"x"}), "a NumPy archive"),
        (CSV.encode("utf-16"), "UTF-16 text, not UTF-8: save the file as UTF-8"),
        (CSV.encode("utf-16-le"), "iconv -f UTF-16LE -t UTF-8"),
        (CSV.encode("utf-16-be"), "UTF-16BE text"),
        (CSV.encode("utf-32"), "UTF-32 text"),
        (b"\0\x05\x16\7\0\2\0\0Mac OS X", "what macOS keeps beside a file"),
        (bytes(range(256)) * 4, "neither text nor a binary format that is known here"),
    ],
    ids=name_of,
)  # fmt: skip
@pytest.mark.parametrize("name", ["r.jsonl", "r.csv", "r.parquet", "r.txt", "labels.lst", "r"])
def test_what_holds_no_rows_is_named_with_what_to_do(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    if name == "r.parquet" and says.startswith("neither"):
        says = "not Parquet or Arrow, or damaged"
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SourceError) as raised:
        list(read(path))
    assert str(raised.value).startswith(f"{path}: ")
    assert says in str(raised.value)


@pytest.mark.parametrize(
    "text",
    [
        "PAR1,PAR2\nx,y\n", "PARENT\n", "Rare\n", "BZh9,b\n1,2\n", "GIF,b\n1,2\n", "ORC\nx\n",
        "x" * 256 + "custard\n", "<p> is a tag\n", "Access denied to whom?,a\nx,y\n", "PK\n", "",
    ],
)  # fmt: skip
def test_a_text_is_no_binary_format(text: str) -> None:
    assert kind_of_bytes(text.encode()) is None
    assert wide_encoding(text.encode()) is None


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le", "utf-32-be"])
def test_a_text_without_ascii_words_is_told_too(encoding: str) -> None:
    text = "質問,答え\n湯は熱いですか,はい\n" * 20
    assert wide_encoding(text.encode(encoding)) == encoding.upper().replace("-LE", "LE").replace(
        "-BE", "BE"
    )
    assert wide_encoding(text.encode()) is None


def test_what_macos_adds_to_a_zip_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "mac.zip"
    own = {"data/train.jsonl": LINES, "data/._train.jsonl": b"x", ".DS_Store": b"x"}
    windows = {"data/Thumbs.db": b"x", "desktop.ini": b"x"}
    path.write_bytes(zipped(**own, **windows, **{"__MACOSX/data/._train.jsonl": b"x"}))
    assert list(read(path)) == ROWS
    path.write_bytes(zipped(**{".DS_Store": b"x"}))
    with pytest.raises(SourceError, match="holds 0 files, not one"):
        list(read(path))


def table(mark: str) -> str:
    return CSV.replace("q,a", f"q{mark}a").replace('",', f'"{mark}')


@pytest.mark.parametrize(
    ("name", "text", "note"),
    [
        ("r.csv", table(";"), "semicolons between the columns"),
        ("r.csv", table("|"), "bars between the columns"),
        ("r.csv", table("\t"), "tabs between the columns"),
        ("r.tsv", CSV, "commas between the columns"),
        ("r.csv", "sep=;\r\n" + table(";"), "semicolons between the columns"),
        ("r.csv", '"sep=\t"\n' + table("\t"), "tabs between the columns"),
        ("r.csv", "\ufeffsep=,\n" + CSV, None),
        ("r.tsv", "sep=\t\n" + table("\t"), None),
        ("r", table(";"), "CSV, semicolons between the columns"),
    ],
)
def test_the_separator_is_told_from_header_and_rows(
    tmp_path: Path, name: str, text: str, note: str | None
) -> None:
    path = tmp_path / name
    path.write_text(text, encoding="utf-8")
    assert list(read(path)) == ROWS
    assert note_of(path) == note
    first = 2 + ("sep=" in text)
    assert [line_of(path, n, row) for n, row in enumerate(ROWS)] == [first, first + 1]


@pytest.mark.parametrize(
    ("name", "text", "fields"),
    [
        ("r.csv", "q;a\nWho?;x\nWhere?\n", ["q;a"]),  # not every row agrees
        ("r.csv", "q;a|b\nWho?;x|y\n", ["q;a|b"]),  # two could be meant
        ("r.csv", "q;really\n", ["q;really"]),
        ("r.csv", "q,a;b\nWho?,x;y\n", ["q", "a;b"]),
        ("r.tsv", "q\ta,b\nWho?\tx,y\n", ["q", "a,b"]),
        ("r.csv", "q;a;b, c\nWho?;x, y;z\nWhy?;x;y\n", ["q", "a", "b, c"]),
    ],
)
def test_a_separator_is_not_guessed(
    tmp_path: Path, name: str, text: str, fields: list[str]
) -> None:
    path = tmp_path / name
    path.write_text(text)
    rows: list[Any] = [row for row in read(path) if isinstance(row, dict)]
    assert [list(row) for row in rows[:1]] == [fields] * bool(rows)


def test_the_separator_of_a_table_without_header_is_its_suffix(tmp_path: Path) -> None:
    path = tmp_path / "r.csv"
    path.write_text("sep=;\n1;2\n")
    assert [type(row).__name__ for row in read(path, columns=("a", "b"))] == ["Unreadable"] * 2


def test_the_summary_and_the_manifest_say_what_was_read_otherwise(tmp_path: Path, uqa: Run) -> None:
    own = "--split train --question q --gold a --to tsv --out o --from-file".split()
    (tmp_path / "r.jsonl").write_bytes(packed(LINES))
    done = uqa("convert", "packed", *own, "r.jsonl")
    assert "packed/train from r.jsonl (read as gzip): 2 rows read" in done.stderr
    manifest = json.loads((tmp_path / "o/packed/train/manifest.json").read_bytes())
    assert manifest["source"]["files"][0]["read_as"] == "gzip"
    (tmp_path / "r.csv").write_bytes(LFS)
    done = uqa("convert", "pointer", *own, "r.csv")
    assert done.stderr.count("\n") == 1
    assert (done.returncode, "git lfs pull" in done.stderr) == (4, True)


def test_a_datasets_rows_are_read_under_any_name(tmp_path: Path, uqa: Run) -> None:
    row = {"question": "What melts?", "correct_answer": "ice", "support": "Ice melts."}
    row |= {f"distractor{n}": f"rock {n}" for n in (1, 2, 3)}
    pq.write_table(pa.Table.from_pylist([row]), tmp_path / "test.json")
    done = uqa("convert", "sciq", "--split", "test", "--raw", "test.json", "--out", "o")
    assert "sciq/test from test.json (read as Parquet): 1 rows read, 1 used" in done.stderr
