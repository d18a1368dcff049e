"""Files that belong together, rows that belong together, and what a row draws from the others."""

import gzip
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, ClassVar

import pytest
from pydantic import Field

from unifiedqa_convert.errors import RowError, SourceError
from unifiedqa_convert.rows.companion_files import LATER, with_companions
from unifiedqa_convert.rows.readers import read_labels
from unifiedqa_convert.rows.shapes import NumberedRow, Skipped
from unifiedqa_convert.rows.typed_rows import typed_rows
from unifiedqa_convert.schema import (
    Adapter,
    CompanionFile,
    DistractorCandidate,
    DistractorPool,
    Example,
    FreeText,
    Row,
    Source,
    Split,
    Text,
)


class Judged(Row):
    """Rows whose verdict lies in a table without header, found by the row's id."""

    shape = "judged"
    beside = CompanionFile(
        (("_data", "{}_verdicts.csv"),), "verdict", key="id", columns=("id", "verdict")
    )
    id: Text
    said: Text
    verdict: Text | None = None


class Twin(Row):
    """Rows whose other is named in a JSON object beside."""

    shape = "twin"
    beside = CompanionFile((("", "pairs_{}.json"),), "twin", key="key")
    paired = ("key", "twin")
    key: Text
    name: Text
    other: dict[str, Any]


class Bare(Row):
    """A table without header."""

    shape = "bare"
    columns = ("word", "number")
    word: Text
    number: Text


class Answers(Row):
    """Answers, those of a question in sequence."""

    shape = "answers"
    grouped = ("idx.text", "idx.question")
    question: Text
    rows: list[dict[str, Any]]


class Tail(Row):
    """A knowledge base's triple."""

    shape = "tail"
    pool = DistractorPool("drawn", 3)
    head: Text
    relation: Text
    tail: Text
    drawn: list[list[str]] = Field(default=[])

    def offers(self) -> tuple[DistractorCandidate, ...]:
        return (DistractorCandidate(self.relation, self.head, self.tail),)


def adapter_of(shape_: type[Row]) -> Adapter:
    class Some(Adapter):
        """A dataset."""

        name = "some"
        version = 1
        verified = "documentation only"
        shapes: ClassVar = (shape_,)
        source = Source(
            splits={"train": Split()}, license="MIT", homepage="https://x", citation="x"
        )

        def examples(self, row: Row) -> Iterator[Example]:
            yield FreeText(question=row.shape)

    return Some()


def write(path: Path, *rows: dict[str, Any]) -> Path:
    path.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return path


def read(shape: type[Row], *paths: Path) -> list[NumberedRow]:
    adapter = adapter_of(shape)
    return list(typed_rows(adapter, "train", with_companions(adapter, "train", paths)))


JUDGED = {"id": "7", "said": "Ice is hot."}, {"id": "3", "said": "Ice is cold."}


def test_a_table_beside_is_joined_by_key(tmp_path: Path) -> None:
    rows = write(tmp_path / "some_data.jsonl", *JUDGED)
    (tmp_path / "some_verdicts.csv").write_text("3,1\n7,0\n")
    assert [n.row.verdict for n in read(Judged, rows) if isinstance(n.row, Judged)] == ["0", "1"]


def test_the_only_other_file_is_the_one_beside_whatever_its_name(tmp_path: Path) -> None:
    rows = write(tmp_path / "a.jsonl", *JUDGED)
    (tmp_path / "b.csv").write_text("3,1\n7,0\n")
    found = read(Judged, tmp_path / "b.csv", rows)
    assert [n.row.verdict for n in found if isinstance(n.row, Judged)] == ["0", "1"]


@pytest.mark.parametrize(
    ("lines", "said"),
    [
        ("3,1\n", r"some_verdicts.csv \(id 7\)"),
        ("3,1\n7,0\n8,0\n9,0\n", r"2 not in .*some_data.jsonl \(id 8, 9\)"),
        ("3,1\n8,0\n", r"1 not in .*verdicts.csv \(id 7\) and 1 not in .*data.jsonl \(id 8\)"),
        ("3,1\n3,0\n7,0\n", "'3' has two values"),
    ],
)
@pytest.mark.parametrize("wanted", [None, lambda number: number < 1])
def test_values_by_key_have_the_rows_keys_neither_fewer_nor_more(
    tmp_path: Path, lines: str, said: str, wanted: Callable[[int], bool] | None
) -> None:
    rows = write(tmp_path / "some_data.jsonl", *JUDGED)
    (tmp_path / "some_verdicts.csv").write_text(lines)
    adapter = adapter_of(Judged)
    files = with_companions(adapter, "train", [rows])
    with pytest.raises(SourceError, match=said):
        list(typed_rows(adapter, "train", files, wanted))


def test_two_rows_with_one_key_are_refused_unless_they_are_equal(tmp_path: Path) -> None:
    (tmp_path / "some_verdicts.csv").write_text("3,1\n7,0\n")
    rows = write(tmp_path / "some_data.jsonl", *JUDGED, JUDGED[0])
    assert len(read(Judged, rows)) == 3
    write(rows, *JUDGED, {**JUDGED[0], "said": "Ice is loud."})
    with pytest.raises(SourceError, match="two rows have the id '7'"):
        read(Judged, rows)


def test_an_unreadable_row_has_its_value_all_the_same(tmp_path: Path) -> None:
    rows = write(tmp_path / "some_data.jsonl", JUDGED[0])
    rows.write_text(rows.read_text() + '{"id": "3"\n')
    (tmp_path / "some_verdicts.csv").write_text("3,1\n7,0\n")
    good, bad = read(Judged, rows)
    assert isinstance(good.row, Judged)
    assert "not JSON" in str(bad.row)


class Marked(Row):
    """Rows whose marks lie in a second file, line by line."""

    shape = "marked"
    beside = CompanionFile((("", "{}-labels.lst"),), "mark")
    said: Text
    mark: Text | None = None


SAID = {"said": "Snow is white."}, {"said": "Coal is white."}


@pytest.mark.parametrize(
    ("rows_file", "labels"),
    [
        ("quips.v2.train.jsonl", "quips.v2.train-labels.lst"),
        ("a.b.c.json", "a.b.c-labels.lst"),
        ("dev.sorted.jsonl", "dev.sorted-labels.lst"),
    ],
)
def test_a_name_with_dots_is_one_name(tmp_path: Path, rows_file: str, labels: str) -> None:
    rows = write(tmp_path / rows_file, *SAID)
    stem = rows_file.split(".")[0]
    (tmp_path / f"{stem}-labels.lst").write_text("another\nfile's\n")
    with pytest.raises(SourceError, match=labels):
        read(Marked, rows)
    (tmp_path / labels).write_text("1\n0\n")
    assert [n.row.mark for n in read(Marked, rows) if isinstance(n.row, Marked)] == ["1", "0"]


def test_packed_rows_have_their_name_without_the_packing(tmp_path: Path) -> None:
    plain = write(tmp_path / "plain", *SAID)
    (tmp_path / "quips.v2.jsonl.gz").write_bytes(gzip.compress(plain.read_bytes()))
    (tmp_path / "quips.v2-labels.lst").write_text("1\n0\n")
    found = read(Marked, tmp_path / "quips.v2.jsonl.gz")
    assert [n.row.mark for n in found if isinstance(n.row, Marked)] == ["1", "0"]


def test_given_labels_that_are_another_files_by_name_are_refused(tmp_path: Path) -> None:
    rows = write(tmp_path / "dev.sorted.jsonl", *SAID)
    labels = tmp_path / "dev-labels.lst"
    labels.write_text("1\n0\n")
    with pytest.raises(SourceError, match=r"the labels of dev, not.* to dev\.sorted-labels\.lst"):
        read(Marked, rows, labels)
    with pytest.raises(SourceError, match="the labels of dev, not"):
        read(Marked, rows, packed := labels.rename(tmp_path / "dev-labels.lst.gz"))
    assert len(read(Marked, rows, packed.rename(tmp_path / "labels.lst"))) == 2, "of no other rows"


def test_labels_may_be_packed(tmp_path: Path) -> None:
    rows = write(tmp_path / "dev.jsonl", *SAID)
    labels = tmp_path / "dev-labels.lst.gz"
    labels.write_bytes(gzip.compress(b"1\n0\n"))
    for given in ([rows], [rows, labels]):
        assert [getattr(n.row, "mark", None) for n in read(Marked, *given)] == ["1", "0"]


def test_labels_under_a_name_that_is_not_read_are_named(tmp_path: Path) -> None:
    rows = write(tmp_path / "dev.jsonl", *({**row, "Correct_Answer": "1"} for row in SAID))
    with pytest.raises(SourceError, match=r"is missing \(the rows have Correct_Answer, which is"):
        read(Marked, rows)


def test_each_file_takes_the_labels_of_its_own_folder(tmp_path: Path) -> None:
    files = []
    for folder, marks in (("a", "1\n0\n"), ("b", "0\n1\n")):
        (tmp_path / folder).mkdir()
        files.append(write(tmp_path / folder / "dev.jsonl", *SAID))
        (tmp_path / folder / "dev-labels.lst").write_text(marks)
    labels = [path.with_name("dev-labels.lst") for path in files]
    for given in (files, [*files, *reversed(labels)]):
        found = read(Marked, *given)
        assert [getattr(n.row, "mark", None) for n in found] == ["1", "0", "0", "1"]
    labels[1].unlink()
    with pytest.raises(SourceError, match="does it belong to"):
        read(Marked, *files, labels[0])


def test_rows_that_have_the_field_themselves_need_no_file_and_none_is_a_choice(
    tmp_path: Path,
) -> None:
    own = write(tmp_path / "own.jsonl", *({**row, "mark": "1"} for row in SAID))
    assert [getattr(n.row, "mark", None) for n in read(Marked, own)] == ["1", "1"]
    bare = write(tmp_path / "bare.jsonl", *SAID)
    with pytest.raises(SourceError, match="--unlabelled"):
        read(Marked, bare)
    assert with_companions(adapter_of(Marked), "train", [bare], unlabelled=True) == (bare,)


def test_a_file_that_completes_nothing_is_refused(tmp_path: Path) -> None:
    rows = write(tmp_path / "some_data.jsonl", *JUDGED)
    (tmp_path / "x.csv").write_text("3,1\n7,0\n")
    (tmp_path / "y.csv").write_text("a,b\n")
    with pytest.raises(SourceError, match=r"csv: not a raw shape"):
        read(Judged, rows, tmp_path / "x.csv", tmp_path / "y.csv")


def test_pairs_become_one_row_at_the_first_ones_place(tmp_path: Path) -> None:
    names = [{"key": key, "name": f"n{key}"} for key in "abcde"]
    rows = write(tmp_path / "dev.jsonl", *names)
    pairs = {"a": "c", "c": "a", "b": "d", "d": "b", "e": "a"}
    (tmp_path / "pairs_dev.json").write_text(json.dumps(pairs))
    a, b, c, d, e = (numbered.row for numbered in read(Twin, rows))
    assert isinstance(a, Twin)
    assert isinstance(b, Twin)
    assert (a.other["name"], b.other["name"]) == ("nc", "nd")
    assert (c, d) == (Skipped("second of its pair"),) * 2
    assert "no such row, or that row names another" in str(e)


def test_pairs_may_come_in_the_order_of_the_file_that_pairs_them(tmp_path: Path) -> None:
    names = [{"key": key, "name": f"n{key}"} for key in "abcdx"]
    rows = write(tmp_path / "dev.jsonl", *names)
    pairs = {"d": "b", "gone": "lost", "b": "d", "c": "a", "a": "c", "x": "y"}
    (tmp_path / "pairs_dev.json").write_text(json.dumps(pairs))
    adapter = adapter_of(Twin)
    files = with_companions(adapter, "train", [rows])
    found = [n.row for n in typed_rows(adapter, "train", files, as_paired=True)]
    made = [(row.name, row.other["name"]) for row in found if isinstance(row, Twin)]
    assert made == [("nd", "nb"), ("nc", "na")]
    assert len(found) == len(names)


def test_tables_without_header_take_the_shapes_columns(tmp_path: Path) -> None:
    path = tmp_path / "rows.txt"
    path.write_text('"one\t1\ntwo\t2\t3\nthree\t3\n')
    one, two, three = (numbered.row for numbered in read(Bare, path))
    assert isinstance(one, Bare)
    assert one.word == '"one'
    assert "3 fields in a table of 2" in str(two)
    assert isinstance(three, Bare)


def triples(count: int) -> list[dict[str, str]]:
    return [{"head": f"h{n // 3}", "relation": f"r{n % 2}", "tail": f"t{n}"} for n in range(count)]


def test_draws_are_others_tails_of_the_same_relation_and_depend_on_nothing_else(
    tmp_path: Path,
) -> None:
    rows = triples(60)
    path = write(tmp_path / "a.jsonl", *rows)
    found = read(Tail, path)
    owned = {(row["head"], row["relation"], row["tail"]) for row in rows}
    for numbered in found:
        row = numbered.row
        assert isinstance(row, Tail)
        (draws,) = row.drawn
        assert len(set(draws)) == 3
        for tail in draws:
            assert (row.head, row.relation, tail) not in owned
            assert int(tail[1:]) % 2 == int(row.relation[1:])
    adapter = adapter_of(Tail)
    some = list(typed_rows(adapter, "train", [path], lambda number: number % 7 == 3))
    assert some == [numbered for numbered in found if numbered.number % 7 == 3]


def test_a_small_pool_gives_what_it_has(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", *triples(4))
    assert [n.row.drawn for n in read(Tail, path) if isinstance(n.row, Tail)] == [
        [[]], [["t3"]], [[]], [["t1"]]
    ]  # fmt: skip


def test_the_pool_keeps_the_same_values_in_any_order(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("unifiedqa_convert.rows.distractor_pool.KEPT", 5)
    rows = triples(200)
    seen = [
        {tail for n in read(Tail, write(tmp_path / name, *some)) for tail in n.row.drawn[0]}  # type: ignore[union-attr]
        for name, some in (("a.jsonl", rows), ("b.jsonl", rows[::-1]))
    ]
    assert seen[0] == seen[1]
    assert len(seen[0]) == 10


def test_a_byte_order_mark_is_no_part_of_the_first_label(tmp_path: Path) -> None:
    path = tmp_path / "a.lst"
    path.write_bytes(b"\xef\xbb\xbf1\r\n0\r\n")
    assert read_labels(path) == ["1", "0"]


def answer(text: int, question: int, said: str) -> dict[str, Any]:
    return {"idx": {"text": text, "question": question}, "question": f"q{question}", "said": said}


def test_rows_of_a_group_are_one_row_in_place_of_the_first(tmp_path: Path) -> None:
    rows = [answer(0, 0, "a"), answer(0, 0, "b"), answer(0, 1, "c"), answer(1, 1, "d")]
    path = write(tmp_path / "a.jsonl", *rows)
    found = read(Answers, path)
    assert [n.number for n in found] == [0, 1, 2, 3]
    groups = [
        [it["said"] for it in n.row.rows] if isinstance(n.row, Answers) else n.row for n in found
    ]
    assert groups == [["a", "b"], Skipped(LATER.reason), ["c"], ["d"]]
    # A share that begins inside a group leaves it to the share with its first row.
    part = list(typed_rows(adapter_of(Answers), "train", [path], lambda number: number >= 1))
    assert [type(n.row) for n in part] == [Skipped, Answers, Answers]


def test_a_row_apart_from_its_group_or_broken_is_rejected(tmp_path: Path) -> None:
    path = write(tmp_path / "a.jsonl", answer(0, 0, "a"), answer(0, 1, "b"), answer(0, 0, "c"))
    with path.open("a") as file:
        file.write("{\n" + json.dumps(answer(0, 2, "d")) + "\n")
    found = read(Answers, path)
    errors = [n.row.reason if isinstance(n.row, RowError) else "" for n in found]
    assert errors[2].startswith("the other rows of its group (idx.text 0, idx.question 0) stand")
    assert errors[3].startswith("not JSON")
    assert [*errors[:2], errors[4]] == ["", "", ""]


def test_a_group_whose_rows_ask_different_questions_is_rejected(tmp_path: Path) -> None:
    other = {**answer(0, 0, "b"), "question": "Which?"}
    path = write(tmp_path / "a.jsonl", answer(0, 0, "a"), other, answer(0, 1, "c"))
    first, second, third = (n.row for n in read(Answers, path))
    assert isinstance(first, RowError)
    assert first.reason == "the rows of its group have different values of question"
    assert (second, type(third)) == (Skipped(LATER.reason), Answers)


def test_rows_that_are_json_arrays_have_their_columns_by_place(tmp_path: Path) -> None:
    path = tmp_path / "a.json"
    path.write_text('[ ["one", "1"],\n ["a:b", "2"], ["three"], ["four", "4", "x"], 5]')
    found = read(Bare, path)
    assert [n.row for n in found[:2]] == [
        Bare(word="one", number="1"),
        Bare(word="a:b", number="2"),
    ]
    wrong = [n.row for n in found[2:]]
    assert [it.field for it in wrong if isinstance(it, RowError)] == ["number", "-", "-"]


class Quiz(Row):
    """Rows in a table without header, with their answers in a file of the same name."""

    shape = "quiz"
    columns = ("word", "number")
    beside = CompanionFile((("", "{}.ans"),), "answers")
    word: Text
    number: Text
    answers: Text | None = None


@pytest.mark.parametrize("count", [1, 2])
def test_answers_with_tabs_have_the_name_of_their_rows(tmp_path: Path, count: int) -> None:
    rows, answers = tmp_path / "quiz.dev.tsv", tmp_path / "quiz.dev.ans"
    rows.write_bytes(b'one "\t1\r\n' * count)
    answers.write_bytes(b"A\tB\r\n" * count)
    for given in ([rows], [answers, rows]):
        found = [n.row for n in read(Quiz, *given)]
        assert found == [Quiz(word='one "', number="1", answers="A\tB")] * count
    with pytest.raises(SourceError, match="labels without rows"):
        read(Quiz, answers)
    answers.unlink()
    with pytest.raises(SourceError, match=r"its labels are in .*quiz\.dev\.ans, which is missing"):
        read(Quiz, rows)
