"""Rows that ask the same: counted by `uqa convert`, found by `uqa check`, in every format."""

import hashlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest

from unifiedqa_convert.check import check_path, report_lines
from unifiedqa_convert.check.findings import Findings
from unifiedqa_convert.check.several_rows import Asked
from unifiedqa_convert.conversion.pipeline import convert
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.records.formats import FORMATS, Format
from unifiedqa_convert.records.profiles import Records
from unifiedqa_convert.rows.own.columns import Columns

REPEATS = ("contradictory-rows", "equal-row", "duplicate-row", "duplicate-group", "in-two-splits")
LAYOUTS = [(to, records) for to, form in FORMATS.items() for records in form.records]


def output(
    folder: Path,
    rows: Sequence[str],
    to: Format = "jsonl",
    records: Records | None = None,
    *,
    header: str = "question,a,b,gold",
    split: str = "train",
    gold_is: Any = "letter",
    **more: Any,
) -> Path:
    """The output of a file of one's own, in shards of two rows."""
    raw = folder / f"{split}.csv"
    raw.write_text("\n".join([header, *rows]) + "\n")
    names = header.split(",")
    choices = tuple(name for name in names if name in "abcd")
    columns = Columns(
        "question", choices, "gold", gold_is, context="context" if "context" in names else None
    )
    request = Request(
        dataset="mine", split=split, from_file=raw, columns=columns, to=to, records=records,
        **{"out": folder / "out", "shard_rows": 2, "question_converter": "rules", **more},
    )  # fmt: skip
    return convert(request).folder


def manifest(folder: Path) -> Any:
    return json.loads((folder / "manifest.json").read_bytes())


def repeats(path: Path) -> dict[str, int]:
    counts = check_path(path).counts
    return {trap: counts[trap] for trap in REPEATS if trap in counts}


def edit(folder: Path, change: Callable[[Any], object]) -> None:
    found = manifest(folder)
    change(found)
    (folder / "manifest.json").write_text(json.dumps(found))


ROWS = [
    ("Who barks?,dog,tree,a", "Who barks?,dog,tree,b", (2, 0)),  # another gold
    ("Who barks?,dog,tree,a", "Who barks?,tree,dog,a", (2, 0)),  # in another order
    ("Who barks?,dog,tree,a", "Who barks?,tree,dog,b", (0, 1)),  # in another order, equal
    ("Who barks?,dog,tree,a", "who  BARKS?,Tree,DOG,b", (0, 1)),  # case and white space
    ("Who barks?,dog,tree,a", "Who barks? ,Dog, tree ,b", (2, 0)),
    ("Who barks?,dog,tree,a", "Who barks?,dog,trees,b", (0, 0)),  # other choices
    ("Who barks?,dog,tree,a", "Who barks,dog,tree,b", (0, 0)),  # another question
    ("Wer bellt?,Straße,Hund,b", "Wer bellt?,STRASSE,hund,b", (0, 1)),  # ß and SS fold alike
    ("Qui aboie?,caf\u00e9,chien,b", "Qui aboie?,chien,CAFE\u0301,a", (0, 1)),  # one letter or two
    ("Who barks?,dog | tree,a,a", "Who barks?,dog,tree | a,a", (0, 0)),
]


@pytest.mark.parametrize(("one", "two", "counts"), ROWS)
@pytest.mark.parametrize("to", ["jsonl", "tsv"])
def test_two_rows(tmp_path: Path, one: str, two: str, counts: tuple[int, int], to: Format) -> None:
    folder = output(tmp_path, [one, two], to)
    repeated = manifest(folder)["repeated"]
    assert (repeated["contradictory"], repeated["equal"]) == counts
    found = repeats(folder)
    assert found == {
        **({"contradictory-rows": 1} if counts[0] else {}),
        **({"equal-row": 1} if counts[1] else {}),
    }
    assert check_path(folder).ok


def test_contexts_tell_rows_apart(tmp_path: Path) -> None:
    header = "question,context,a,b,gold"
    rows = ["Who?,It was Ann.,Ann,Bob,a", "Who?,It was Bob.,Ann,Bob,b", "Who?,,Ann,Bob,b",
            "Who?, ,Ann,Bob,a", "Who? It was Ann.,,Ann,Bob,b"]  # fmt: skip
    folder = output(tmp_path, rows, header=header)
    assert manifest(folder)["repeated"]["contradictory"] == 2  # of no context
    (finding,) = check_path(folder).findings
    assert finding.detail == "1, 2"


@pytest.mark.parametrize("to", ["jsonl", "tsv"])
def test_yes_and_no_and_free_answers(tmp_path: Path, to: Format) -> None:
    rows = ["Do dogs bark?,yes", "do dogs bark?,no", "Do dogs fly?,no", "Do dogs fly?,no"]
    folder = output(tmp_path, rows, to, header="question,gold", gold_is="yesno")
    repeated = manifest(folder)["repeated"]
    assert (repeated["contradictory"], repeated["equal"]) == (2, 1)
    found = repeats(folder)
    assert found.pop("contradictory-rows") == 1
    assert sum(found.values()) == 1
    rows = ["Who barks?,a dog", "Who barks?,a fox", "Who barks?,A  Dog"]
    free = output(tmp_path, rows, to, header="question,gold", gold_is="text", out=tmp_path / "free")
    repeated = manifest(free)["repeated"]
    assert (repeated["contradictory"], repeated["equal"]) == (0, 1), "both answers may be true"
    assert repeats(free) == {"equal-row": 1}


MIXED = ["Who barks?,dog,tree,a", "Who sings?,bird,tree,a", "Who barks?,tree,dog,a",
         "Who sings?,tree,bird,b", "Who swims?,fish,stone,a"]  # fmt: skip


@pytest.mark.parametrize(("to", "records"), LAYOUTS)
def test_every_format_has_the_same_checks(tmp_path: Path, to: Format, records: Records) -> None:
    folder = output(tmp_path, MIXED, to, records, shard_rows=9)
    assert (manifest(folder)["repeated"]["contradictory"],) == (2,)
    report = check_path(folder)
    assert report.ok
    found = repeats(folder)
    statements = records == "declarative" and to == "tsv"  # a line each, which are not together
    assert found["contradictory-rows"] == (2 if statements else 1)
    again = sum(found.get(trap, 0) for trap in ("equal-row", "duplicate-row", "duplicate-group"))
    assert again == (2 if statements else 1)
    if to in ("tsv", "vera"):
        (file,) = folder.glob("data-*")
        assert repeats(file) == found


@pytest.mark.parametrize(("to", "records"), LAYOUTS)
def test_no_repeats_no_findings(tmp_path: Path, to: Format, records: Records) -> None:
    rows = ["Who barks?,dog,tree,a", "Who sings?,bird,tree,a", "Who grows?,dog,tree,b"]
    assert check_path(output(tmp_path, rows, to, records)).findings == ()


def test_a_foreign_vera_json(tmp_path: Path) -> None:
    path = tmp_path / "groups.json"
    one, two = "A dog barks.", "A tree barks."
    groups = [([one], [two]), ([two], [one]), (["It  rains."], ["It snows."])]
    groups += [(["It rains."], ["it snows."]), ([], ["Ice is hot."]), (["Ice is hot."], [])]
    path.write_text(json.dumps([{"golds": g, "distractors": d} for g, d in groups]))
    report = check_path(path)
    found = {f.trap: (f.number, f.detail) for f in report.findings if f.trap in REPEATS}
    assert found["equal-row"] == (4, "groups.json group 3")
    details = [f.detail for f in report.findings if f.trap == "contradictory-rows"]
    assert details == ["1, 2", "5, 6"]


SWAPPED = '"golds":[0]', '"golds":[1]'


@pytest.mark.parametrize(
    ("change", "trap"),
    [
        (lambda m: m["repeated"].update(contradictory=0), "wrong-count"),
        (lambda m: m["repeated"].update(equal=0), "wrong-count"),
        (lambda m: m["repeated"].update(equal="none"), "manifest-unreadable"),
        (lambda m: m["repeated"].update(other_splits={"test": 1}), "edited-manifest"),
        (lambda m: m.update(license="MIT"), "edited-manifest"),
    ],
)
@pytest.mark.parametrize(("to", "records"), [(to, form.records[0]) for to, form in FORMATS.items()])
def test_an_edited_manifest_is_found(
    tmp_path: Path, to: Format, records: Records, change: Callable[[Any], object], trap: str
) -> None:
    folder = output(tmp_path, MIXED, to, records)
    assert check_path(folder).ok or to == "vera"
    edit(folder, change)
    counts = check_path(folder).counts
    assert {name for name in counts if name not in REPEATS} == {trap}
    (tmp_path / "out/mine/.train.row-hashes").unlink()
    assert not check_path(folder).ok, "without the hashes beside it, too"


def test_edited_golds_are_found(tmp_path: Path) -> None:
    folder = output(tmp_path, MIXED)
    edit(folder, lambda m: m["counts"]["golds"].update({"2": {"a": 5}}))
    assert check_path(folder).counts["wrong-count"] == 2  # of (a) and of (b)


def test_another_row_that_is_listed_anew_is_found(tmp_path: Path) -> None:
    """No count changes, and the file has the digest that the manifest was given."""
    folder = output(tmp_path, ["Who barks?,dog,tree,a", "Who sings?,bird,tree,a"])
    path = folder / "data-00000.jsonl"
    path.write_text(path.read_text().replace("Who barks?", "Who growls?"))

    def relist(found: Any) -> None:
        entry = found["files"][0]
        entry["bytes"] = path.stat().st_size
        entry["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()

    edit(folder, relist)
    assert check_path(folder).counts == {"other-rows": 1}


def test_hashes_of_another_output_are_not_compared(tmp_path: Path) -> None:
    """As many rows, but others: the split was copied from elsewhere."""
    output(tmp_path, MIXED, split="train")
    (tmp_path / "other").mkdir()
    other = output(tmp_path / "other", [row.replace("Who", "What") for row in MIXED])
    hashes = other.with_name(".train.row-hashes")
    (tmp_path / "out/mine/.train.row-hashes").write_bytes(hashes.read_bytes())
    folder = output(tmp_path, MIXED[:2], split="test")
    assert manifest(folder)["repeated"]["not_compared"] == ["train"]


def test_shares_splits_limits_and_overwriting(tmp_path: Path) -> None:
    rows = [f"Who is {n}?,dog,tree,a" for n in range(6)]
    for index in (0, 1):
        output(tmp_path, [*rows, "Who is 1?,dog,tree,b"], shard_index=index, num_shards=2)
    # The shares' shards are taken in turn: 1 is in the first one's, and so is its other gold.
    parts = sorted((tmp_path / "out/mine").glob("train.*"))
    assert sum(manifest(part)["repeated"]["contradictory"] for part in parts) in (0, 2)
    assert repeats(tmp_path / "out") == {"contradictory-rows": 1}
    test = output(tmp_path, rows[:3], split="test")
    assert manifest(test)["repeated"]["other_splits"] == {"train": 3}
    assert repeats(tmp_path / "out")["in-two-splits"] == 4  # of train's, with the other gold
    again = output(tmp_path, rows[:3], split="test", limit=1, overwrite=True)
    assert manifest(again)["repeated"]["other_splits"] == {"train": 1}
    counts = check_path(tmp_path / "out").counts
    assert counts["in-two-splits"] == 1
    # The whole split beside its shares is told once, not row by row.
    output(tmp_path, [*rows, "Who is 1?,dog,tree,b"])
    counts = check_path(tmp_path / "out").counts
    assert counts["split-twice"] == 1
    assert "equal-row" not in counts


def test_a_stopped_run_counts_what_an_unstopped_one_counts(tmp_path: Path) -> None:
    (tmp_path / "whole").mkdir()
    whole = manifest(output(tmp_path / "whole", MIXED * 3))

    def stop(rows: int) -> None:
        if rows > 6:
            raise KeyboardInterrupt

    raw = tmp_path / "whole/train.csv"
    request = Request(
        dataset="mine", split="train", from_file=raw, to="jsonl", shard_rows=2,
        columns=Columns("question", ("a", "b"), "gold", "letter"), out=tmp_path / "out",
        question_converter="rules",
    )  # fmt: skip
    with pytest.raises(KeyboardInterrupt):
        convert(request, stop)
    result = convert(request)
    assert result.resumed_shards
    assert result.manifest == whole
    assert result.manifest["repeated"]["contradictory"] == 6


def test_a_sample_is_not_compared_with_rows(tmp_path: Path) -> None:
    made = [
        convert(
            Request(dataset="copa", split="train", source="sample", to="jsonl", out=tmp_path / "a")
        ).folder
    ]
    assert not repeats(made[0])
    rows = [
        {"premise": "It rained.", "choice1": "I got wet.", "choice2": "I got dry.",
         "question": "effect", "label": 0, "idx": 0}
    ]  # fmt: skip
    raw = tmp_path / "train.jsonl"
    raw.write_text("".join(json.dumps(row) + "\n" for row in rows))
    request = Request(dataset="copa", split="train", raw=(raw,), to="jsonl", out=tmp_path / "a")
    assert manifest(convert(request).folder)["repeated"]["other_splits"] == {}
    assert "in-two-splits" not in check_path(tmp_path / "a").counts


@pytest.mark.parametrize("profile", ["canonical", "unifiedqa", "unifiedqa-train", "rainier"])
def test_profiles_count_what_they_write(tmp_path: Path, profile: str) -> None:
    """Texts that a profile writes otherwise are counted as they are written, and so by check."""
    rows = ["Who 'barks'?,dog,tree,a", "Who barks?,dog,tree,b", "Who  sings?,a\tbird,tree,a",
            "Who sings?,A bird,tree,a", "Who sits (a) there?,x (b) y,z,b"]  # fmt: skip
    folder = output(tmp_path, rows, profile=profile)
    counts = check_path(folder).counts
    assert not {"wrong-count", "other-rows", "edited-manifest"} & set(counts), counts


def test_memory_is_a_few_bytes_a_row(tmp_path: Path) -> None:
    """What is kept of a million rows is 24 MB; their texts are not kept."""
    asked, found = Asked(), Findings({}, {"equal-row": "again {}"})
    asked.begin(tmp_path, "line", "train")
    for number in range(5_000):
        asked.add((f"Question {number % 4_999}?", ("a", "b"), "a"), number)
    stored = (asked._asked, asked._golds, asked._numbers)
    assert sum(column.itemsize for column in stored) == 24
    assert len(asked) == 5_000
    asked.report(found)
    assert [finding.number for finding in found.listed] == [4_999]


def test_the_lines_for_people(tmp_path: Path) -> None:
    lines = report_lines(check_path(output(tmp_path, MIXED)))
    assert any("contradictory-rows" in line and "line 1" in line for line in lines)


@pytest.mark.parametrize("to", ["jsonl", "tsv", "vera"])
def test_several_golds_and_a_line_for_each_choice(tmp_path: Path, to: Format) -> None:
    """TruthfulQA's mc2 as it is published: the TSV has no choices, but a line for each."""

    def row(question: str, labels: dict[str, int]) -> dict[str, Any]:
        target = {"choices": list(labels), "labels": list(labels.values())}
        return {"question": question, "mc1_targets": target, "mc2_targets": target}

    rows = [row("Is it dark?", {"No.": 1, "Not at all.": 1, "Yes.": 0}),
            row("Is it dark?", {"No.": 1, "Not at all.": 0, "Yes.": 0}),
            row("Is it hot?", {"No.": 1, "Not at all.": 1, "Yes.": 0}),
            row("Is it hot?", {"Yes.": 0, "Not at all.": 1, "No.": 1})]  # fmt: skip
    raw = tmp_path / "validation.jsonl"
    raw.write_text("".join(json.dumps(one) + "\n" for one in rows))
    folder = convert(
        Request(
            dataset="truthfulqa_mc2", split="validation", raw=(raw,), to=to, recipe="vera",
            out=tmp_path / "out", question_converter="rules",
        )
    ).folder  # fmt: skip
    repeated = manifest(folder)["repeated"]
    assert (repeated["contradictory"], repeated["equal"]) == (2, 1)
    found = repeats(folder)
    assert found.pop("contradictory-rows") == 1
    assert found == ({"duplicate-row": 5} if to == "tsv" else {"equal-row": 1})
