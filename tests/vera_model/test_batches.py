"""Problems → tensors: limits, order and padding."""

from pathlib import Path

import pytest
import torch

from vera_model.batches import collate, encode, epoch_batches, training_batches
from vera_model.config import TrainConfig, from_preset
from vera_model.data import Problem
from vera_model.tokenizer import train_tokenizer

WORDS = "one two three four five six seven eight nine ten".split()
TOKENIZER = train_tokenizer([" ".join(WORDS), *WORDS], 60)


def config(**given: object) -> TrainConfig:
    return from_preset(data=[Path("d")], out=Path("o"), **given)


def problem(number: int, *texts: str) -> Problem:
    labels = (True, *[False] * (len(texts) - 1))
    return Problem("t", "train", str(number), len(texts) > 1, texts, labels)


def test_the_limit_keeps_the_gold_and_the_first_distractors() -> None:
    encoding = encode([problem(0, *WORDS[:6]), problem(1, "ten")], TOKENIZER, config(), 4)
    assert [len(p.tokens) for p in encoding.problems] == [4, 1]
    assert encoding.problems[0].labels == (True, False, False, False)
    assert (encoding.statements, encoding.over_limit, encoding.cut) == (5, 2, 0)
    assert TOKENIZER.decode(encoding.problems[0].tokens[0], skip_special_tokens=True) == "one"


@pytest.mark.parametrize(("cut", "kept"), [("start", "ten"), ("end", "one")])
def test_long_texts_are_cut_where_asked_and_keep_their_end_mark(cut: str, kept: str) -> None:
    long = problem(0, " ".join(WORDS))
    encoding = encode([long], TOKENIZER, config(max_tokens=6, cut=cut), None)
    (tokens,) = encoding.problems[0].tokens
    assert len(tokens) == 6
    assert tokens[-1] == TOKENIZER.eos_token_id
    text = TOKENIZER.decode(tokens, skip_special_tokens=True)
    assert text.endswith(kept) if cut == "start" else text.startswith(kept)
    assert encoding.cut == 1


def test_a_batch_is_padded_to_its_longest_only() -> None:
    encoded = encode([problem(0, "one", "two"), problem(1, "three")], TOKENIZER, config(), 4)
    batch = collate(encoded.problems, TOKENIZER.pad_token_id)
    assert batch.input_ids.shape == (3, max(p.longest for p in encoded.problems))
    assert torch.equal(batch.attention_mask.bool(), batch.input_ids != TOKENIZER.pad_token_id)
    assert batch.mask.tolist() == [[True, True], [True, False]]
    assert batch.labels.tolist() == [[True, False], [True, False]]
    assert batch.is_choice.tolist() == [True, False]


def test_a_choice_cut_to_its_gold_is_no_choice() -> None:
    encoded = encode([problem(0, "one", "two")], TOKENIZER, config(), 1)
    assert collate(encoded.problems, 0).is_choice.tolist() == [False]


def test_every_epoch_has_every_problem_once_in_its_own_order() -> None:
    problems = [problem(n, " ".join(WORDS[: 1 + n % 10])) for n in range(103)]
    encoded = encode(problems, TOKENIZER, config(), 4).problems

    def ids(seed: int, epoch: int) -> list[str]:
        batches = epoch_batches(encoded, 4, seed, epoch)
        return [one.problem.id for batch in batches for one in batch]

    assert ids(1, 0) == ids(1, 0)
    assert sorted(ids(1, 0)) == sorted(ids(1, 1)) == sorted(p.id for p in problems)
    assert len({tuple(ids(seed, epoch)) for seed in (1, 2) for epoch in (0, 1)}) == 4
    padded = sum(
        max(p.longest for p in batch) * len(batch) for batch in epoch_batches(encoded, 4, 1, 0)
    )
    assert padded < 1.2 * sum(p.longest for p in encoded)  # like lengths share a batch


def test_epochs_follow_each_other() -> None:
    encoded = encode([problem(n, "one") for n in range(3)], TOKENIZER, config(), 4).problems
    stream = training_batches(encoded, 2, seed=0)
    taken = [next(stream) for _ in range(5)]
    assert [epoch for epoch, _ in taken] == [0, 0, 1, 1, 2]
    assert sum(len(batch) for _, batch in taken[:4]) == 6
