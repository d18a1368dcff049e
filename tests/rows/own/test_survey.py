"""What a user's own rows say about their columns is settled and told, or refused; never guessed."""

import gzip
import json
import lzma
import zipfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from unifiedqa_convert.conversion.pipeline import Result, convert
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.errors import SourceError, UqaError, UsageError
from unifiedqa_convert.rows.own.columns import Columns
from unifiedqa_convert.rows.own.proposal import no_columns
from unifiedqa_convert.rows.shapes import refuse_repeated


def own(path: Path, columns: Columns, **more: Any) -> Result:
    out = path.parent / "out"
    request = Request(
        dataset="mine", split="train", from_file=path, columns=columns, to="jsonl", out=out,
        max_rejects=99, overwrite=True, **more,
    )  # fmt: skip
    return convert(request)


def outputs(made: Result) -> list[str | None]:
    lines = (made.folder / "data-00000.jsonl").read_text().splitlines()
    return [json.loads(line)["output"] for line in lines]


def rejects(made: Result) -> list[str]:
    lines = map(json.loads, (made.folder / "rejects.jsonl").read_text().splitlines())
    return [f"{line['field']}: {line['reason']}" for line in lines]


def written(folder: Path, name: str, content: str) -> Path:
    path = folder / name
    path.write_text(content, encoding="utf-8")
    return path


def classes(folder: Path, names: list[str], values: list[int], **columns: list[str]) -> Path:
    """A Parquet file as ``datasets`` writes it, with the names of column g's classes."""
    features = {"g": {"names": names, "_type": "ClassLabel"}}
    table = pa.table({"q": [f"q{n}?" for n in range(len(values))], "g": values, **columns})
    metadata = {b"huggingface": json.dumps({"info": {"features": features}}).encode()}
    pq.write_table(table.replace_schema_metadata(metadata), folder / "m.parquet")
    return folder / "m.parquet"


AB = Columns("q", ("a", "b"), "g")


@pytest.mark.parametrize(
    ("golds", "way", "found"),
    [
        (["elm", "oak"], "text", ["elm", "oak"]),
        (["(B)", "a."], "letter", ["elm", "oak"]),
        (["0", "1.0"], "0", ["oak", "elm"]),
        (["2", "1"], "1", ["elm", "oak"]),
        (["1.0", "0.0", "-1", "NaN", ""], "0", ["elm", "oak", None, None, None]),
    ],
)
def test_the_one_way_that_fits_is_taken_and_told(
    tmp_path: Path, golds: list[str], way: str, found: list[str | None]
) -> None:
    rows = "".join(f"Which?,oak,elm,{gold}\n" for gold in golds)
    made = own(written(tmp_path, "m.csv", "q,a,b,g\n" + rows), AB)
    assert outputs(made) == found
    assert made.manifest["columns"]["gold_is"] == way
    assert any(f"(--gold-is {way}), which alone fits" in line for line in made.manifest["told"])
    hidden = [line for line in made.manifest["told"] if "read as no label" in line]
    assert len(hidden) == (2 if "-1" in golds else 0)


@pytest.mark.parametrize(
    ("rows", "ways"),
    [
        ("Which?,oak,elm,1\n", ("0", "1")),
        ("Which?,2,1,1\n", ("text", "0", "1")),
        ("Which?,B,A,A\n", ("text", "letter")),
        ("Which?,A. B,B. A,A\n", ("text", "letter")),
    ],
)
def test_golds_that_fit_two_ways_are_refused_until_a_flag_says_which(
    tmp_path: Path, rows: str, ways: tuple[Any, ...]
) -> None:
    path = written(tmp_path, "m.csv", "q,a,b,g\n" + rows)
    with pytest.raises(UsageError) as raised:
        own(path, AB)
    assert str(raised.value).endswith(" or ".join(f"--gold-is {way}" for way in ways))
    for way in ways:
        assert outputs(own(path, Columns("q", ("a", "b"), "g", way)))[0] is not None
    told = own(path, Columns("q", ("a", "b"), "g", ways[-1])).manifest["told"]
    assert any(line.startswith("WARNING") for line in told) == ("1" in ways)


def test_one_name_for_two_columns_is_an_error_in_every_format(tmp_path: Path) -> None:
    path = written(tmp_path, "m.csv", "q,a,b,g,x,x, g\nWhich?,oak,elm,A,1,2,B\n")
    with pytest.raises(UsageError, match=r"g is the name of 2 columns \(4 and 7\)"):
        own(path, AB)
    assert outputs(own(path, Columns("q", ("a", "b")))) == [None], "x is not used"
    arrays = [pa.array([cell]) for cell in ("Which?", "oak", "elm", "A", "B")]
    pq.write_table(pa.Table.from_arrays(arrays, list("qabgg")), tmp_path / "m.parquet")
    with pytest.raises(UsageError, match="g is the name of 2 columns"):
        own(tmp_path / "m.parquet", AB)
    made = own(written(tmp_path, "m.jsonl", '{"q":"W?","a":"x","b":"y","g":"A","g":"B"}\n'
                       '{"q":"W?","a":"x","b":"y","g":"A"}\n'), AB)  # fmt: skip
    assert rejects(made) == ["-: the key 'g' occurs twice in one object"]
    (tmp_path / "m.parquet.gz").write_bytes(gzip.compress((tmp_path / "m.parquet").read_bytes()))
    with pytest.raises(UsageError, match="g is the name of 2 columns"):
        own(tmp_path / "m.parquet.gz", AB)
    with pytest.raises(UsageError, match="g is the name of 2 columns"):
        own(written(tmp_path, "s.jsonl", '{"q":"W?","a":"x","b":"y","g":"A","g ":"B"}'), AB)
    with pytest.raises(SourceError, match="label is the name of 2 columns"):
        refuse_repeated(path, ["q", "label"], ["label", "q", "label"])


@pytest.mark.parametrize(
    ("names", "values", "columns", "found"),
    [
        (["yes", "no"], [0, 1, -1], Columns("q", gold="g"), ["yes", "no", None]),
        (["yes", "no"], [0, 1, -1], Columns("q", gold="g", gold_is="yesno"), ["yes", "no", None]),
        (["b", "a"], [0, 1, -1], AB, ["elm", "oak", None]),
        (["elm", "oak"], [0, 1, -1], AB, ["elm", "oak", None]),
        (["1", "2"], [0, 1, -1], AB, ["oak", "elm", None]),
        (["1", "2"], [0, 1, -1], Columns("q", ("a", "b"), "g", "0"), ["oak", "elm", None]),
        (["1", "2"], [0, 1, -1], Columns("q", ("a", "b"), "g", "1"), ["oak", "elm", None]),
        (["A", "B"], [0, 1, -1], Columns("q", ("a", "b"), "g", "0"), ["oak", "elm", None]),
        (["b", "a"], [0, 1, -1], Columns("q", ("a", "b"), "g", "0"), None),
        (["2", "1"], [0, 1, -1], Columns("q", ("a", "b"), "g", "0"), None),
        (["elm", "oak"], [0, 1, -1], Columns("q", ("a", "b"), "g", "0"), None),
        (["neg", "pos"], [0, 1, -1], Columns("q", gold="g", gold_is="yesno"), None),
    ],
)
def test_the_names_of_classes_are_heeded(
    tmp_path: Path, names: list[str], values: list[int], columns: Columns, found: Any
) -> None:
    path = classes(tmp_path, names, values, a=["oak"] * 3, b=["elm"] * 3)
    if found is None:
        with pytest.raises(UsageError, match=f"stands? for .*{names[1]}"):
            own(path, columns)
        return
    made = own(path, columns)
    assert outputs(made) == found
    assert any(f"stand for 0 {names[0]}, 1 {names[1]}" in line for line in made.manifest["told"])


def test_the_names_of_classes_are_heeded_in_packed_files_and_refused_as_choices(
    tmp_path: Path,
) -> None:
    path = classes(tmp_path, ["yes", "no"], [0, 1])
    for name, file in (("m.parquet.gz", gzip.open), ("m.parquet.xz", lzma.open)):
        with file(tmp_path / name, "wb") as packed:
            packed.write(path.read_bytes())
        asked = Columns("q", gold="g", gold_is="yesno")
        assert outputs(own(tmp_path / name, asked)) == ["yes", "no"]
    with zipfile.ZipFile(tmp_path / "m.zip", "w") as archive:
        archive.write(path, "m.parquet")
    assert outputs(own(tmp_path / "m.zip", Columns("q", gold="g"))) == ["yes", "no"]
    numbers = classes(tmp_path, ["yes", "no"], [0, 1], x=["0", "1"])
    with pytest.raises(UsageError, match="the numbers in column g stand for 0 yes, 1 no"):
        own(numbers, Columns("q", ("g", "x")))


@pytest.mark.parametrize("name", ["m.csv", "m.jsonl"])
@pytest.mark.parametrize(
    ("choices", "gold", "way", "all_columns"),
    [
        ("C,D", "A", None, "A,B,C,D"),
        ("C,D", "B", "letter", "A,B,C,D"),
        ("B,C", "b", None, "A,B,C,D"),
        ("opt3,opt4", "1", "1", "opt1,opt2,opt3,opt4"),
        ("opt2,opt3", "0", "0", "opt1,opt2,opt3,opt4"),
        ("C,D", "fir", None, None),
    ],
)
def test_a_gold_that_is_a_column_which_is_not_given_is_refused(
    tmp_path: Path, name: str, choices: str, gold: str, way: Any, all_columns: str | None
) -> None:
    names = ["A", "B", "C", "D", "opt1", "opt2", "opt3", "opt4"]
    row = dict(zip(names, ["oak", "elm", "fir", "ash", "yew", "box", "fir", "bay"], strict=True))
    row = {"q": "Which?", **row, "g": gold}
    header = f"{','.join(row)}\n{','.join(row.values())}\n"
    path = written(tmp_path, name, json.dumps(row) if name == "m.jsonl" else header)
    columns = Columns("q", tuple(choices.split(",")), "g", way)
    if all_columns is None:
        assert outputs(own(path, columns)) == [gold]
        return
    with pytest.raises(UsageError, match=f"--choices {all_columns}$"):
        own(path, columns)


@pytest.mark.parametrize(
    ("choices", "gold", "way"),
    [
        ("option_b,option_a", "a", None),
        ("b,c", "b", None),
        ("b,a", "b", "letter"),
        ("opb_text,opa_text", "A", None),
        ("a,A", "A", None),
        ("answer2,answer1", "2", "1"),
        ("answer0,answer2", "1", "0"),
    ],
)
def test_golds_that_are_places_and_columns_named_for_other_places_are_refused(
    tmp_path: Path, choices: str, gold: str, way: Any
) -> None:
    path = written(tmp_path, "m.csv", f"q,{choices},g\nWhich?,oak,elm,{gold}\n")
    columns = Columns("q", tuple(choices.split(",")), "g", way)
    with pytest.raises(UsageError, match="named for other ones"):
        own(path, columns)
    texts = written(tmp_path, "t.csv", f"q,{choices},g\nWhich?,oak,elm,elm\n")
    assert outputs(own(texts, replace(columns, gold_is=None))) == ["elm"]


@pytest.mark.parametrize(
    ("choices", "gold", "way"),
    [
        ("x,y", "b", None),
        ("opa,opb", "B", None),
        ("answer1,answer2", "1", "0"),
        ("yes,no", "b", None),
    ],
)
def test_golds_that_are_places_of_columns_in_order_are_read(
    tmp_path: Path, choices: str, gold: str, way: Any
) -> None:
    path = written(tmp_path, "m.csv", f"q,{choices},g\nWhich?,oak,elm,{gold}\n")
    assert outputs(own(path, Columns("q", tuple(choices.split(",")), "g", way))) == ["elm"]


def test_rows_that_cannot_be_right_are_rejected_with_their_field(tmp_path: Path) -> None:
    rows = [
        *("Which?,oak,elm,,C", "Which?,oak,,ash,A", "Which?,oak,,,A", ",oak,elm,,A"),
        *("  ,oak,elm,,A", "q,a,b,c,g", "Which?,oak,elm,,\u0130", "Which?,oak,elm,,\u0410"),
        "Which?,oak,elm,,B",
    ]
    path = written(tmp_path, "m.csv", "q,a,b,c,g\n" + "\n".join(rows) + "\n")
    made = own(path, Columns("q", ("a", "b", "c"), "g", "letter"))
    assert outputs(made) == ["elm"]
    assert [line.split(":")[0] for line in rejects(made)] == list("gbaqqqgg")


def test_a_gold_that_is_a_key_is_that_choice_and_a_contradiction_is_rejected(
    tmp_path: Path,
) -> None:
    row = {"q": "Which?", "c": {"B": "oak", "A": "elm"}, "g": "A"}
    made = own(written(tmp_path, "m.jsonl", json.dumps(row)), Columns("q", ("c",), "g"))
    assert outputs(made) == ["elm"]
    row = {"q": "Which?", "c": {"1": "oak", "2": "elm", "3": "ash"}, "g": 1}
    path = written(tmp_path, "n.jsonl", json.dumps(row))
    assert outputs(own(path, Columns("q", ("c",), "g"))) == ["oak"]
    made = own(path, Columns("q", ("c",), "g", "0"))
    assert rejects(made)[0].startswith("g: '1' is choice 2, counted from 0, but the key of")
    path = written(tmp_path, "m.csv", "q,a,b,g\nWhich?,B. oak,A. elm,A\n")
    assert "begins with it" in rejects(own(path, Columns("q", ("a", "b"), "g", "letter")))[0]
    with pytest.raises(UsageError, match="--choices A,B"):
        own(written(tmp_path, "o.csv", "q,A,B,g\nW?,x,y,A\n"), Columns("q", ("B", "A"), "g"))


def test_texts_are_compared_in_normal_form_and_shown_as_written(tmp_path: Path) -> None:
    path = written(
        tmp_path, "m.csv",
        "q,a,b,g\nW?,caf\u00e9,tea,cafe\u0301\nW?,\uff21x,b,Ax\nW?,x\u00b2,x2,x2\nW?,1.0,2,1\n",
    )  # fmt: skip
    made = own(path, Columns("q", ("a", "b"), "g", "text"))
    assert outputs(made) == ["caf\u00e9", "\uff21x", "x2", "1.0"]
    assert "g: 3 golds equal a choice but for Unicode or spaces" in made.manifest["told"]


def test_numbers_of_json_keep_their_text(tmp_path: Path) -> None:
    long = "12345678901234567890123"
    rows = f'{{"q":"W?","c":[1.50,2.0,{long}],"g":{long}}}\n{{"q":"W?","c":[1.50,1e5],"g":NaN}}\n'
    made = own(written(tmp_path, "m.jsonl", rows), Columns("q", ("c",), "g", "text"))
    assert outputs(made) == [long, None]
    line = json.loads((made.folder / "data-00000.jsonl").read_text().splitlines()[1])
    assert line["choices"] == ["1.50", "1e5"]
    array = written(tmp_path, "m.json", '[{"q":"W?","c":[1.50,2.0],"g":1.0}]')
    assert outputs(own(array, Columns("q", ("c",), "g", "0"))) == ["2.0"]


@pytest.mark.parametrize(
    ("cells", "quotes", "found", "told"),
    [
        ('"say ""hi"""\tno', None, 'say "hi"', "--quotes cells"),
        ('"say\thi"\tno', None, "say hi", "--quotes cells"),
        ('"hi"\tno', None, '"hi"', "--quotes cells takes them off"),
        ('"hi"\tno', "cells", "hi", ""),
        ('"say ""hi"""\tno', "text", '"say ""hi"""', ""),
        ('"hi\tno', None, '"hi', ""),
    ],
)
def test_quotation_marks_of_a_tsv(
    tmp_path: Path, cells: str, quotes: Any, found: str, told: str
) -> None:
    path = written(tmp_path, "m.tsv", f"q\ta\tb\tg\nW?\t{cells}\tA\n")
    made = own(path, Columns("q", ("a", "b"), "g", "letter", quotes=quotes))
    assert outputs(made) == [found]
    assert told in "".join(made.manifest["told"])
    assert bool(told) == bool(made.manifest["told"])


def test_names_in_quotation_marks_are_cells(tmp_path: Path) -> None:
    path = written(tmp_path, "m.tsv", '"q"\t"a"\t"b"\t"g"\n"W?"\t"oak"\telm\t"A"\n')
    made = own(path, AB)
    assert outputs(made) == ["oak"]
    assert "m.tsv: quotation marks surround cells (--quotes cells)" in made.manifest["told"]


def test_spaces_after_the_commas_are_no_part_of_names_or_cells(tmp_path: Path) -> None:
    path = written(tmp_path, "m.csv", 'q, a, b, g\nW?, "oak, dry", elm, A\n')
    assert outputs(own(path, Columns("q", (" a", "b "), " g"))) == ["oak, dry"]


@pytest.mark.parametrize(
    ("name", "content", "flags"),
    [
        ("dev.csv", "id,Question,option_a,option_b,answer\n1,W?,oak,elm,B\n",
         "--split validation --from-file {} --question Question --choices option_a,option_b "
         "--gold answer --gold-is letter --dry-run"),
        ("m.jsonl", '{"query":"W?","opts":{"A":"oak","B":"elm"},"label":"A","passage":"x"}\n',
         "--split train --from-file {} --question query --choices opts --gold label "
         "--gold-is letter --context passage --dry-run"),
        ("m.csv", "question,answer\nIs it?,yes\n",
         "--question question --gold answer --gold-is yesno --dry-run"),
        ("m.csv", "question,choice1,choice2,label\nW?,oak,elm,1\n",
         "--gold label --dry-run; but --from-file {}: the golds in column label (1, …) fit"),
        ("m.csv", "x,y\n1,2\n", "has: x, y"),
    ],
)  # fmt: skip
def test_without_columns_the_whole_command_is_proposed(
    tmp_path: Path, name: str, content: str, flags: str
) -> None:
    path = written(tmp_path, name, content)
    assert flags.format(path) in str(no_columns("mine", None, path))


@pytest.mark.parametrize(
    ("cell", "gold", "way", "reason"),
    [
        ({"B": "oak", "A": "elm"}, 0, "0", "'0' is a position, but the choices are named B, A"),
        (["B) oak", "A) elm"], 1, "1", "a position, but the choices are named b, a"),
        (["2. oak", "1. elm"], 1, "1", "a position, but the choices are named 2, 1"),
        ({"C": "oak", "D": "elm"}, "A", "letter", "'A' is none of the keys C, D"),
        ({"A": "oak", "B": "elm", "hint": "x"}, "A", "letter", "an object with A, B, hint"),
    ],
)
def test_a_name_of_another_choice_than_the_position_is_a_reject(
    tmp_path: Path, cell: Any, gold: Any, way: Any, reason: str
) -> None:
    good = {"q": "Which?", "c": {"A": "oak", "B": "elm"}, "g": "B" if way == "letter" else way}
    rows = [good, {"q": "Which?", "c": cell, "g": gold}]
    path = written(tmp_path, "m.jsonl", "\n".join(map(json.dumps, rows)))
    made = own(path, Columns("q", ("c",), "g", way))
    assert len(outputs(made)) == 1
    (told,) = rejects(made)
    assert reason in told


def test_the_way_that_fits_most_rows_is_taken_and_two_that_fit_as_many_are_refused(
    tmp_path: Path,
) -> None:
    golds = ["oak", "B", "B", "A", "Z"]
    rows = "".join(f"Which {n}?,oak,elm,{gold}\n" for n, gold in enumerate(golds))
    made = own(written(tmp_path, "m.csv", "q,a,b,g\n" + rows), AB)
    assert outputs(made) == ["elm", "elm", "oak"]
    told = "g: read as its letter or key (--gold-is letter), which fits 3 of 5 rows"
    assert told in made.manifest["told"]
    path = written(tmp_path, "n.csv", "q,a,b,g\nWhich?,oak,elm,0\nWho?,oak,elm,2\n")
    with pytest.raises(UsageError, match="position from 0 and as its position from 1"):
        own(path, AB)
    alone = own(written(tmp_path, "o.csv", "q,a,b,c,g\nWhich?,oak,elm,,C\n"),
                Columns("q", ("a", "b", "c"), "g"))  # fmt: skip
    assert rejects(alone) == ["g: 'C' names choice 3, which is empty"]


@pytest.mark.parametrize(
    ("golds", "told"),
    [
        (["-1", "-1"], None),
        (["nan", "-1.0"], None),
        (["-1", "Bo"], "g: -1 in 1 rows, read as a text, not as a hidden label"),
        (["yes", "no", "maybe"], "g: 2 of 3 are yes, no, true or false; as others are not, all"),
    ],
)
def test_golds_without_choices_that_may_be_hidden_or_yes_and_no_are_told(
    tmp_path: Path, golds: list[str], told: str | None
) -> None:
    rows = "".join(f"Who {n}?,{gold}\n" for n, gold in enumerate(golds))
    path = written(tmp_path, "m.csv", f"q,g\n{rows}")
    if told is not None:
        made = own(path, Columns("q", gold="g"))
        assert outputs(made) == golds
        assert any(line.startswith(told) for line in made.manifest["told"])
        return
    with pytest.raises(UsageError, match="--gold-is text, or hidden ones, with --gold-is yesno"):
        own(path, Columns("q", gold="g"))
    hidden = Columns("q", gold="g", gold_is="yesno")
    assert outputs(own(path, hidden, unlabelled=True)) == [None, None]
    with pytest.raises(SourceError, match="name the column that has the labels with --gold"):
        own(path, hidden)


def test_cells_that_may_be_no_choice_are_told(tmp_path: Path) -> None:
    cells = ["N/A,A", "\u200b,B", "nan,A", "\"['x', 'y']\",A"]
    rows = "".join(f"Which {n}?,oak,elm,{cell}\n" for n, cell in enumerate(cells))
    made = own(written(tmp_path, "m.csv", f"q,a,b,c,g\n{rows}"), Columns("q", tuple("abc"), "g"))
    lines = (made.folder / "data-00000.jsonl").read_text().splitlines()
    assert [len(json.loads(line)["choices"]) for line in lines] == [3, 2, 3, 3]
    told = "\n".join(made.manifest["told"])
    assert "a,b,c: the last choice is N/A in 1 rows; leave those cells empty" in told
    assert "a,b,c: 1 cells look like lists, and are one choice each" in told


@pytest.mark.parametrize(
    ("content", "found"),
    [
        ('q,a,b,g\nW?, "oak, dry", "elm", A\n', ["oak, dry", "elm"]),
        ('sep=,\nq,a,b,g\nW?, "oak, dry", "elm", A\n', ["oak, dry", "elm"]),
        ('q,a,b,g\nW?,oak, "elm" is it,A\n', ["oak", '"elm" is it']),
        ("\n\nq,a,b,g\nW?,oak,elm,A\n", ["oak", "elm"]),
    ],
)
def test_spaces_before_quotation_marks_and_empty_lines_before_the_header(
    tmp_path: Path, content: str, found: list[str]
) -> None:
    made = own(written(tmp_path, "m.csv", content), AB)
    (line,) = (made.folder / "data-00000.jsonl").read_text().splitlines()
    assert json.loads(line)["choices"] == found
    assert any("after a space surround cells" in it for it in made.manifest["told"]) == (
        "oak, dry" in found
    )


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"", "the file is empty"),
        (b"question,A,answer\nW\xe9?,x,A\n", "it may be WINDOWS-1252"),
        (b"question,A,B,answer\nW?,x\n", "2 fields under a header of 4"),
    ],
)
def test_without_columns_a_file_that_cannot_be_read_is_no_proposal(
    tmp_path: Path, content: bytes, says: str
) -> None:
    (tmp_path / "m.csv").write_bytes(content)
    with pytest.raises(UqaError) as raised:
        raise no_columns("mine", None, tmp_path / "m.csv")
    assert says in str(raised.value)
    assert "uqa convert" not in str(raised.value)
