"""Shards → problems: what is read, refused, left out and held out."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
from vera_shards import choice, converted, free_text, write_split, yes_no

from unifiedqa_convert.errors import SourceError, UsageError
from unifiedqa_convert.schema import MultipleChoice
from vera_model.data import (
    Problem,
    check_apart,
    find_shards,
    hold_out,
    model_text,
    read_problems,
    same_texts,
)

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


@pytest.mark.parametrize("records", ["both", "question"])
def test_groups_become_problems_and_the_counts_add_up(tmp_path: Path, records: Any) -> None:
    folder = write_split(tmp_path / "planted" / "train", GROUPS, records=records)
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


def test_a_masked_distractor_is_left_out_and_the_problem_kept(tmp_path: Path) -> None:
    folder = write_split(tmp_path / "s", [choice(0, ["a", "b", "b"], 0, masked=frozenset({2}))])
    reading = read_problems([folder], allow_sample=False)
    assert reading.problems[0].texts == ("a", "b")
    assert +reading.left_out == Counter({"masked": 1})


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
    with pytest.raises(SourceError, match="nowhere is not there"):
        find_shards([tmp_path / "nowhere"])
    with pytest.raises(SourceError, match=r"holds no \.arrow file"):
        find_shards([tmp_path])


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
        with pytest.raises(SourceError, match="cut short"):
            read_problems([file], allow_sample=False)
    file.write_bytes(b"x" * 40 + whole[-8:])
    with pytest.raises(SourceError, match="can't be read"):
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
    problems = [problem(number, f"s{number}", "x") for number in range(1000)]
    train, evaluation = hold_out(problems, 0.2, seed=0)
    assert 150 < len(evaluation) < 250
    assert sorted([*train, *evaluation]) == sorted(problems)
    fewer = hold_out(problems[::-2], 0.2, seed=0)  # other data, other order: the same sides
    assert set(fewer.evaluation) == set(evaluation) & set(problems[::-2])
    assert set(hold_out(problems, 0.2, seed=1).evaluation) != set(evaluation)


@pytest.mark.parametrize("count", [2, 3, 4])
@pytest.mark.parametrize("seed", range(8))
def test_a_few_problems_still_fall_on_both_sides(count: int, seed: int) -> None:
    train, evaluation = hold_out([problem(n, f"s{n}") for n in range(count)], 0.2, seed)
    assert train
    assert evaluation
    assert len(train) + len(evaluation) == count


def test_one_problem_can_not_be_split() -> None:
    with pytest.raises(UsageError, match="give more, or --valid"):
        hold_out([problem(0, "s")], 0.2, 0)


def test_trained_problems_are_never_evaluated_in_silence() -> None:
    train = [problem(0, "a", "b"), problem(1, "c")]
    with pytest.raises(UsageError, match="1 of 2 problems of --valid are in --data too"):
        check_apart(train, [problem(1, "c"), problem(2, "d")])
    check_apart(train, [problem(1, "c", task="another")])
    assert same_texts(train, [problem(5, "b", "a"), problem(6, "c"), problem(7, "a")]) == 2
