"""Train the network that tells how far a sentence of the rules can be trusted, and chooses.

    python tools/train_confidence.py TRIPLES.jsonl

TRIPLES is what `statement_triples.py` wrote. Writes `confidence.npz` of
`unifiedqa_convert/question_converters/learned/`. Needs torch; deterministic with one thread, about
20 minutes.

The network learns from the triples first, then from references: the seen half of
`benchmarks/references/`, and `tools/statement_references/`, written for this tool in the ways that
datasets ask. Half of the latter (by the sha256 of their ids) was never looked at while the rules
were mended: in folds, so that each is scored by a network that was not trained on its question, the
sentences chosen for these calibrate it. For the others the sentences are those that the rules made
before they were mended by them (`confidence_judged.jsonl`, written by `--judge`): what rules make
of the references that they were mended by says little about what they make of others.
"""

import argparse
import copy
import hashlib
import json
import multiprocessing
import re
import time
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import torch
from confidence_data import Example, examples, read_triples
from confidence_network import Encoded, Network, Plan, auroc, learn, scores, vocabulary_of
from statement_edits import edits

from unifiedqa_convert.question_converters.base import Ask
from unifiedqa_convert.question_converters.learned.alignment import Pair, read_pair
from unifiedqa_convert.question_converters.learned.network import WEIGHT, rule_key
from unifiedqa_convert.question_converters.learned.network import Network as Shipped
from unifiedqa_convert.question_converters.rules.converter import (
    OTHER,
    OWN,
    attached,
    candidates,
    rules_own,
)

ROOT = Path(__file__).resolve().parents[1]
TARGET = ROOT / "unifiedqa_convert/question_converters/learned/confidence.npz"
REFERENCES = ROOT / "benchmarks/references"
OWN_REFERENCES = Path(__file__).with_name("statement_references")
JUDGED = Path(__file__).with_name("confidence_judged.jsonl")
FOLDS = 5
KNOWN, KNOWN_FROM = 0.93, 30
"""A rule needs no judgement if so many of at least so many references came out right."""
DOUBTS = (-2.0, -1.0, 0.0, 1.0)
MARGINS = (1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 100.0)
LEAST = 8
"""How often a feature must occur."""
OTHERS = 0.5
"""Weight of a sentence that is not the rules' own choice."""
OF_REFERENCE = 4.0
TIMES = 3
"""How often a reference is seen in an epoch."""
REPEATED = 20_000
"""Triples' examples that are trained on again beside the references."""
PART = 2_000
DERIVED = "@$%&*!#~"
"""First letters of the names of features of a whole statement."""


def normal(text: str) -> str:
    """As `benchmarks/declarative.py` compares."""
    return re.sub(r"[\s.]+$", "", re.sub(r"\s+", " ", text)).strip().lower()


def seen(name: str) -> bool:
    """Whether a reference may be looked at and fitted on, by its id."""
    return int(hashlib.sha256(name.encode()).hexdigest(), 16) % 2 == 1


def read_references(folder: Path) -> list[dict[str, Any]]:
    return [
        json.loads(line)
        for path in sorted(folder.glob("*.jsonl"))
        for line in path.read_text("utf-8").splitlines()
    ]


def judge(references: Iterable[dict[str, Any]]) -> Iterator[dict[str, Any]]:
    """What the rules make of the references now."""
    for row in references:
        made = rules_own(attached(Ask(row["question"], row["answer"])))
        if made is not None:
            yield {"id": row["id"], "statement": made.sentence, "derived": list(made.derived)}


class Judged(NamedTuple):
    """A reference as examples: the rules' sentence, other candidates, accepted statements."""

    rows: list[Example]
    calibrates: bool
    """Whether nobody looked at it while the rules were mended."""


def of_references(
    references: Sequence[dict[str, Any]], judged: dict[str, dict[str, Any]], fresh: frozenset[str]
) -> Iterator[Judged]:
    """``fresh``: ids of those that the rules were not mended by."""
    for row in references:
        name = row["id"]
        ask = attached(Ask(row["question"], row["answer"]))
        own = rules_own(ask)
        if own is not None and name in judged:
            then = judged[name]
            own = own._replace(sentence=then["statement"], derived=tuple(then["derived"]))
        if own is None or not (name in fresh or name in judged):
            continue
        good = set(map(normal, row["references"]))
        found = {normal(own.sentence): (own.sentence, (*own.derived, OWN))}
        for other in candidates(ask):
            found.setdefault(normal(other.sentence), (other.sentence, other.derived))
        made = len(found)
        for edit in edits(own.sentence, ask):
            derived = (*own.derived, f"~edit {edit.name}")
            found.setdefault(normal(edit.sentence), (edit.sentence, derived))
        for text in row["references"]:
            found.setdefault(normal(text), (text, (*own.derived, OTHER)))
        rows = [
            Example(
                *ask,
                text,
                derived,
                key in good,
                not n,
                "made" if n < made else "edited or given",
                0,
            )
            for n, (key, (text, derived)) in enumerate(found.items())
        ]
        yield Judged(rows, name in fresh)


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
    more = np.repeat(np.flatnonzero(use), TIMES)
    weights = np.concatenate(
        (np.ones(len(rows)), OF_REFERENCE / TIMES * np.where(first[more], 1.0, OTHERS))
    )
    both = joined(data, rows, encoded, more)
    marked = np.concatenate((labels[rows], right[more]))
    return learn(copy.deepcopy(base), both, marked, weights, Plan(6, 1e-3, 50))  # type: ignore[arg-type]


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


def export(
    network: Network,
    vocabulary: dict[str, int],
    found: tuple[np.ndarray, tuple[float, float], dict[str, int]],
    path: Path,
) -> None:
    """``found``: the limits of the confidences, (doubt, margin) of the choice, the known rules."""

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
        "limits": found[0],
        "choice": np.array(found[1]),
        "known_names": np.frombuffer("\n".join(found[2]).encode(), np.uint8),
        "known": np.array(list(found[2].values()), np.int64),
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
    parser.add_argument("--most", type=int, default=150_000, help="triples that are used")
    parser.add_argument("--epochs", type=int, default=4)
    parser.add_argument("--judge", action="store_true", help=f"write {JUDGED.name}, train nothing")
    parser.add_argument("--out", type=Path, default=TARGET)
    arguments = parser.parse_args()
    own = read_references(OWN_REFERENCES)
    looked_at = [row for row in (*read_references(REFERENCES), *own) if seen(row["id"])]
    judged = {row["id"]: row for row in map(json.loads, JUDGED.read_text("utf-8").splitlines())}
    if arguments.judge:
        new = judge(row for row in looked_at if row["id"] not in judged)
        with JUDGED.open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(row, ensure_ascii=False) + "\n" for row in new)
        return
    fresh = frozenset(row["id"] for row in own) - judged.keys()
    used = [row for row in (*looked_at, *own) if row["id"] in judged.keys() | fresh]
    references = list(of_references(list({row["id"]: row for row in used}.values()), judged, fresh))
    started = time.time()
    made, pairs = made_examples(arguments.triples, arguments.most)
    vocabulary = vocabulary_of(pairs, LEAST)
    data = Encoded(pairs, vocabulary)
    del pairs
    labels = np.array([one.right for one in made])
    weights = np.where(np.array([one.first for one in made]), 1.0, OTHERS)
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
    references: list[Judged],
    arguments: argparse.Namespace,
) -> None:
    """Adapt to the references; in folds, find when to choose, and calibrate; write the network."""
    rows = [row for one in references for row in one.rows]
    encoded = Encoded([pair_of(row) for row in rows], vocabulary)
    right = np.array([row.right for row in rows])
    first = np.array([row.first for row in rows])
    digest = [int(hashlib.sha256(f"fold {row.question}".encode()).hexdigest(), 16) for row in rows]
    fold = np.array([number % FOLDS for number in digest])
    points = np.zeros(len(rows))
    sides = [(base, triples, (encoded, right, first), fold != side) for side in range(FOLDS)]
    sides.append((base, triples, (encoded, right, first), np.ones(len(rows), bool)))
    with multiprocessing.Pool(2) as pool:  # forked: each has its own generators, seeded alike
        networks = pool.starmap(adapted, sides, chunksize=1)
    for side in range(FOLDS):
        points[fold == side] = scores(networks[side], encoded)[fold == side]
    fresh = np.repeat([one.calibrates for one in references], [len(one.rows) for one in references])
    before = auroc(scores(base, encoded)[first & fresh], right[first & fresh])
    after = auroc(points[first & fresh], right[first & fresh])
    print(f"the rules' sentences: AUROC {before:.3f}, adapted {after:.3f}")
    known = known_rules([one.rows[0] for one in references if one.calibrates])
    judged = [one.calibrates and rule_key(one.rows[0].derived) not in known for one in references]
    choice = best_choice(references, points, right, judged)
    chosen = np.array(list(chosen_rows(references, points, *choice)))[judged]
    own = np.flatnonzero(first)[judged]
    a, b = platt(points[chosen], right[chosen])
    print(f"choice {choice}, right {right[own].mean():.3f} -> {right[chosen].mean():.3f}")
    print(f"calibration: {a:.4f} x + {b:.4f}, AUROC {auroc(points[chosen], right[chosen]):.3f}")
    final = networks[-1]
    export(final, vocabulary, (limits(a, b), choice, known), arguments.out)
    with np.load(arguments.out) as stored:
        shipped = np.array(Shipped(dict(stored)).scores([pair_of(row) for row in rows]))
    print(f"numpy and torch differ by {np.abs(shipped - scores(final, encoded)).max():.3f} at most")


def chosen_rows(
    references: Sequence[Judged], points: np.ndarray, doubt: float, margin: float
) -> Iterator[int]:
    """Per reference, the row of the sentence that would be said."""
    start = 0
    for one in references:
        made = [start + n for n, row in enumerate(one.rows) if row.way == "made"]
        best = max(made, key=lambda n: points[n])
        better = points[start] < doubt and points[best] > points[start] + margin
        yield best if better else start
        start += len(one.rows)


def known_rules(own: Sequence[Example]) -> dict[str, int]:
    """The rules that need no judgement → the share of their sentences that is right, in percent."""
    counts: dict[str, list[int]] = {}
    for row in own:
        count = counts.setdefault(rule_key(row.derived), [0, 0])
        count[0] += 1
        count[1] += row.right
    shares = {rule: (good + 1) / (n + 2) for rule, (n, good) in counts.items() if n >= KNOWN_FROM}
    return {rule: round(100 * share) for rule, share in sorted(shares.items()) if share >= KNOWN}


def best_choice(
    references: Sequence[Judged], points: np.ndarray, right: np.ndarray, judged: Sequence[bool]
) -> tuple[float, float]:
    """(doubt, margin): below which score others are compared, by how much one must be better.

    ``judged``: the references that count.
    """
    grid = [(doubt, margin) for doubt in DOUBTS for margin in MARGINS]
    found = {
        choice: right[np.array(list(chosen_rows(references, points, *choice)))[judged]].sum()
        for choice in grid
    }
    for choice, count in found.items():
        print(f"  doubt {choice[0]:5} margin {choice[1]:4}: {count} right")
    return max(grid, key=lambda choice: found[choice])


if __name__ == "__main__":
    main()
