"""Formats: what is a record, what is a broken one, what is refused."""

import gzip
import json
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from unifiedqa_convert.datasets.registry import load_adapter
from unifiedqa_convert.errors import SourceError
from unifiedqa_convert.rows import json_rows
from unifiedqa_convert.rows.json_rows import UNREQUESTED, UTF8_BOM, Unreadable, _loads
from unifiedqa_convert.rows.readers import read, read_labels, rows_inside
from unifiedqa_convert.rows.shapes import shape_of

ROWS = [{"q": "café \u2028 \u0085", "n": 1}, {"q": "", "n": None}]


def written(path: Path) -> Path:
    table = pa.Table.from_pylist(ROWS)
    match path.suffix:
        case ".jsonl":
            path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in ROWS))
        case ".json":
            path.write_text(json.dumps(ROWS, indent=16))
        case ".parquet":
            pq.write_table(table, path)
        case ".arrow":
            with pa.OSFile(str(path), "wb") as file, pa.ipc.new_stream(file, table.schema) as out:
                out.write_table(table)
    return path


@pytest.mark.parametrize("suffix", [".jsonl", ".json", ".parquet", ".arrow"])
def test_the_same_rows_in_every_format(tmp_path: Path, suffix: str) -> None:
    assert list(read(written(tmp_path / f"rows{suffix}"))) == ROWS


def test_json_lines_under_json(tmp_path: Path) -> None:
    path = written(tmp_path / "rows.jsonl").rename(tmp_path / "rows.json")
    assert list(read(path)) == ROWS


def test_a_broken_line_leaves_its_neighbours(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    lines = [b'\xef\xbb\xbf{"n": 1}', b'{"n": ', b"[1]", b"", b'{"q": "\xff"}', b'{"q": "\\ud800"}']
    path.write_bytes(b"\r\n".join([*lines, b'{"n": 2}']))
    records = list(read(path))
    assert records[0] == {"n": 1}
    assert records[-1] == {"n": 2}
    assert len(records) == 6
    assert all(isinstance(record, Unreadable) for record in records[1:-1])


def test_xml_records_nest_and_repeat(tmp_path: Path) -> None:
    path = tmp_path / "rows.xml"
    path.write_bytes(
        '<?xml version="1.0" encoding="ISO-8859-1"?><!DOCTYPE all SYSTEM "all.dtd">'
        '<all><item id="1"><p> é </p><a><b>x</b><b>y</b></a><e/></item><item/></all>'.encode(
            "iso-8859-1"
        )
    )
    record: dict[str, Any] = {"id": "1", "p": " é ", "a": {"b": ["x", "y"]}, "e": ""}
    assert list(read(path, "item")) == [record, {}]


def test_xml_text_beside_attributes_or_before_children_is_kept(tmp_path: Path) -> None:
    path = tmp_path / "rows.xml"
    path.write_text('<all><q id="1">\nWho? <a right="no"> me </a><a right="yes">you</a></q></all>')
    answers = [{"right": "no", "#text": " me "}, {"right": "yes", "#text": "you"}]
    assert list(read(path, "q")) == [{"id": "1", "#text": "\nWho? ", "a": answers}]


@pytest.mark.parametrize(
    ("name", "content", "reason"),
    [
        ("bomb.xml", b'<!DOCTYPE a [<!ENTITY b "boom">]><a><item>&b;</item></a>', "unsafe XML"),
        ("cut.xml", b"<all><item>", "XML"),
        ("cut.json", b'[{"n": 1},', "not JSON"),
        ("cut.parquet", b"PAR1", "not Parquet or Arrow, or damaged"),
        ("cut.arrow", b"ARROW", "not Parquet or Arrow, or damaged"),
        ("rows.doc", b"n", "no reader for .doc"),
    ],
)
def test_a_file_that_is_unusable_as_a_whole(
    tmp_path: Path, name: str, content: bytes, reason: str
) -> None:
    path = tmp_path / name
    path.write_bytes(content)
    with pytest.raises(SourceError, match=reason) as caught:
        list(read(path, "item"))
    assert name in str(caught.value)


def test_gzip_is_looked_through(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl.gz"
    path.write_bytes(gzip.compress(b'{"n": 1}\n{"n": 2}\n'))
    assert list(read(path)) == [{"n": 1}, {"n": 2}]
    path.write_bytes(path.read_bytes()[:-9])
    with pytest.raises(SourceError, match="not a complete gzip"):
        list(read(path))


def test_labels_keep_their_lines(tmp_path: Path) -> None:
    path = tmp_path / "dev-labels.lst"
    path.write_text("1\r\n2 \n3\n")
    assert read_labels(path) == ["1", "2", "3"]


# What colons, quotes and white space can stand in, and the escapes that make them.
_KEYS = st.sampled_from(
    ["a", "b", ":", "\\u003a", "\\u003A", '\\"', '\\":', "\\\\", "\\u005c", "c : d"]
)
_SPACES = st.sampled_from(["", " ", "\t", "\r", "  "])


def _object(pairs: list[tuple[str, str, str, str]]) -> str:
    inner = ",".join(f'{before}"{key}"{after}:{value}' for key, before, after, value in pairs)
    return f"{{{inner}}}"


_VALUES = st.recursive(
    _KEYS.map(lambda text: f'"{text}"') | st.sampled_from(["1", "null", "[]", "{}"]),
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: f"[{','.join(items)}]"),
        st.lists(st.tuples(_KEYS, _SPACES, _SPACES, inner), max_size=4).map(_object),
    ),
    max_leaves=8,
)
_LINES = st.lists(st.tuples(_KEYS, _SPACES, _SPACES, _VALUES), max_size=4).map(_object)


@settings(max_examples=200, deadline=None)
@given(_LINES)
@example('{"a":1,"a":"\\u003a"}')
@example('{"a":1,"a"\r:2}')
@example('{"a":{"b":1,"b":":"},"c":"\\":"}')
def test_a_key_that_stands_twice_is_found_and_no_other(line: str) -> None:
    repeated = False

    def pairs(items: list[tuple[str, Any]]) -> dict[str, Any]:
        nonlocal repeated
        repeated |= len(dict(items)) < len(items)
        return dict(items)

    value = json.loads(line, object_pairs_hook=pairs)
    found = _loads(line.encode())
    assert isinstance(found, Unreadable) if repeated else found == value


@pytest.mark.parametrize("text", ['{"a": 1}{"a": 2}\n', '{"a": 0}\n{"a": 1} {"a": 2}\n'])
def test_objects_in_one_line_are_told_how_to_be_parted(tmp_path: Path, text: str) -> None:
    """As `cat` joins files whose last line does not end."""
    path = tmp_path / "a.jsonl"
    path.write_text(text)
    *_, last = read(path)
    assert isinstance(last, Unreadable)
    assert last.reason.endswith("give each object a line of its own: jq -c . FILE")


_ODD = st.sampled_from(
    ["", "  ", "[1]", "not JSON", "{}", '{"a": 1, "a": 2}', '{"a": "' + "b" * 90 + '"}']
)


@settings(max_examples=300, deadline=None)
@given(st.lists(_LINES | _ODD, max_size=8), st.integers(4, 60), st.booleans(), st.booleans())
@example(['{"a": "' + "b" * 90 + '"}', "{}", "{}"], 256, False, False)
@example(["{}", '{"a": "' + "b" * 90 + '"}', "{}", "{}"], 60, True, False)
def test_lines_read_together_are_what_each_is_alone(
    lines: list[str], block: int, ends: bool, bom: bool
) -> None:
    text = "\n".join(lines) + "\n" * ends
    with TemporaryDirectory() as folder, pytest.MonkeyPatch.context() as small:
        small.setattr(json_rows, "BLOCK", block)
        small.setattr(json_rows, "LONGEST_LINE", 80)
        path = Path(folder, "rows.jsonl")
        path.write_bytes(UTF8_BOM * bom + text.encode())
        alone = [_loads(line.encode()) for line in text.split("\n") if line.strip(" \r")]
        assert list(read(path)) == alone
        thirds = list(read(path, wanted=lambda number: number % 3 == 1))
        assert thirds == [raw if n % 3 == 1 else UNREQUESTED for n, raw in enumerate(alone)]


def test_a_row_may_not_nest_without_end(tmp_path: Path) -> None:
    path = tmp_path / "rows.jsonl"
    path.write_text('{"a": ' + "[" * 900 + "]" * 900 + "}\n")
    deep, *_ = read(path)
    assert isinstance(deep, Unreadable)
    assert "nested" in deep.reason


_BOOK: dict[str, Any] = {
    "title": "Bees",
    "parts": [
        {"text": "They dance.", "qas": [{"q": "Who?"}, {"q": "What?"}]},
        {"text": "They sleep.", "qas": []},
        {"text": "They hum.", "qas": [{"q": "How?"}]},
    ],
}
_INSIDE = [
    {"title": "Bees", "parts": {"text": text, "qas": {"q": q}}}
    for text, q in (("They dance.", "Who?"), ("They dance.", "What?"), ("They hum.", "How?"))
]


@pytest.mark.parametrize(
    ("name", "document", "way"),
    [
        ("rows.json", {"version": 1.1, "data": [_BOOK], "more": {}}, "data.*.parts.*.qas.*"),
        (
            "rows.json",
            {"of": {"a": {"data": [_BOOK]}, "b": {"data": []}}},
            "of.*.data.*.parts.*.qas.*",
        ),
        ("rows.json", [_BOOK], "*.parts.*.qas.*"),
        (
            "rows.json",
            [{**_BOOK, "parts": dict(zip("abc", _BOOK["parts"], strict=True))}],
            "*.parts.*.qas.*",
        ),
        ("rows.json", {"bees": _BOOK}, "*.parts.*.qas.*"),
        ("rows.jsonl", _BOOK, "*.parts.*.qas.*"),
        ("rows.json", _BOOK, "*.parts.*.qas.*"),
    ],
)
@pytest.mark.parametrize("block", [1, 2**16])
def test_rows_inside_a_document(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, document: Any, way: str, block: int
) -> None:
    monkeypatch.setattr(json_rows, "BLOCK", block)
    path = tmp_path / name
    lines = document is _BOOK
    text = json.dumps(document, indent=None if lines else 2)
    path.write_text(f"{text}\n{text}" if lines else text)
    rows = [row.get("data", row) for row in read(path, inside=way) if isinstance(row, dict)]
    assert rows == _INSIDE * (2 if lines else 1)


def test_what_has_no_rows_inside_is_not_taken_for_a_document(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    for text in (
        '{"q": 1}\n{"q": 2}',
        '{"data": 1}',
        '{"data": []}',
        '{"data": [{"q": {}}]}',
        "[1]",
    ):
        path.write_text(text)
        assert rows_inside(path, "data.*.qas.*") is None


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ('{"data": [{"n": 1}], "data": []}', "the key 'data' occurs twice"),
        ('{"data": [{"n": 1}]', "} is missing"),
        ('{{"n": 1}: 1}', ".* is no key"),
        ('{"data": [{"n": 1}], 2: 3}', "2 is no key"),
        ('{"data": [{"n": 1}]} {}', "text stands after the end"),
        ('{"data": [{"n": 1}, {"n"]}', "Expecting ':' delimiter"),
    ],
)
def test_a_document_that_is_none_is_refused(tmp_path: Path, text: str, reason: str) -> None:
    path = tmp_path / "rows.json"
    path.write_text(text)
    with pytest.raises(SourceError, match=f"rows.json: not JSON, in row . or after it: {reason}"):
        list(read(path, inside="data.*"))


def test_an_item_without_the_list_is_a_row_of_its_own(tmp_path: Path) -> None:
    """Its shape then names the field that is missing."""
    path = tmp_path / "rows.json"
    path.write_text('{"data": [{"qas": [{"n": 1}]}, {"n": 2}, 3, {"qas": 4}]}')
    first, second, third, fourth = read(path, inside="data.*.qas.*")
    assert (first, second, fourth) == ({"qas": {"n": 1}}, {"n": 2}, {"qas": 4})
    assert third == Unreadable("not a JSON object")


def test_the_row_before_a_break_is_counted_in_rows(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(json_rows, "BLOCK", 1)
    path = tmp_path / "rows.json"
    path.write_text('{"data": [{"qas": [{"n": 1}, {"n": 2}]}, {"qas": [')
    with pytest.raises(SourceError, match="not JSON, in row 2 or after it"):
        list(read(path, inside="data.*.qas.*"))


def test_a_document_without_the_way_is_told(tmp_path: Path) -> None:
    path = tmp_path / "rows.json"
    path.write_text('{"daten": [{"paragraphs": []}]}')
    with pytest.raises(SourceError, match=r"authors: no rows at data\.\*\.paragraphs\.\*\.qas\.\*"):
        shape_of(load_adapter("squad1_1"), "train", path)


def test_an_xml_file_may_be_one_row_whatever_its_first_tag(tmp_path: Path) -> None:
    path = tmp_path / "paragraph.xml"
    path.write_text('<p id="7"><text>Bees fly.</text><qs><q>Who?</q><q>How?</q></qs></p>')
    assert list(read(path, "*")) == [
        {"id": "7", "text": "Bees fly.", "qs": {"q": ["Who?", "How?"]}}
    ]
