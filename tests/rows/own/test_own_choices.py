"""The choices in a user's own cells: every form is read as it stands, or refused."""

from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from unifiedqa_convert.rows.own.choices import Choices, choices_of, text_of, unmarked
from unifiedqa_convert.rows.own.columns import GoldIs
from unifiedqa_convert.rows.own.gold import cell_text, position
from unifiedqa_convert.rows.own.headers import no_column
from unifiedqa_convert.rows.own.proposal import no_columns
from unifiedqa_convert.schema import FieldError


def one(cell: Any, strip: bool = False) -> Choices:
    return choices_of([cell], ["c"], strip)


@pytest.mark.parametrize(
    ("cell", "texts"),
    [
        (["oak", "elm"], ("oak", "elm")),
        (["oak", 2.5, True, None], ("oak", "2.5", "true")),
        ("['oak', \"it's elm\"]", ("oak", "it's elm")),
        ('["oak", 1.50, 007]', None),
        ('["oak", 1.50]', ("oak", "1.50")),
        ("('oak', -1.50)", ("oak", "-1.50")),
        ("['oak' 'elm tree'\n 'ash, dry']", ("oak", "elm tree", "ash, dry")),  # NumPy's form
        ("[1 2.50 3]", ("1", "2.50", "3")),
        ("array(['oak', 'elm'], dtype=object)", ("oak", "elm")),
        ("['oak''elm', 'ash']", None),
        ("['oak', 'elm'", None),
        ("[oak, elm]", None),
        ("(an oak)", None),
        ("oak|elm", None),
        ("oak", None),
        (["oak"], None),
        (["oak", "", ""], None),
        (["oak", "", "elm"], None),
        ([["oak"], ["elm"]], None),
        ("", None),
        (None, None),
        (float("nan"), None),
        (7, None),
    ],
)
def test_a_list_is_read_in_every_way_it_is_written_and_is_never_one_choice(
    cell: Any, texts: tuple[str, ...] | None
) -> None:
    if texts is not None:
        assert one(cell).texts == texts
        return
    with pytest.raises(FieldError) as raised:
        one(cell)
    assert raised.value.field == "c"


@pytest.mark.parametrize(
    "cell",
    [
        {"A": "oak", "B": "elm", "C": None},
        {"label": ["A", "B"], "text": ["oak", "elm"]},
        [{"label": "A", "text": "oak"}, {"label": "B", "text": "elm"}],
        [{"A": "oak"}, {"B": "elm"}],
        '{"A": "oak", "B": "elm"}',
        "{'text': array(['oak', 'elm'], dtype=object), 'label': array(['A', 'B'], dtype=object)}",
    ],
)
def test_objects_are_read_in_their_order_with_their_keys(cell: Any) -> None:
    found = one(cell)
    assert (found.texts, found.keys) == (("oak", "elm"), ("A", "B"))


@pytest.mark.parametrize(
    "cell",
    [
        {"label": "A", "text": "oak"},  # one choice
        {"label": ["A"], "text": ["oak", "elm"]},
        {"choices": ["oak", "elm", "ash"], "labels": [1, 0, 0]},  # golds, not names
        [{"text": "oak", "correct": True}, {"text": "elm", "correct": False}],
        {"A": {"x": "oak"}, "B": {"x": "elm"}},
        {"A": ["oak"], "B": ["elm"]},
        {"A": "oak", "B": "elm", "answer": "A"},
        '{"A": "oak", "B": "elm", "B": "ash"}',
        "{'A': 'oak', 'B': 'elm', 'B': 'ash'}",
    ],
)
def test_an_object_of_another_kind_is_refused(cell: Any) -> None:
    with pytest.raises(FieldError):
        one(cell)


def test_empty_cells_at_the_end_are_no_choices_and_before_another_a_reject() -> None:
    columns = ["a", "b", "c", "d"]
    assert choices_of(["oak", "elm", "\u200b", "\ufeff \u00ad"], columns).left_out == 2
    found = choices_of(["oak", "elm", " ", None], columns)
    assert (found.texts, found.left_out) == (("oak", "elm"), 2)
    with pytest.raises(FieldError, match="b: choice 2 is empty, but a later one is not"):
        choices_of(["oak", "", "elm", ""], columns)
    with pytest.raises(FieldError, match="only one choice"):
        choices_of(["oak", "", "", ""], columns)


@pytest.mark.parametrize(
    ("cells", "marks"),
    [
        (["(A) oak", "(B) elm"], "ab"),
        (["a. oak", "b. elm"], "ab"),
        (["A)oak", "B)elm"], "ab"),
        (["1. oak", "2. elm"], "12"),
        (["A: oak", "B: elm"], "ab"),
        (["\uff08A\uff09oak", "\uff08B\uff09elm"], "ab"),
        (["B. oak", "A. elm"], "ba"),
        (["\u2460 oak", "\u2461elm"], "12"),
        (["A. oak", "elm"], ""),
        (["C. oak", "D. elm"], ""),
        (["1.5 m", "2.5 m"], ""),
        (["A", "B"], ""),
        (["A oak", "B elm"], ""),
    ],
)
def test_letters_of_their_own_are_seen_and_stripped_if_asked(cells: list[str], marks: str) -> None:
    assert choices_of(cells, ["x", "y"]).texts == tuple(cells)
    assert "".join(choices_of(cells, ["x", "y"]).marks) == marks
    stripped = choices_of(cells, ["x", "y"], strip=True).texts
    assert stripped == (tuple(map(unmarked, cells)) if marks else tuple(cells))
    assert not marks or set(stripped) == {"oak", "elm"}


def test_a_number_is_the_text_it_is_written_with() -> None:
    cells = ["007", 1.5, Decimal("1.50"), 0.10000000149011612, 0.1, 1e5]
    texts = ["007", "1.5", "1.50", "0.1", "0.1", "100000.0"]
    assert [text_of(cell, "c") for cell in cells] == texts
    for wrong in (b"oak", {"a": 1}, "a\x00", "a\ud800"):
        with pytest.raises(FieldError):
            text_of(wrong, "c")


@pytest.mark.parametrize("way", ["0", "1", "letter", "text"])
def test_a_gold_of_many_digits_is_a_reject_with_its_beginning(way: GoldIs) -> None:
    """Python refuses to read more than 4,300 digits as a number."""
    with pytest.raises(FieldError) as found:
        position("7" * 5000, Choices(("oak", "elm")), way, "g")
    assert "(5,000 characters)" in str(found.value)
    assert len(str(found.value)) < 200
    with pytest.raises(FieldError, match="none of its classes"):
        cell_text(10**4000, ("oak", "elm"), "g")


def test_of_a_hundred_thousand_columns_the_first_are_named(tmp_path: Path) -> None:
    names = [f"c{n}" for n in range(100_000)]
    (tmp_path / "wide.csv").write_text(",".join(names) + "\n" + ",".join(names) + "\n")
    for error in (
        no_column(tmp_path / "wide.csv", ["question"], names),
        no_columns("mine", "train", tmp_path / "wide.csv"),
    ):
        assert "c19, … (100,000 in all)" in str(error)
        assert len(str(error)) < 400 + len(str(tmp_path))
