"""Train the network that tells how far a sentence of the rules can be trusted.

    python tools/train_confidence.py TRIPLES.jsonl [--judged FILE] [--references FILE …]

TRIPLES is what `statement_triples.py` wrote. Writes `confidence.npz` of
`unifiedqa_convert/question_converters/learned/`. Needs torch; deterministic with one thread, about
15 minutes.

The references (`benchmarks/references/`, their seen half) adapt the network to the datasets' ways
to ask, and calibrate it: in two folds, so that a score which is calibrated with is of a network
that was not trained on its reference. The sentences judged are those of FILE, which the rules made
before they were mended by these references (`--judge` writes it): what the rules make of the
references that they were mended by says little about what they make of others.
"""

import argparse
import copy
import hashlib
import json
import multiprocessing
import random
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from confidence_data import Example, examples, first_choice, others, read_triples
from confidence_network import Encoded, Network, Plan, auroc, learn, scores, vocabulary_of

from unifiedqa_convert.question_converters.learned.alignment import Pair, read_pair
from unifiedqa_convert.question_converters.learned.network import WEIGHT
from unifiedqa_convert.question_converters.learned.network import Network as Shipped
from unifiedqa_convert.schema import collapse

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "unifiedqa_convert/question_converters/learned/confidence.npz"
REFERENCES = ROOT / "benchmarks/references"
JUDGED = Path(__file__).with_name("confidence_judged.jsonl")
LEAST = 8
"""How often a feature must occur."""
OWN = 0.5
"""Weight of a sentence that is not the rules' own choice."""
OF_REFERENCE = 4.0
REPEATED = 20_000
"""Triples' examples that are trained on again beside the references."""
PART = 2_000
DERIVED = "@$%&*!#"
"""First letters of the names of features of a whole statement."""


def normal(text: str) -> str:
    """As `benchmarks/declarative.py` compares."""
    return re.sub(r"[\s.]+$", "", re.sub(r"\s+", " ", text)).strip().lower()


def seen(name: str) -> bool:
    """Whether a reference may be looked at and fitted on, by its id."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 2 == 1


def read_references(folder: Path) -> list[dict[str, Any]]:
    rows = [
        json.loads(line)
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ]
    return [row for row in rows if seen(row["id"])]


def judge(references: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What the rules make of the references now, right or wrong."""
    for row in references:
        made = first_choice(collapse(row["question"]), collapse(row["answer"]))
        if made is not None:
            accepted = set(map(normal, row["references"]))
            yield {
                "id": row["id"],
                "question": row["question"],
                "answer": row["answer"],
                "statement": made[0],
                "derived": list(made[1]),
                "right": normal(made[0]) in accepted,
            }


class Judged(NamedTuple):
    """A reference as examples: the rules' sentence first, then others."""

    id: str
    rows: list[Example]


def of_references(
    judged: Sequence[dict[str, Any]], references: Sequence[dict[str, Any]]
) -> list[Judged]:
    accepted = {row["id"]: row["references"] for row in references}
    found = []
    for row in judged:
        question, answer = collapse(row["question"]), collapse(row["answer"])
        derived = tuple(row["derived"])
        good = set(map(normal, accepted[row["id"]]))
        about = (row["id"], 0)
        own = Example(question, answer, row["statement"], derived, row["right"], True, *about)
        rows = [own]
        told = {normal(row["statement"])}
        made = [*accepted[row["id"]], *others(question, answer, random.Random(row["id"]), 4)]
        for text in made:
            if normal(text) not in told:
                told.add(normal(text))
                right = normal(text) in good
                rows.append(Example(question, answer, text, derived, right, False, *about))
        found.append(Judged(row["id"], rows))
    return found


def pair_of(example: Example) -> Pair:
    return read_pair(example.question, example.answer, example.statement, example.derived)


def _part(rows: list[dict[str, object]]) -> list[tuple[Example, Pair]]:
    return [(example, pair_of(example)) for example in examples(rows, 2)]


def made_examples(path: Path, most: int) -> tuple[list[Example], list[Pair]]:
    """The triples' examples, in an order that does not depend on the file's."""
    rows = list(read_triples(path))
    rows.sort(key=lambda r: hashlib.sha256(f"{r['question']}|{r['answer']}".encode()).digest())
    parts = [rows[at : at + PART] for at in range(0, min(most, len(rows)), PART)]
    with multiprocessing.Pool(2) as pool:
        made = [one for part in pool.imap(_part, parts) for one in part]
    return [one for one, _ in made], [pair for _, pair in made]


class Joined(NamedTuple):
    """Arrays of some examples of the triples and of references, to train on together."""

    said: np.ndarray
    asked: np.ndarray
    derived: np.ndarray
    sizes: np.ndarray


def joined(one: Encoded, rows: np.ndarray, other: Encoded, more: np.ndarray) -> Joined:
    return Joined(
        *(
            np.concatenate((getattr(one, name)[rows], getattr(other, name)[more]))
            for name in Joined._fields
        )
    )


def adapted(
    base: Network,
    triples: tuple[Encoded, np.ndarray],
    references: tuple[Encoded, np.ndarray, np.ndarray],
    use: np.ndarray,
) -> Network:
    """The network trained on, on the references ``use`` and on some triples again."""
    data, labels = triples
    encoded, right, first = references
    rows = np.random.default_rng(1).choice(len(labels), min(REPEATED, len(labels)), replace=False)
    more = np.repeat(np.flatnonzero(use), 3)
    weights = np.concatenate(
        (np.ones(len(rows)), OF_REFERENCE / 3 * np.where(first[more], 1.0, OWN))
    )
    both = joined(data, rows, encoded, more)
    marked = np.concatenate((labels[rows], right[more]))
    return learn(copy.deepcopy(base), both, marked, weights, Plan(4, 5e-4, 50))  # type: ignore[arg-type]


def platt(points: np.ndarray, right: np.ndarray) -> tuple[float, float]:
    """(a, b) of sigmoid(a * point + b), fitted to the targets that Platt (1999) gives."""
    good, bad = right.sum(), (~right).sum()
    target = np.where(right, (good + 1) / (good + 2), 1 / (bad + 2))
    x = torch.tensor(points, dtype=torch.float64)
    y = torch.tensor(target, dtype=torch.float64)
    parameters = torch.zeros(2, dtype=torch.float64, requires_grad=True)
    optimiser = torch.optim.LBFGS([parameters], max_iter=200, line_search_fn="strong_wolfe")

    def loss() -> torch.Tensor:
        optimiser.zero_grad()
        value = torch.nn.functional.binary_cross_entropy_with_logits(
            parameters[0] * x + parameters[1], y
        )
        value.backward()  # type: ignore[no-untyped-call]
        return value

    optimiser.step(loss)  # type: ignore[no-untyped-call]
    a, b = parameters.detach().numpy()
    return float(a), float(b)


def limits(a: float, b: float) -> np.ndarray:
    """The least score for confidence 0.01, 0.02 … 0.99; rounded, so that all files agree."""
    share = (np.arange(1, 100) - 0.5) / 100
    return np.round((np.log(share / (1 - share)) - b) / a, 6)


def export(network: Network, vocabulary: dict[str, int], at: np.ndarray, path: Path) -> None:
    def whole(tensor: torch.Tensor) -> np.ndarray:
        found = np.rint(tensor.detach().numpy() * WEIGHT)
        assert np.abs(found).max() < 2**15
        return found.astype(np.int16)

    names = [name for name in vocabulary if name[0] not in DERIVED]
    derived = [name for name in vocabulary if name[0] in DERIVED]
    stored = {
        "names": np.frombuffer("\n".join(names).encode(), np.uint8),
        "derived_names": np.frombuffer("\n".join(derived).encode(), np.uint8),
        "words": whole(network.words.weight)[[0, *(vocabulary[n] for n in names)]],
        "whole": whole(network.whole.weight)[[0, *(vocabulary[n] for n in derived)]],
        "limits": at,
    }
    for name in ("said1", "said2", "asked1", "asked2"):
        layer = getattr(network, name)
        stored[f"{name}_weight"] = whole(layer.weight).transpose(2, 1, 0)
        stored[f"{name}_bias"] = whole(layer.bias)
    for name in ("hidden", "out"):
        layer = getattr(network, name)
        stored[f"{name}_weight"] = whole(layer.weight).T
        stored[f"{name}_bias"] = whole(layer.bias)
    with path.open("wb") as file:
        np.savez_compressed(file, **stored)  # type: ignore[arg-type]
    print(f"{len(names)} and {len(derived)} features, {path.stat().st_size / 1e6:.2f} MB: {path}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("triples", type=Path, nargs="?")
    parser.add_argument("--most", type=int, default=220_000, help="triples that are used")
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument("--judged", type=Path, default=JUDGED)
    parser.add_argument("--judge", action="store_true", help="write --judged, train nothing")
    parser.add_argument("--out", type=Path, default=TARGET)
    arguments = parser.parse_args()
    references = read_references(REFERENCES)
    if arguments.judge:
        lines = [json.dumps(row, ensure_ascii=False) + "\n" for row in judge(references)]
        arguments.judged.write_text("".join(lines), "utf-8")
        print(f"{len(lines)} sentences: {arguments.judged}")
        return
    started = time.time()
    made, pairs = made_examples(arguments.triples, arguments.most)
    vocabulary = vocabulary_of(pairs, LEAST)
    data = Encoded(pairs, vocabulary)
    del pairs
    labels = np.array([one.right for one in made])
    weights = np.where(np.array([one.first for one in made]), 1.0, OWN)
    print(f"{len(made)} examples, {len(vocabulary)} features, {time.time() - started:.0f} s")
    torch.manual_seed(20261201)
    base = Network(len(vocabulary) + 1)
    learn(base, data, labels, weights, Plan(arguments.epochs))
    finish(base, vocabulary, (data, labels), references, arguments)
    print(f"{time.time() - started:.0f} s")


def finish(
    base: Network,
    vocabulary: dict[str, int],
    triples: tuple[Encoded, np.ndarray],
    references: list[dict[str, Any]],
    arguments: argparse.Namespace,
) -> None:
    """Adapt and calibrate on the seen references, in two folds; write the final network."""
    judged = [json.loads(line) for line in arguments.judged.read_text("utf-8").splitlines()]
    own = of_references(judged, references)
    rows = [row for one in own for row in one.rows]
    encoded = Encoded([pair_of(row) for row in rows], vocabulary)
    right = np.array([row.right for row in rows])
    first = np.array([row.first for row in rows])
    digest = [int(hashlib.sha256(f"fold {row.way}".encode()).hexdigest(), 16) for row in rows]
    fold = np.array(digest, object) % 2
    points = np.zeros(len(rows))
    for side in (0, 1):
        network = adapted(base, triples, (encoded, right, first), fold != side)
        points[fold == side] = scores(network, encoded)[fold == side]
    before = auroc(scores(base, encoded)[first], right[first])
    print(f"seen references: AUROC {before:.3f}, adapted {auroc(points[first], right[first]):.3f}")
    a, b = platt(points[first], right[first])
    print(f"calibration: {a:.4f} x + {b:.4f}")
    final = adapted(base, triples, (encoded, right, first), np.ones(len(rows), bool))
    export(final, vocabulary, limits(a, b), arguments.out)
    with np.load(arguments.out) as stored:
        shipped = Shipped(dict(stored)).scores([pair_of(row) for row in rows])
    print(f"numpy and torch differ by {np.abs(shipped - scores(final, encoded)).max():.3f} at most")


if __name__ == "__main__":
    main()
