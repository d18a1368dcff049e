"""JSON that someone may have edited: what it is refused for, and how an error shows a value."""

from pathlib import Path

import pytest
from pydantic import BaseModel

from unifiedqa_convert.documents import join_names, parsed, quoted, read_as, shortened, validated


class Two(BaseModel):
    first: int
    second: float = 1.0


REFUSED = {
    '{"first": NaN}': "NaN is no number",
    '{"first": -Infinity}': "-Infinity is no number",
    '{"first": ' + "9" * 5000 + "}": "a number of 5,000 digits",
    "[" * 100_000: "nested too deeply",
    "": "Expecting value",
    "[]": "no object",
    "null": "no object",
    '{"second": 1}': "first is missing",
    '{"first": [1]}': r"first is \[1\]: input should be a valid integer",
    '{"first": "' + "x" * 5000 + '"}': r"\(5,000 characters\)",
    '{"first": 1, "second": 1e999}': "",  # a float may be infinite where the kind allows it
}


@pytest.mark.parametrize("text", REFUSED)
def test_a_document_is_refused_with_a_short_reason(text: str, tmp_path: Path) -> None:
    (tmp_path / "it.json").write_text(text)
    if not REFUSED[text]:
        assert read_as(Two, tmp_path / "it.json").first == 1
        return
    with pytest.raises(ValueError, match=REFUSED[text]) as found:
        read_as(Two, tmp_path / "it.json")
    assert len(str(found.value)) < 300


def test_bytes_that_are_no_utf_8_are_refused(tmp_path: Path) -> None:
    (tmp_path / "it.json").write_bytes(b'{"first": "\xff"}')
    with pytest.raises(ValueError, match="utf-8"):
        read_as(Two, tmp_path / "it.json")


def test_what_is_right_is_read() -> None:
    assert validated(Two, parsed('{"first": 3, "of a later version": []}')) == Two(first=3)


def test_values_are_shown_shortened() -> None:
    assert shortened("x" * 60) == "x" * 60
    assert quoted("it") == "'it'"
    assert quoted("9" * 5000) == f"'{'9' * 60}'… (5,000 characters)"
    assert join_names(["a ", "b"]) == "a, b"
    assert join_names([f"c{n}" for n in range(300_000)]).endswith("c19, … (300,000 in all)")
    assert len(join_names(["x" * 10_000] * 9)) < 1000
