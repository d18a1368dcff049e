"""How far the confidence in a statement can be trusted.

    python benchmarks/statement_confidence.py [--real]

On the 332 references of `declarative.py` and on those of `benchmarks/references/`, written for this
project in the ways of 15 datasets to ask. Half of ours (by the sha256 of their ids) was never
looked at and is in no training data: of it only numbers are printed. For each set: the area under
the ROC curve of right against wrong; the share right among those with a confidence of at least 0.9
and how many those are; a reliability table; the same by source and by the form of question and
answer. Intervals: 95 %, 2,000 bootstrap samples. --real: the mean confidence in golds and in
distractors of eight real datasets.
"""

import argparse
import collections
import hashlib
import re
from collections.abc import Callable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from declarative import REFERENCES, SHARED, SURE, Reference, Result, read

from unifiedqa_convert.question_converters.base import Ask
from unifiedqa_convert.question_converters.drafts import draft, labels
from unifiedqa_convert.question_converters.rules.answer import Answer
from unifiedqa_convert.question_converters.select import question_converter

AUXILIARIES = frozenset(
    "is are was were do does did has have had can could will would should may might must".split()
)
ASKING = frozenset("who whose whom where when why how".split())
OURS = Path(__file__).with_name("references")
SAMPLES = 2_000
DATASETS = {
    "commonsenseqa": "validation",
    "openbookqa": "validation",
    "social_iqa": "validation",
    "qasc": "validation",
    "arc_easy": "validation",
    "riddlesense": "validation",
    "sciq": "validation",
    "physical_iqa": "validation",
}
DEV = {"qasc": "dev.jsonl", "riddlesense": "rs_dev.jsonl"}
"""The authors' files, where no other was had."""
Measure = Callable[[np.ndarray, np.ndarray], float]


class Told(NamedTuple):
    """The confidences in some statements, and which are right; (n,) each."""

    confidence: np.ndarray
    right: np.ndarray


def auroc(confidence: np.ndarray, right: np.ndarray) -> float:
    """The share of pairs of a right and a wrong one that are in order; ties count half."""
    good, bad = confidence[right], confidence[~right]
    if not len(good) or not len(bad):
        return float("nan")
    above = (good[:, None] > bad[None]).mean() + (good[:, None] == bad[None]).mean() / 2
    return float(above)


def precision(confidence: np.ndarray, right: np.ndarray) -> float:
    return float(right[confidence >= SURE].mean()) if (confidence >= SURE).any() else float("nan")


def coverage(confidence: np.ndarray, _: np.ndarray) -> float:
    return float((confidence >= SURE).mean())


def with_interval(measure: Measure, told: Told) -> str:
    chance = np.random.default_rng(0)
    n = len(told.right)
    found = []
    for _ in range(SAMPLES):
        rows = chance.integers(0, n, n)
        found.append(measure(told.confidence[rows], told.right[rows]))
    low, high = np.nanpercentile(found, [2.5, 97.5])
    return f"{measure(*told):.3f} [{low:.3f}, {high:.3f}]"


def told_of(references: Sequence[Reference]) -> Told:
    converter = question_converter("rules")
    assert converter is not None
    sentences = converter.convert([one.ask for one in references])
    right = [Result(*pair).matches for pair in zip(references, sentences, strict=True)]
    return Told(np.array([s.confidence for s in sentences]), np.array(right))


def reliability(name: str, told: Told) -> Iterator[str]:
    n = len(told.right)
    yield f"{name}: {n} statements, {told.right.mean():.3f} right"
    yield f"  AUROC {with_interval(auroc, told)}"
    yield (
        f"  confidence >= {SURE}: right {with_interval(precision, told)}, "
        f"covers {with_interval(coverage, told)}"
    )
    order = np.argsort(-told.confidence, kind="stable")
    shares = (50, 70, 80)
    best = (f"{share} %: {told.right[order[: n * share // 100]].mean():.3f}" for share in shares)
    yield f"  right among the surest {', '.join(best)}"
    edges = (0, 0.1, 0.3, 0.5, 0.7, 0.9, 1.01)
    for low, high in pairwise(edges):
        rows = (told.confidence >= low) & (told.confidence < high)
        if rows.any():
            span, mean = f"{low:.1f}-{min(high, 1):.1f}", told.confidence[rows].mean()
            share = told.right[rows].mean()
            yield f"    {span}: {rows.sum():4} told {mean:.2f} right {share:.2f}"
    bins = np.minimum((told.confidence * 10).astype(int), 9)
    gap = sum(
        abs(told.confidence[bins == b].mean() - told.right[bins == b].mean()) * (bins == b).sum()
        for b in np.unique(bins)
    )
    yield f"  expected calibration error {gap / n:.3f}"


def seen(reference: Reference) -> bool:
    return int(hashlib.sha256(reference.id.encode()).hexdigest(), 16) % 2 == 1


def real_examples(name: str, split: str) -> list[Any]:
    from unifiedqa_convert.conversion.pipeline import converted_rows
    from unifiedqa_convert.conversion.request import Request, resolve
    from unifiedqa_convert.rows.typed_rows import first_rows

    found = (SHARED / f"real/{name}").rglob("*.jsonl")
    files = sorted(f for f in found if f.name in (f"{split}.rows.jsonl", DEV.get(name)))
    request = Request(
        dataset=name, split=split, raw=(files[0],), question_converter="none", source="auto"
    )
    job = resolve(request)
    rows = list(first_rows(job.adapter, job.split, job.located.files, 10**6))
    return [item.example for item in converted_rows(job, rows).converted]


def asks_of(examples: Sequence[Any]) -> list[tuple[Ask, bool | None]]:
    found = []
    for example in examples:
        for entry, label in zip(draft(example), labels(example), strict=True):
            if isinstance(entry, Ask):
                found.append((entry, label))
    return found


def gaps(names: Sequence[str]) -> Iterator[str]:
    converter = question_converter("rules")
    assert converter is not None
    yield f"{'mean confidence':20} {'golds':>8} {'distr.':>8} {'gap':>8} {'>= 0.9':>8}"
    for name in names:
        pairs = asks_of(real_examples(name, DATASETS[name]))
        told = [s.confidence or 0.0 for s in converter.convert([ask for ask, _ in pairs])]
        good = np.array([t for t, (_, label) in zip(told, pairs, strict=True) if label])
        bad = np.array([t for t, (_, label) in zip(told, pairs, strict=True) if label is False])
        sure = (np.array(told) >= SURE).mean()
        gap = good.mean() - bad.mean()
        yield f"{name:20} {good.mean():8.3f} {bad.mean():8.3f} {gap:+8.3f} {sure:8.3f}"


KNOWN = frozenset("arc commonsenseqa openbookqa qasc riddle sciq social_iqa".split())
"""Sources that the rules were first written with; the 332 references are of these."""


def confidence() -> Iterator[str]:
    ours = [one for path in sorted(OURS.glob("*.jsonl")) for one in read(path)]
    unseen = [one for one in ours if not seen(one)]
    sets = {
        "ours, seen": [one for one in ours if seen(one)],
        "ours, unseen, known datasets": [one for one in unseen if one.dataset in KNOWN],
        "ours, unseen, new sources": [one for one in unseen if one.dataset not in KNOWN],
        "the 332": read(REFERENCES) if REFERENCES.is_file() else [],
    }
    for name, references in sets.items():
        if references:
            told = told_of(references)
            yield from reliability(name, told)
            yield from by(told, [one.dataset for one in references], "source")
            yield from by(told, [cause(one.ask) for one in references], "question and answer")


def by(told: Told, names: Sequence[str], what: str) -> Iterator[str]:
    """The same numbers of each group, the most frequent first; groups of less than 5 as others."""
    counts = collections.Counter(names)
    groups = np.array([name if counts[name] >= 5 else "others" for name in names])
    yield f"  {'by ' + what:24} {'n':>5} {'right':>6} {'told':>6} {'>= 0.9':>7} {'right':>6}"
    for name, count in collections.Counter(groups.tolist()).most_common():
        rows = groups == name
        right, confidences = told.right[rows], told.confidence[rows]
        trusted = confidences >= SURE
        share = f"{right[trusted].mean():6.2f}" if trusted.any() else f"{'-':>6}"
        yield (
            f"    {name:22} {count:5} {right.mean():6.2f} {confidences.mean():6.2f} "
            f"{trusted.mean():7.2f} {share}"
        )


def cause(ask: Ask) -> str:
    """The form of the question, and whether the answer is a clause: where statements go wrong."""
    low = ask.question.lower().rsplit(". ", 1)[-1]
    first = low.split(" ", 1)[0]
    bare = ask.answer.strip()
    clause = bool(bare) and Answer(bare).kind in ("sentence", "reply")
    if bare.lower() in ("yes", "no", "true", "false"):
        form = "yes/no"
    elif not low.rstrip().endswith("?"):
        form = "stem or goal"
    elif m := re.match(r"(?:what|which) (\w+)", low):
        form = f"{first}" if m[1] in AUXILIARIES else f"{first} + noun"
    else:
        form = first if first in ASKING else "other question"
    return f"{form}, clause" if clause else form


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--real", action="store_true", help="its mean in golds and distractors")
    arguments = parser.parse_args()
    print("\n".join(gaps(list(DATASETS)) if arguments.real else confidence()))


if __name__ == "__main__":
    main()
