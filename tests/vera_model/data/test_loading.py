"""Shards → problems: what is read, refused, left out and held out."""

import hashlib
import json
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from vera_shards import choice, converted, free_text, write_split, yes_no

from unifiedqa_convert.errors import SourceError, UsageError
from unifiedqa_convert.schema import MultipleChoice
from vera_model.data.loading import check_apart, hold_out, read_problems, same_texts, subsample
from vera_model.data.problems import Problem, Problems, model_text
from vera_model.data.shards import find_shards
from vera_model.data.text_records import read_examples

GROUPS = [
    choice(0, ["a0", "a1", "a2"], 1, context="Before."),
    yes_no(1, "b", False),
    yes_no(2, "c", None),
    choice(3, ["d0", "d1"], None),
    choice(4, ["e0", "e1", "e1"], 1, masked=frozenset({1, 2})),
    choice(5, ["f0", "f1"], 0, masked=frozenset({0, 1})),
    choice(6, ["g0", "g1", "g2"], None, golds=(0, 2)),
    choice(7, ["h0"], 0),
    free_text(8, ["i0", "i1"]),
    converted(9, MultipleChoice(question="?", choices=("x", "y"), golds=(0,)), ()),
]


def problem(number: int, *texts: str, task: str = "t") -> Problem:
    labels = (True, *[False] * (len(texts) - 1))
    return Problem(task, "train", str(number), len(texts) > 1, texts, labels)


@pytest.mark.parametrize("form", ["arrow", "parquet"])
@pytest.mark.parametrize("records", ["both", "question"])
def test_groups_become_problems_and_the_counts_add_up(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, records: Any, form: str
) -> None:
    monkeypatch.setattr("unifiedqa_convert.arrow_files.ROWS", 3)  # batches are slices of a group
    folder = write_split(tmp_path / "planted" / "train", GROUPS, records=records, form=form)
    reading = read_problems([folder], allow_sample=False)
    assert [(p.id, p.is_choice, p.texts, p.labels) for p in reading.problems] == [
        ("train-000000", True, ("Before. a1", "Before. a0", "Before. a2"), (True, False, False)),
        ("train-000001", False, ("b",), (False,)),
        ("train-000006", True, ("g0", "g1"), (True, False)),
        ("train-000007", False, ("h0",), (True,)),
        ("train-000008", False, ("i0",), (True,)),
    ]
    dropped = {"unlabelled": 2, "without a gold": 1, "masked": 1, "without statements": 1}
    assert reading.dropped == Counter(dropped)
    assert +reading.left_out == Counter({"in a dropped group": 8, "beyond the first gold": 2})
    assert reading.groups == len(GROUPS)
    assert reading.statements == sum(len(group.statements) for group in GROUPS)
    assert reading.shards[0].groups == len(GROUPS)
    assert len(reading.shards[0].sha256) == 64


@pytest.mark.parametrize("name", ["val.jsonl", "val.tsv", "rows.parquets", "data-00000.json.gz"])
def test_what_nobody_converted_is_named_with_the_command_that_does(
    tmp_path: Path, name: str
) -> None:
    (tmp_path / name).write_text('{"premise": "I sneezed.", "label": 0}\n')
    with pytest.raises(SourceError) as told:
        read_problems([tmp_path / name], allow_sample=False)
    said = str(told.value)
    assert "neither an Arrow nor a Parquet shard: convert raw rows first (`uqa convert " in said
    assert f"--raw {name}`)" in said
    assert "\n" not in said


def test_a_masked_distractor_is_left_out_and_the_problem_kept(tmp_path: Path) -> None:
    folder = write_split(tmp_path / "s", [choice(0, ["a", "b", "b"], 0, masked=frozenset({2}))])
    reading = read_problems([folder], allow_sample=False)
    assert reading.problems[0].texts == ("a", "b")
    assert +reading.left_out == Counter({"masked": 1})


def test_a_doubted_statement_leaves_out_its_whole_group(tmp_path: Path) -> None:
    """Never a single distractor: that would tell something about the label."""
    groups = [
        choice(0, ["a", "b"], 0, told=(1.0, 0.79)),
        choice(1, ["c", "d"], 0, told=(0.8, None)),
        free_text(2, ["e"]),
    ]
    folder = write_split(tmp_path / "s", groups)
    reading = read_problems([folder], allow_sample=False, min_confidence=0.8)
    assert [problem.texts for problem in reading.problems] == [("c", "d"), ("e",)]
    assert reading.dropped == Counter({"confidence below 0.8": 1})
    assert +reading.left_out == Counter({"in a dropped group": 2})
    assert reading.groups == 3
    assert reading.statements == 5
    records = read_examples([folder], "declarative", allow_sample=False, min_confidence=0.8)
    assert [record.input for record in records.problems.records()] == ["c", "d", "e"]
    assert records.dropped == reading.dropped
    assert len(read_problems([folder], allow_sample=False).problems) == 3


def test_the_context_comes_first() -> None:
    assert model_text(" It rained. ", "The street is wet.") == "It rained. The street is wet."
    assert model_text(None, "s") == model_text("", "s") == model_text(" ", "s") == "s"


def test_folders_are_searched_and_hidden_ones_skipped(tmp_path: Path) -> None:
    one = write_split(tmp_path / "copa" / "train", GROUPS)
    two = write_split(tmp_path / "copa" / "validation.sample", GROUPS)
    write_split(tmp_path / "copa" / ".test.work" / "output", GROUPS, manifest=False)
    file = one / "data-00000.arrow"
    expected = [file, two / "data-00000.arrow"]
    assert find_shards([tmp_path]) == expected
    assert find_shards([file, one, tmp_path]) == expected  # each file once


def test_an_incomplete_folder_is_named(tmp_path: Path) -> None:
    write_split(tmp_path / "a", GROUPS)
    write_split(tmp_path / "b", GROUPS, manifest=False)
    with pytest.raises(SourceError, match=r"b is incomplete, it has no manifest\.json"):
        find_shards([tmp_path])


def test_what_is_not_there_or_empty_is_named(tmp_path: Path) -> None:
    with pytest.raises(SourceError, match="nowhere does not exist"):
        find_shards([tmp_path / "nowhere"])
    with pytest.raises(SourceError, match=r"has no \.arrow or \.parquet file"):
        find_shards([tmp_path])


def test_the_order_given_is_kept(tmp_path: Path) -> None:
    """Recipe vera shuffles it with a fixed seed: another order would be another training."""
    one, two = (write_split(tmp_path / name, GROUPS, dataset=name) for name in "ba")
    assert [path.parent for path in find_shards([one, two])] == [one, two]
    assert read_problems([one, two], allow_sample=False).problems.tasks() == ["b"] * 5 + ["a"] * 5


def test_samples_are_refused_unless_allowed(tmp_path: Path) -> None:
    folder = write_split(tmp_path / "s", GROUPS, sample=True)
    with pytest.raises(UsageError, match="--allow-sample"):
        read_problems([folder], allow_sample=False)
    assert read_problems([folder], allow_sample=True).shards[0].sample


def test_a_cut_shard_is_refused(tmp_path: Path) -> None:
    file = write_split(tmp_path / "s", GROUPS * 1) / "data-00000.arrow"
    whole = file.read_bytes()
    for size in (0, 5, 100, len(whole) // 2, len(whole) - 8, len(whole) - 1):
        file.write_bytes(whole[:size])
        with pytest.raises(SourceError, match="not Parquet or Arrow, or damaged"):
            read_problems([file], allow_sample=False)
    file.write_bytes(b"x" * 40 + whole[-8:])
    with pytest.raises(SourceError, match="or damaged"):
        read_problems([file], allow_sample=False)


def test_other_layouts_are_refused(tmp_path: Path) -> None:
    statements = write_split(tmp_path / "d", [yes_no(0, "a", True)], records="declarative")
    with pytest.raises(SourceError, match="--records question or both"):
        read_problems([statements], allow_sample=False)


def test_nothing_usable_says_why(tmp_path: Path) -> None:
    folder = write_split(tmp_path / "s", [yes_no(0, "a", None), yes_no(1, "b", None)])
    with pytest.raises(UsageError, match=r"none of 2 groups can be used \(2 unlabelled\)"):
        read_problems([folder], allow_sample=False)


def test_a_split_given_twice_is_refused(tmp_path: Path) -> None:
    one = write_split(tmp_path / "a", GROUPS)
    two = write_split(tmp_path / "b", GROUPS)
    with pytest.raises(UsageError, match="given more than once, such as train-000000"):
        read_problems([one, two], allow_sample=False)


def test_the_holdout_is_a_stable_share() -> None:
    problems = Problems.of(problem(number, f"s{number}", "x") for number in range(1000))
    train, evaluation = hold_out(problems, 0.2, seed=0)
    assert 150 < len(evaluation) < 250
    assert sorted([*train, *evaluation]) == sorted(problems)
    fewer = hold_out(
        problems.take(range(999, -1, -2)), 0.2, seed=0
    )  # other data, other order: the same sides
    assert set(fewer.evaluation) == set(evaluation) & set(problems[::-2])
    assert set(hold_out(problems, 0.2, seed=1).evaluation) != set(evaluation)


@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize("seed", range(8))
def test_a_few_problems_still_fall_on_both_sides(count: int, seed: int) -> None:
    train, evaluation = hold_out(Problems.of(problem(n, f"s{n}") for n in range(count)), 0.2, seed)
    assert train
    assert evaluation
    assert len(train) + len(evaluation) == count


def test_one_problem_can_not_be_split() -> None:
    with pytest.raises(UsageError, match="give more data, or --valid"):
        hold_out(Problems.of([problem(0, "s")]), 0.2, 0)


def test_trained_problems_are_never_evaluated_in_silence() -> None:
    train = Problems.of([problem(0, "a", "b"), problem(1, "c")])
    with pytest.raises(UsageError, match="1 of 2 problems of --valid are in --data too"):
        check_apart(train, Problems.of([problem(1, "c"), problem(2, "d")]))
    check_apart(train, Problems.of([problem(1, "c", task="another")]))
    assert same_texts(train, [problem(5, "b", "a"), problem(6, "c"), problem(7, "a")]) == 2


def upstreams(folder: Path, task: str, items: list[tuple[list[str], list[str]]]) -> Path:
    """A file of upstream's, at its place."""
    path = folder / task / "dev.json"
    path.parent.mkdir(parents=True)
    path.write_text(json.dumps([{"golds": g, "distractors": d} for g, d in items]))
    return path


ITEMS = [
    (["g0"], ["x0", "y0"]),
    ([], ["x1", "y1"]),
    (["g2"], []),
    ([], ["x3"]),
    (["g4"], ["G4 ", "x4"]),
    (["g5", "h5"], ["x5"]),
    (["g6"], ["", "x6"]),
    ([], []),
]


def test_upstreams_json_is_read_cleanly(tmp_path: Path) -> None:
    reading = read_problems([upstreams(tmp_path, "sciq", ITEMS)], allow_sample=False)
    assert [(p.id, p.is_choice, p.texts, p.labels[0]) for p in reading.problems] == [
        ("dev-000000", True, ("g0", "x0", "y0"), True),
        ("dev-000002", False, ("g2",), True),
        ("dev-000003", False, ("x3",), False),
        ("dev-000005", True, ("g5", "x5"), True),
        ("dev-000006", True, ("g6", "x6"), True),
    ]
    assert reading.dropped == Counter({"without a gold": 2, "without statements": 1})
    assert +reading.left_out == Counter(
        {"in a dropped group": 5, "beyond the first gold": 1, "blank": 1}
    )
    assert (reading.shards[0].dataset, reading.shards[0].split) == ("sciq", "dev")
    assert reading.groups == len(ITEMS)
    assert reading.statements == sum(len(g) + len(d) for g, d in ITEMS)


def test_upstreams_json_is_read_as_upstream_reads_it(tmp_path: Path) -> None:
    path = upstreams(tmp_path, "sciq", ITEMS)
    reading = read_problems([path], allow_sample=False, recipe="vera")
    assert [(p.id[-1], p.is_choice, p.texts, p.labels[0]) for p in reading.problems] == [
        ("0", True, ("g0", "x0", "y0"), True),
        ("1", True, ("x1", "y1"), False),
        ("2", True, ("g2",), True),
        ("3", True, ("x3",), False),
        ("4", True, ("g4", "G4 ", "x4"), True),
        ("5", True, ("g5", "x5"), True),
        ("6", True, ("g6", "x6"), True),
    ]
    assert reading.statements == sum(len(g) + len(d) for g, d in ITEMS)
    lone = upstreams(tmp_path, "csqa2", ITEMS[2:4])
    unknown = upstreams(tmp_path, "mine", ITEMS[2:4])
    for file in (lone, unknown):
        reading = read_problems([file], allow_sample=False, recipe="vera")
        assert [p.is_choice for p in reading.problems] == [False, False]


def test_masks_are_ignored_under_vera_only(tmp_path: Path) -> None:
    folder = write_split(tmp_path / "s", [GROUPS[4], GROUPS[5]])
    reading = read_problems([folder], allow_sample=False, recipe="vera")
    assert [p.texts for p in reading.problems] == [("e1", "e0", "e1"), ("f0", "f1")]


@pytest.mark.parametrize("text", ["{}", "[1]", '[{"golds": ["a"]}]', '[{"golds": 1}', "[", "nan"])
def test_what_is_not_upstreams_json_is_named(tmp_path: Path, text: str) -> None:
    path = tmp_path / "train.json"
    path.write_text(text)
    with pytest.raises(SourceError, match=r"train\.json"):
        read_problems([path], allow_sample=False)


def test_a_converted_vera_sample_is_refused(tmp_path: Path) -> None:
    path = upstreams(tmp_path, "copa", ITEMS)
    facts = {"format": "vera", "dataset": "mine", "split": "validation", "sample": True}
    path.with_name("manifest.json").write_text(json.dumps(facts))
    with pytest.raises(UsageError, match="--allow-sample"):
        read_problems([path], allow_sample=False)
    assert read_problems([path], allow_sample=True).shards[0].dataset == "mine"


def test_views_read_what_is_asked_for() -> None:
    problems = Problems.of(problem(n, f"s{n}", "x", task=f"t{n % 2}") for n in range(6))
    view = problems.take([4, 1])
    assert [p.texts[0] for p in view] == ["s4", "s1"]
    assert [key.task for key in view.names()] == view.tasks() == ["t0", "t1"]
    assert view[1:][0].id == view[-1].id == "1"
    assert view.digest() != problems.digest() != problems.take([1, 4]).digest()
    assert problems.digest() == Problems.of(list(problems)).digest()


def test_a_subsample_is_each_datasets_own() -> None:
    problems = Problems.of(problem(n, "s", "x", task="ab"[n >= 30]) for n in range(40))
    few = subsample(problems, 20)
    assert few.tasks() == ["a"] * 20 + ["b"] * 10
    ids = [int(key.id) for key in few.names()]
    assert sorted(ids[:20]) != ids[:20]  # upstream's draw is in its own order
    assert ids[20:] == list(range(30, 40))  # nothing to leave out, nothing reordered


@pytest.mark.shared
@pytest.mark.parametrize("size", [2000, 2001, 2500, 10000])
def test_the_subsample_is_upstreams(shared: Path, size: int) -> None:
    recorded = json.loads((shared / "golden/vera/train/sampling_order.json").read_text())
    wanted = recorded["dev_sample"][str(size)]
    problems = Problems.of(problem(n, "s") for n in range(size))
    ids = [key.id for key in subsample(problems, 2000).names()]
    assert len(ids) == wanted["kept"]
    assert hashlib.sha256(",".join(ids).encode()).hexdigest() == wanted["sha256_of_comma_joined"]
