"""What a user's own rows say about their columns is settled and told, or refused; never guessed."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from unifiedqa_convert.conversion.pipeline import Result, convert
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.errors import SourceError, UsageError
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
