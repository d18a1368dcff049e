"""Problems → token ids → tensors: limits, the cache, order and padding."""

import json
import logging
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from transformers import T5Tokenizer

from unifiedqa_convert.errors import OutputError
from vera_model.config import TrainConfig, from_preset
from vera_model.data.batching import collate, epoch_batches, static_batches
from vera_model.data.loading import read_problems
from vera_model.data.problems import Problem, Problems
from vera_model.data.tokenized import (
    TextLimits,
    TokenizedProblems,
    token_file,
    token_ids,
    tokenize,
)
from vera_model.model.tokenizer import train_tokenizer

WORDS = "one two three four five six seven eight nine ten".split()
TOKENIZER = train_tokenizer([" ".join(WORDS), *WORDS], 60)


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("UQA_CACHE", str(tmp_path / "cache"))
    return tmp_path / "cache"


def config(**given: object) -> TrainConfig:
    return from_preset(data=[Path("d")], out=Path("o"), **given)


def problem(number: int, *texts: str, gold: bool = True) -> Problem:
    labels = (gold, *[False] * (len(texts) - 1))
    return Problem("t", "train", str(number), len(texts) > 1, texts, labels)


def encoded(*problems: Problem, limit: int | None = 4, **given: object) -> TokenizedProblems:
    return tokenize(Problems.of(problems), TOKENIZER, config(**given), limit)


def ids_of(batches: Any) -> list[str]:
    return [one.problem.id for batch in batches for one in batch]


def test_the_limit_keeps_the_gold_and_the_first_distractors() -> None:
    encoding = encoded(problem(0, *WORDS[:6]), problem(1, "ten"))
    assert [len(p.tokens) for p in encoding] == [4, 1]
    assert encoding[0].labels == (True, False, False, False)
    assert (encoding.statements, encoding.over_limit, encoding.cut) == (5, 2, 0)
    assert TOKENIZER.decode(encoding[0].tokens[0], skip_special_tokens=True) == "one"


@pytest.mark.parametrize(("cut", "kept"), [("start", "ten"), ("end", "one")])
def test_long_texts_are_cut_where_asked_and_keep_their_end_mark(cut: str, kept: str) -> None:
    long = problem(0, " ".join(WORDS))
    encoding = encoded(long, limit=None, max_tokens=6, cut=cut)
    (tokens,) = encoding[0].tokens
    assert len(tokens) == 6
    assert tokens[-1] == TOKENIZER.eos_token_id
    text = TOKENIZER.decode(tokens, skip_special_tokens=True)
    assert text.endswith(kept) if cut == "start" else text.startswith(kept)
    assert encoding.cut == 1


def test_a_batch_is_padded_to_its_longest_only() -> None:
    given = encoded(problem(0, "one", "two"), problem(1, "three"))
    batch = collate(given, TOKENIZER.pad_token_id)
    assert batch.input_ids.shape == (3, max(p.longest for p in given))
    assert torch.equal(batch.attention_mask.bool(), batch.input_ids != TOKENIZER.pad_token_id)
    assert batch.mask.tolist() == [[True, True], [True, False]]
    assert batch.labels.tolist() == [[True, False], [True, False]]
    assert batch.is_choice.tolist() == [True, False]


def test_a_choice_cut_to_its_gold_is_no_choice() -> None:
    assert collate(encoded(problem(0, "one", "two"), limit=1), 0).is_choice.tolist() == [False]


def test_upstreams_choice_of_one_statement_stays_a_choice() -> None:
    lone = problem(0, "one")._replace(is_choice=True)
    assert collate(encoded(lone, limit=4), 0).is_choice.tolist() == [True]


def test_the_limit_is_one_of_distractors() -> None:
    """Upstream keeps three distractors; where there is no gold there are three statements."""
    given = encoded(problem(0, *WORDS[:6], gold=False), problem(1, "one", gold=False))
    assert [one.problem.texts for one in given] == [("one", "two", "three"), ("one",)]


def many(count: int = 103) -> TokenizedProblems:
    return encoded(*(problem(n, " ".join(WORDS[: 1 + n % 10])) for n in range(count)))


def test_every_epoch_has_every_problem_once_in_its_own_order() -> None:
    given = many()

    def ids(seed: int, epoch: int) -> list[str]:
        return ids_of(epoch_batches(given, 4, seed, epoch))

    assert ids(1, 0) == ids(1, 0)
    assert sorted(ids(1, 0)) == sorted(ids(1, 1)) == sorted(str(n) for n in range(103))
    assert len({tuple(ids(seed, epoch)) for seed in (1, 2) for epoch in (0, 1)}) == 4
    batches = epoch_batches(given, 4, 1, 0)
    assert sorted({len(batch) for batch in batches}) == [3, 4]
    padded = sum(max(p.longest for p in batch) * len(batch) for batch in batches)
    assert padded < 1.2 * given.longest().sum()  # like lengths share a batch


@pytest.mark.parametrize("most", [1, 20, 60, 10_000])
def test_a_budget_of_tokens_is_kept(most: int) -> None:
    batches = epoch_batches(many(), 4, 1, 0, most_tokens=most)
    assert sorted(ids_of(batches)) == sorted(str(n) for n in range(103))
    sizes = [sum(len(row) for one in batch for row in one.tokens) for batch in batches]
    assert all(size <= most or len(batch) == 1 for size, batch in zip(sizes, batches, strict=True))
    if most == 60:
        assert np.mean(sizes) > 45  # and it is used


def test_batches_can_be_begun_in_the_middle() -> None:
    batches = epoch_batches(many(), 4, 1, 0)
    assert ids_of(batches[5:]) == ids_of(batches)[sum(len(b) for b in batches[:5]) :]


def test_sampled_distractors_change_with_the_epoch_and_with_nothing_else() -> None:
    given = encoded(*(problem(n, *WORDS[:8]) for n in range(50)), limit=3)

    def drawn(epoch: int) -> dict[str, tuple[str, ...]]:
        batches = epoch_batches(given, 4, 1, epoch, sample=True)
        return {one.problem.id: one.problem.texts for batch in batches for one in batch}

    assert drawn(0) == drawn(0) != drawn(1)
    assert all(len(texts) == 3 and texts[0] == "one" for texts in drawn(0).values())
    chosen = [text for texts in drawn(0).values() for text in texts[1:]]
    assert set(chosen) == set(WORDS[1:8])
    assert max(map(chosen.count, WORDS[1:8])) < 30  # of 100; 14 expected
    one = next(iter(epoch_batches(given, 1, 1, 0, sample=True)))[0]
    text = TOKENIZER.decode(one.tokens[2], skip_special_tokens=True)
    assert text == one.problem.texts[2]  # tokens and texts are drawn together


def test_upstreams_order_is_one_for_all_epochs_and_drops_the_rest() -> None:
    batches = static_batches(many(), 4)
    assert len(batches) == 25
    assert {len(batch) for batch in batches} == {4}


def test_tokens_are_made_once(cache: Path) -> None:
    problems = Problems.of([problem(0, "one two", "three"), problem(1, "four")])
    limits = TextLimits(128, "start")
    first = token_file(problems, TOKENIZER, limits, None)
    (file,) = (cache / "tokens").iterdir()
    written = file.stat()
    again = token_file(problems, TOKENIZER, limits, None)
    assert file.stat() == written  # mapped, not rewritten
    assert [again[n].tolist() for n in range(3)] == [first[n].tolist() for n in range(3)]
    token_file(problems.take([1, 0]), TOKENIZER, limits, None)
    token_file(problems, TOKENIZER, TextLimits(3, "start"), None)
    token_file(problems, train_tokenizer(WORDS, 60), limits, None)
    names = [path.name for path in (cache / "tokens").iterdir()]
    assert len(names) == 4
    assert all(name.endswith(".arrow") for name in names)  # nothing temporary is left
    TOKENIZER(["one", "two three"], padding=True, truncation=True, max_length=3)
    token_file(problems, TOKENIZER, limits, None)  # its last use is no part of a tokenizer
    assert len(list((cache / "tokens").iterdir())) == 4


def test_a_cache_that_can_not_be_written_is_named(cache: Path) -> None:
    cache.write_text("a file is in the way")
    with pytest.raises(OutputError, match="UQA_CACHE"):
        token_file(Problems.of([problem(0, "one")]), TOKENIZER, TextLimits(9, "end"), None)


def test_no_start_mark_and_one_end_mark() -> None:
    found = token_ids(TOKENIZER, ["one", "one two three four"], TextLimits(4, "end"))
    assert [row[-1] for row in found.ids] == [TOKENIZER.eos_token_id] * 2
    assert (found.lost, found.edge, found.unknown) == ([0, 1], [0, len("one two three")], [0, 0])
    assert token_ids(TOKENIZER, [], TextLimits(4, "end")) == ([], [], [], [])


def test_only_our_own_warning_tells_that_texts_are_cut(
    caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The library's says that indexing errors will result."""
    monkeypatch.setattr(logging.getLogger("transformers"), "propagate", True)
    tokenizer = train_tokenizer(["one two three four"], 30)
    tokenizer.model_max_length = 4
    token_ids(tokenizer, ["one two three four one two three four"], TextLimits(4, "end"))
    assert caplog.text == ""


@pytest.mark.shared
def test_token_ids_are_upstreams(shared: Path) -> None:
    tokenizer = T5Tokenizer.from_pretrained(shared / "golden/vera/tiny-t5")
    cases = json.loads((shared / "golden/vera/train/tokenization.json").read_text())
    ids = token_ids(tokenizer, [case["text"] for case in cases], TextLimits(128, "end")).ids
    assert ids == [case["ids"] for case in cases]


@pytest.mark.shared
def test_the_training_order_is_upstreams(shared: Path) -> None:
    golden = shared / "golden/vera/train"
    tokenizer = T5Tokenizer.from_pretrained(shared / "golden/vera/tiny-t5")
    paths = [golden / "data" / task / "train.json" for task in ("sciq", "copa", "csqa2")]
    reading = read_problems(paths, allow_sample=False, recipe="vera")
    given = tokenize(reading.problems, tokenizer, config(cut="end"), 4)
    batches = static_batches(given, 4)
    found = [
        [one.problem.task, int(one.problem.id.split("-")[-1])] for batch in batches for one in batch
    ]
    assert found == json.loads((golden / "train_order.json").read_text())["order"]
    sampled = json.loads((golden / "sampling_order.json").read_text())["train_shuffle"]
    for size in (5, 20, 192):
        few = tokenize(reading.problems.take(range(size)), tokenizer, config(cut="end"), 4)
        places = [list(reading.problems).index(one.problem) for [one] in static_batches(few, 1)]
        assert places == sampled[str(size)]
    recorded = json.loads((golden / "loss_grid_train8.json").read_text())
    batch = collate([given[_place(reading.problems, case)] for case in recorded["problems"]], 0)
    assert batch.is_choice.tolist() == [bool(case["is_mc"]) for case in recorded["problems"]]
    rows = [ids for case in recorded["problems"] for ids in case["token_ids"]]
    for row, mask, expected in zip(batch.input_ids, batch.attention_mask, rows, strict=True):
        assert row[mask.bool()].tolist() == expected
    first = [bool(case["first_is_correct"]) for case in recorded["problems"]]
    assert batch.labels[:, 0].tolist() == first
    assert not batch.labels[:, 1:].any()
    assert torch.equal(
        batch.mask.sum(1), torch.tensor([len(c["sources"]) for c in recorded["problems"]])
    )


def _place(problems: Problems, case: dict[str, Any]) -> int:
    wanted = (case["task"], f"train-{case['index']:06d}")
    return [(key.task, key.id) for key in problems.names()].index(wanted)
