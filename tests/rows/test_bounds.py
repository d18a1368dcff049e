"""Small files that would take gigabytes: what is in memory at once has a bound (docs/formats.md).

One process reads them one after the other; its peak is what the largest of them took.
"""

import bz2
import contextlib
import gzip
import io
import json
import lzma
import subprocess
import sys
import tarfile
import zipfile
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import orjson
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from unifiedqa_convert.errors import SourceError
from unifiedqa_convert.rows import compression, json_rows
from unifiedqa_convert.rows.archives import Archive
from unifiedqa_convert.rows.json_rows import Unreadable, parsed_json
from unifiedqa_convert.rows.readers import read

MB = 2**20
BOUND = 512
"""MiB above what the modules take; 5 million cells in one row of a table take 400, others less."""


def packed(*parts: bytes) -> bytes:
    sink = io.BytesIO()
    with gzip.open(sink, "wb", compresslevel=1) as file:
        for part in parts:
            file.write(part)
    return sink.getvalue()


def bombs() -> Iterator[tuple[str, bytes, str]]:
    """Name, content, and what is said."""
    values, large = "more than 1,000,000 values", "longer than 16 MiB"
    yield "items.json.gz", packed(b'[{"a":[{}', b",{}" * (20 * MB), b"]}]"), values
    yield "line.jsonl.gz", packed(b'{"a":[{}', b",{}" * (5 * MB), b"]}\n"), values
    yield "long.jsonl.gz", packed(b'{"a":"', b"x" * (60 * MB), b'"}\n'), large
    yield "long.json.gz", packed(b'[{"a":"', b"x" * (60 * MB), b'"}]'), large
    yield "deep.json.gz", packed(b"[" * (5 * MB)), "nested too deeply"
    yield "row.csv.gz", packed(b"a,b\n", b"x," * (20 * MB)), "a row of more than 16 MiB"
    yield "cells.csv.gz", packed(b"a,b\n", b"xy," * (5 * MB)), "fields under a header of 2"
    yield "quoted.csv.gz", packed(b"a,b\n", b'"\n",' * (20 * MB)), "a row of more than 16 MiB"
    start, end = b"<?xml version='1.0'?><all><item>", b"</item></all>"
    yield "nodes.xml.gz", packed(start, b"<p/>" * (5 * MB), end), "too many elements"
    yield "text.xml.gz", packed(start, b"x" * (60 * MB), end), "an element of more than 16 MiB"
    yield "deep.xml.gz", packed(start, b"<p>" * 200_000), "nested too deeply"
    names = b"".join(b"<p%d/>" % n for n in range(200_000))
    yield "names.xml.gz", packed(start[:-6], names, b"</all>"), "too many elements"


READ = """
import resource, sys
from pathlib import Path
from unifiedqa_convert.errors import SourceError
from unifiedqa_convert.rows.json_rows import Unreadable
from unifiedqa_convert.rows.readers import read

def peak():
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024

before = peak()
for name in sys.argv[1:]:
    try:
        told = [row.reason for row in read(Path(name), "item") if isinstance(row, Unreadable)]
    except SourceError as error:
        told = [str(error)]
    print(name.rpartition("/")[2], peak() - before, *told, sep="\\t")
"""


@pytest.mark.slow
def test_memory_is_bounded_whatever_the_file(tmp_path: Path) -> None:
    expected = {}
    for name, content, told in bombs():
        (tmp_path / name).write_bytes(content)
        assert len(content) < MB
        expected[name] = told
    command = [sys.executable, "-c", READ, *(str(tmp_path / name) for name in expected)]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    lines = [line.split("\t") for line in done.stdout.splitlines()]
    assert [line[0] for line in lines] == list(expected)
    for name, mib, *told in lines:
        assert len(told) == 1, name
        assert expected[name] in told[0]
        assert int(mib) < BOUND, (name, mib)


_TEXTS = st.recursive(
    st.sampled_from(["1", "-2.5e3", "true", '"a]}"', '"\\""', '"\\u00e9, é"', "[]", "{}", "NaN"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[ {' , '.join(items)}]"),
        st.lists(st.tuples(st.sampled_from("aaé"), inner), max_size=3).map(
            lambda pairs: "{" + ",\n".join(f'"{key}" :{value}' for key, value in pairs) + "}"
        ),
    ),
    max_leaves=6,
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_TEXTS, max_size=8), st.integers(1, 40), st.sampled_from([",", " ,\n", "\t,\r\n "]))
def test_the_items_of_an_array_are_what_each_is_alone(
    items: list[str], block: int, comma: str
) -> None:
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as small:
        small.setattr(json_rows, "BLOCK", block)
        path = Path(folder, "rows.json")
        path.write_text(f"\ufeff [{comma.join(items)} ] \n", encoding="utf-8")
        alone: list[Any] = [parsed_json(item.encode()) for item in items]
        alone = [it if isinstance(it, dict | Unreadable) else None for it in alone]
        with path.open("rb") as file:
            rows = list(json_rows.read_inside(file, "*", orjson.loads))
        assert [None if it == Unreadable("not a JSON object") else it for it in rows] == alone


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('[{"n": 1} {"n": 2}]', "] is missing"),
        ('[{"n": 1},]', "Expecting value"),
        ('[{"n": 1}', "] is missing"),
        ('[{"n": 1}]]', "text stands after the end"),
        ('[{"n": 1}, {"n"]', "Expecting ':' delimiter"),
        ('[{"n": "\udcff"}]', "can't decode byte 0xff"),
    ],
)
def test_an_array_that_is_none_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "rows.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    with pytest.raises(SourceError, match=r"rows\.json: not JSON") as raised:
        list(read(path))
    assert reason in str(raised.value)


def test_a_key_that_occurs_twice_rejects_its_item_only(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text('[{"n": 1}, {"n": 2, "n": 3}, {"n": 4}]')
    first, second, third = read(path)
    assert (first, third) == ({"n": 1}, {"n": 4})
    assert second == Unreadable("the key 'n' occurs twice in one object")


@pytest.mark.parametrize("encoding", ["x-nope", "utf-7", "utf_16", "idna", "base64", "rot13"])
def test_an_encoding_that_is_none_is_one_line(tmp_path: Path, encoding: str) -> None:
    path = tmp_path / "rows.xml"
    path.write_bytes(f"<?xml version='1.0' encoding='{encoding}'?><all><item/></all>".encode())
    with pytest.raises(SourceError, match=r"rows\.xml: not valid XML, or unsafe XML: "):
        list(read(path, "item"))


def in_zip(folder: Path, name: str = "rows.zip", flags: int = 0, method: int = 0) -> Path:
    path = folder / name
    with zipfile.ZipFile(path, "w") as archive:
        archive.writestr("val.jsonl", b'{"a": 1}\n')
    content = bytearray(path.read_bytes())
    at = content.rindex(b"PK\1\2")
    for place in (6, at + 8):
        content[place] |= flags
    for place in (8, at + 10):
        content[place] = method
    path.write_bytes(content)
    return path


@pytest.mark.parametrize(
    ("flags", "method", "reason"),
    [
        (1, 0, "val.jsonl is encrypted; unpack it with its password"),
        (0, 99, r"val.jsonl is packed in a way that is not read here \(method 99\); unpack it"),
        (0, 12, "method 12"),  # bzip2
        (0, 14, "method 14"),  # LZMA
    ],
)
def test_a_zip_that_cannot_be_read_says_what_helps(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, flags: int, method: int, reason: str
) -> None:
    monkeypatch.setenv("UQA_CACHE", str(tmp_path / "cache"))
    path = in_zip(tmp_path, flags=flags, method=method)
    with pytest.raises(SourceError, match=reason):
        list(read(path))
    with pytest.raises(SourceError, match=reason):
        Archive(path).files(["val.jsonl"])


def test_a_member_without_a_name_is_told(tmp_path: Path) -> None:
    path = in_zip(tmp_path, "copa.zip")
    path.write_bytes(path.read_bytes().replace(b"val.jsonl", b"\0al.jsonl"))
    with pytest.raises(SourceError, match=r"copa\.zip"):
        list(read(path))
    with contextlib.suppress(SourceError):  # from Python 3.12 on, it is a name like others
        assert Archive(path).paths == []


def test_a_zips_list_of_members_is_not_read_if_it_is_too_long(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(compression, "LARGEST_DIRECTORY", 50)
    path = in_zip(tmp_path)
    with pytest.raises(SourceError, match="far more members than a dataset has"):
        list(read(path))
    with pytest.raises(SourceError, match="far more members than a dataset has"):
        Archive(path).has("val.jsonl")


def test_xz_has_a_bound_of_memory_in_every_stream(tmp_path: Path) -> None:
    line, path = b'{"a": 1}\n', tmp_path / "rows.jsonl.xz"
    wide = [{"id": lzma.FILTER_LZMA2, "dict_size": 2**28}]
    path.write_bytes(lzma.compress(line) + bytes(8) + lzma.compress(line, preset=9))
    assert list(read(path)) == [{"a": 1}, {"a": 1}]
    for content in (b"", lzma.compress(line)):
        path.write_bytes(content + lzma.compress(line, filters=wide))
        with pytest.raises(SourceError, match="not a complete xz file: Memory usage limit"):
            list(read(path))
    path.write_bytes(lzma.compress(line) + b"more")
    with pytest.raises(SourceError, match="not a complete xz file"):
        list(read(path))


def tar(*members: tuple[str, bytes], **pax: str) -> bytes:
    sink = io.BytesIO()
    with tarfile.open(fileobj=sink, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for name, content in members:
            member = tarfile.TarInfo(name)
            member.size, member.pax_headers = len(content), pax
            archive.addfile(member, io.BytesIO(content))
    return sink.getvalue()


@pytest.mark.parametrize("format_", [tarfile.GNU_FORMAT, tarfile.PAX_FORMAT])
def test_a_tars_header_has_a_bound(tmp_path: Path, format_: int) -> None:
    path = tmp_path / "COPA.tar.gz"
    with tarfile.open(path, "w:gz", format=format_) as archive:
        archive.addfile(tarfile.TarInfo("n" * (60 * MB)))
    with pytest.raises(SourceError, match="a header of more than 256 KiB"):
        _ = Archive(path).paths


def test_a_damaged_header_is_not_the_end_of_a_tar(tmp_path: Path) -> None:
    path = tmp_path / "COPA.tar"
    whole = tar(("a.jsonl", b"{}\n" * 300), ("b.jsonl", b"{}\n"), comment="not needed")
    path.write_bytes(whole)
    assert Archive(path).paths == ["a.jsonl", "b.jsonl"]
    at = whole.rindex(b"b.jsonl")
    path.write_bytes(whole[:at] + b"c" + whole[at + 1 :])
    with pytest.raises(SourceError, match="bad checksum of a member"):
        _ = Archive(path).paths
    path.write_bytes(whole[: at + 100])
    with pytest.raises(SourceError, match="truncated header of a member"):
        _ = Archive(path).paths


def test_a_packed_table_of_columns_tells_its_class_names(tmp_path: Path) -> None:
    import pyarrow as pa

    from unifiedqa_convert.rows.own.table_form import class_names

    features = {"gold": {"names": ["no", "yes"], "_type": "ClassLabel"}}
    about = {"huggingface": json.dumps({"info": {"features": features}})}
    table = pa.table({"gold": [0, 1]}).replace_schema_metadata(about)
    sink = io.BytesIO()
    with pa.ipc.new_stream(sink, table.schema) as out:
        out.write_table(table)
    path = tmp_path / "rows.arrow.bz2"
    path.write_bytes(bz2.compress(sink.getvalue()))
    assert class_names(path) == {"gold": ("no", "yes")}
    assert list(read(path)) == [{"gold": 0}, {"gold": 1}]
