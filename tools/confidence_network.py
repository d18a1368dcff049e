"""The network of `train_confidence.py` in torch: how it is trained, how it scores.

`unifiedqa_convert/question_converters/learned/network.py` computes the same with numpy.
"""

import collections
import random
import time
from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

import numpy as np
import torch
from torch import Tensor, nn

from unifiedqa_convert.question_converters.learned.alignment import MOST, Pair

WORDS, ENDINGS, REST = 4, 4, 4  # least counts of a feature that is kept
SAID, ASKED, DERIVED = 11, 6, 24  # features per word, per word, per statement
SEED = 20261201
BATCH = 256


class Encoded:
    """Examples as arrays of feature numbers; 0 is no feature."""

    def __init__(self, pairs: Sequence[Pair], vocabulary: dict[str, int]) -> None:
        n = len(pairs)
        self.said = np.zeros((n, MOST, SAID), np.uint16)
        self.asked = np.zeros((n, MOST, ASKED), np.uint16)
        self.derived = np.zeros((n, DERIVED), np.uint16)
        self.sizes = np.zeros((n, 2), np.int32)
        get = vocabulary.get
        for i, pair in enumerate(pairs):
            for rows, table in ((pair.said, self.said), (pair.asked, self.asked)):
                for at, names in enumerate(rows):
                    for k, name in enumerate(names):
                        table[i, at, k] = get(name, 0)
            for k, name in enumerate(pair.derived):
                self.derived[i, k] = get(name, 0)
            self.sizes[i] = len(pair.said), len(pair.asked)


def vocabulary_of(pairs: Iterable[Pair], least: int) -> dict[str, int]:
    counts: collections.Counter[str] = collections.Counter()
    for pair in pairs:
        for names in (*pair.said, *pair.asked, pair.derived):
            counts.update(names)
    kept = sorted(name for name, count in counts.items() if count >= least)
    return {name: number for number, name in enumerate(kept, 1)}


class Plan(NamedTuple):
    """How long and how fast."""

    epochs: int
    rate: float = 2e-3
    warm: int = 300


class Network(nn.Module):
    """Sums of feature vectors, two convolutions over the statement, one over the question."""

    def __init__(self, size: int, wide: int = 32, deep: int = 64) -> None:
        super().__init__()
        self.words = nn.Embedding(size, wide, padding_idx=0)
        self.whole = nn.Embedding(size, deep, padding_idx=0)
        self.said1 = nn.Conv1d(wide, deep, 3, padding=1)
        self.said2 = nn.Conv1d(deep, deep, 3, padding=1)
        self.asked1 = nn.Conv1d(wide, deep, 3, padding=1)
        self.asked2 = nn.Conv1d(deep, deep, 3, padding=1)
        self.hidden = nn.Linear(2 * deep, deep)
        self.out = nn.Linear(deep, 1)
        self.drop = nn.Dropout(0.2)
        nn.init.normal_(self.words.weight, std=0.15)
        nn.init.normal_(self.whole.weight, std=0.05)
        with torch.no_grad():  # no feature, and the words after a text's end
            self.words.weight[0] = 0
            self.whole.weight[0] = 0

    def forward(self, said: Tensor, asked: Tensor, derived: Tensor) -> Tensor:
        pooled = []
        for ids, one, two in ((said, self.said1, self.said2), (asked, self.asked1, self.asked2)):
            mask = (ids[:, :, 0] != 0) | (ids.sum(2) != 0)
            mask = mask.unsqueeze(1).float()
            x = self.drop(self.words(ids).sum(2)).transpose(1, 2)
            h = torch.relu(one(x)) * mask
            h = torch.relu(two(h)) * mask + h
            pooled.append(h.amax(2))
        z = self.hidden(self.drop(torch.cat(pooled, 1))) + self.whole(derived).sum(1)
        return self.out(self.drop(torch.relu(z))).squeeze(1)  # type: ignore[no-any-return]


def batches(sizes: np.ndarray, size: int, chance: random.Random) -> list[np.ndarray]:
    """Batches of statements of similar length, in random order."""
    key = sizes.max(1) + np.array([chance.random() * 3 for _ in range(len(sizes))])
    order = np.argsort(key, kind="stable")
    cut = [order[i : i + size] for i in range(0, len(order), size)]
    chance.shuffle(cut)
    return cut


def tensors(data: Encoded, rows: np.ndarray, dropped: float = 0.0) -> tuple[Tensor, ...]:
    said, asked = data.sizes[rows].max(0)
    derived = data.derived[rows].astype(np.int64)
    if dropped:
        # How a sentence was made is not always known to the network: rules change.
        derived[np.random.random(derived.shape) < dropped] = 0
    made = (data.said[rows, :said], data.asked[rows, :asked], derived)
    return tuple(torch.from_numpy(a.astype(np.int64)) for a in made)


def scores(network: Network, data: Encoded) -> np.ndarray:
    network.eval()
    found = np.zeros(len(data.sizes))
    with torch.no_grad():
        for at in range(0, len(found), 512):
            rows = np.arange(at, min(at + 512, len(found)))
            found[rows] = network(*tensors(data, rows)).numpy()
    return found


def auroc(values: np.ndarray, right: np.ndarray) -> float:
    """The share of pairs of a right and a wrong one that are in order; ties count half."""
    order = np.unique(values, return_inverse=True)[1]
    counts = np.bincount(order)
    ranks = np.cumsum(counts) - (counts - 1) / 2
    good = int(right.sum())
    bad = len(right) - good
    return float((ranks[order][right].sum() - good * (good + 1) / 2) / (good * bad))


def learn(
    network: Network,
    data: Encoded,
    labels: np.ndarray,
    weights: np.ndarray,
    plan: Plan,
    say: Callable[[Network], None] | None = None,
) -> Network:
    """Trains the network on the examples; prints the loss of each epoch."""
    torch.manual_seed(SEED)
    np.random.seed(SEED % 2**32)
    torch.set_num_threads(1)
    chance = random.Random(SEED)
    optimiser = torch.optim.Adam(network.parameters(), lr=plan.rate)
    total = plan.epochs * (len(labels) // BATCH + 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimiser, lambda n: min(1.0, n / plan.warm) * max(0.02, 1 - n / total)
    )
    right = torch.from_numpy(labels.astype(np.float32))
    weigh = torch.from_numpy(weights.astype(np.float32))
    for epoch in range(plan.epochs):
        network.train()
        started, lost = time.time(), 0.0
        for rows in batches(data.sizes, BATCH, chance):
            points = network(*tensors(data, rows, 0.15))
            loss = nn.functional.binary_cross_entropy_with_logits(
                points, right[rows], weight=weigh[rows]
            )
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            nn.utils.clip_grad_norm_(network.parameters(), 5.0)
            optimiser.step()
            schedule.step()
            lost += loss.item() * len(rows)
        print(
            f"epoch {epoch} loss {lost / len(labels):.4f} {time.time() - started:.0f} s", flush=True
        )
        if say is not None:
            say(network)
    return network
