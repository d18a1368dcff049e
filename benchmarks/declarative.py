"""A question converter's statements compared with people's, and its speed; or two converters.

    python benchmarks/declarative.py --question-converter rules [--against NAME] [--speed]
    python benchmarks/declarative.py --references FILE,FILE…

References: `golden/declarative/references.jsonl` of the team's shared folder, 332 real questions
and answers with one to four accepted statements each; or other files (`--references`, separated by
commas), such as the 920 pairs in `benchmarks/references`. A statement matches when it equals one of
them, ignoring case, white space and the final stop. chrF and BLEU are sacrebleu's, on the
whole set. A third of the 332 and half of any other file (by the sha256 of their ids, chosen before
any rule was written) is held out: its score is printed, its misses never are, so that nobody writes
a rule for them. `gap` is the seen part's share of matches less the held-out part's. A line for each
source (the id's start) is followed, where a part is held out, by that part's matches.

--speed: statements/s of one process over commonsenseqa's dev questions, all choices, and over its
distinct questions with one choice each, after a warm-up on other questions; the ratio is to a
fixed template that fits every question ("The answer to … is …"), measured in the same run.

--confidence: how far the confidence can be trusted, on these references and on those of
`benchmarks/references/`, written for this project in the ways of 15 datasets to ask. Half of ours
(by the sha256 of their ids) was never looked at and is in no training data: of it only numbers are
printed. For each set: the area under the ROC curve of right against wrong; the share right among
those with a confidence of at least 0.9 and how many those are; a reliability table; the same by
source and by the form of question and answer. Intervals: 95 %, 2,000 bootstrap samples. --real: the
mean confidence in golds and in distractors of eight real datasets.
"""

import argparse
import collections
import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any, NamedTuple, cast

import numpy as np
import sacrebleu

from unifiedqa_convert.question_converters.base import Ask, QuestionConverter, Sentence
from unifiedqa_convert.question_converters.drafts import draft, labels
from unifiedqa_convert.question_converters.rules.answer import Answer
from unifiedqa_convert.question_converters.select import question_converter

SHARED = Path(os.environ.get("UQA_SHARED", Path(__file__).resolve().parents[2] / "shared"))
REFERENCES = SHARED / "golden/declarative/references.jsonl"
QUESTIONS = SHARED / "real/commonsenseqa/hub/validation.rows.jsonl"
WARM_UP = SHARED / "real/openbookqa/hub/validation.rows.jsonl"
SURE = 0.9
"""The confidence from which a statement counts as trusted."""
BASELINE = "f-string (this file): 'The answer to … is …'"


class Reference(NamedTuple):
    """A real question and answer, and the statements people accept for it, best first."""

    id: str
    ask: Ask
    accepted: tuple[str, ...]
    held_out: bool

    @property
    def dataset(self) -> str:
        return self.id.split(":", 1)[0]


class Result(NamedTuple):
    """A reference and a converter's sentence."""

    reference: Reference
    sentence: Sentence

    @property
    def matches(self) -> bool:
        return normal(self.sentence.text) in set(map(normal, self.reference.accepted))


def normal(text: str) -> str:
    return re.sub(r"[\s.]+$", "", re.sub(r"\s+", " ", text)).strip().lower()


def words(text: str) -> collections.Counter[str]:
    return collections.Counter(re.findall(r"\w+", text.lower()))


def loses(result: Result) -> bool:
    """Whether a word of the answer is missing; another form of it (same first letters) counts."""
    answer = words(result.reference.ask.answer)
    if answer.keys() <= {"yes", "no"}:
        return False
    have = {word[:3] for word in words(result.sentence.text)}
    return any(word[:3] not in have for word in answer)


def repeats(result: Result) -> bool:
    """Whether a word of the answer occurs more often than in question and answer together."""
    question, answer = map(words, result.reference.ask)
    have = words(result.sentence.text)
    return any(have[word] > question[word] + answer[word] for word in answer)


def sure(result: Result) -> bool:
    """Whether the converter says that a person would have written it so."""
    return (result.sentence.confidence or 0) >= SURE


def read(path: Path) -> list[Reference]:
    """A file's references; of the 332 one in three is held out, of any other file one in two."""
    one_in = 3 if path == REFERENCES else 2
    return [
        Reference(
            row["id"],
            Ask(row["question"], row["answer"]),
            tuple(row["references"]),
            int(hashlib.sha256(row["id"].encode()).hexdigest(), 16) % one_in == 0,
        )
        for row in map(json.loads, path.read_text("utf-8").splitlines())
    ]


def percent(what: Callable[[Result], bool], results: Sequence[Result]) -> float:
    return 100 * sum(map(what, results)) / len(results) if results else float("nan")


def overlap(results: Sequence[Result]) -> tuple[float, float]:
    """chrF and BLEU of all results; missing references of a sentence are None."""
    most = max(len(r.reference.accepted) for r in results)
    streams = [
        [r.reference.accepted[n] if n < len(r.reference.accepted) else None for r in results]
        for n in range(most)
    ]
    texts = [r.sentence.text for r in results]
    # sacrebleu takes None, as its documentation says; its annotations don't.
    padded = cast(list[list[str]], streams)
    return (
        sacrebleu.corpus_chrf(texts, padded).score,
        sacrebleu.corpus_bleu(texts, padded).score,
    )


HEADER = f"{'':24} {'n':>4} {'match':>6} {'chrF':>6} {'BLEU':>6} {'fallb.':>6} {'ask ?':>6}"
HEADER += f" {'lose':>6} {'repeat':>6} {'sure':>6} {'right':>6}"


def line(name: str, results: Sequence[Result]) -> str:
    chrf, bleu = overlap(results)
    shares: tuple[float, ...] = (
        percent(lambda r: r.sentence.via.endswith("-fallback"), results),
        percent(lambda r: r.sentence.text.rstrip().endswith("?"), results),
        percent(loses, results),
        percent(repeats, results),
    )
    match = percent(lambda r: r.matches, results)
    trusted = [r for r in results if sure(r)]
    shares += (percent(sure, results), percent(lambda r: r.matches, trusted))
    rest = " ".join(f"{value:5.1f}%" for value in shares)
    return f"{name:24} {len(results):4} {match:5.1f}% {chrf:6.1f} {bleu:6.1f} {rest}"


def table(name: str, results: Sequence[Result]) -> Iterable[str]:
    held_out = [r for r in results if r.reference.held_out]
    seen = [r for r in results if not r.reference.held_out]
    yield f"question converter: {name}"
    yield HEADER
    yield line("all", results)
    yield line("seen", seen)
    yield line("held out", held_out)
    gap = percent(lambda r: r.matches, seen) - percent(lambda r: r.matches, held_out)
    yield f"{'gap':24} {'':4} {gap:5.1f} points"
    for dataset in sorted({r.reference.dataset for r in results}):
        of_it = [r for r in results if r.reference.dataset == dataset]
        unseen = [r for r in of_it if r.reference.held_out]
        right = sum(r.matches for r in unseen)
        yield f"{line(f'  {dataset}', of_it)}  held out: {right} of {len(unseen)}"


def misses(results: Sequence[Result]) -> Iterable[str]:
    missed = [r for r in results if not r.reference.held_out and not r.matches]
    yield f"misses of the seen part: {len(missed)}"
    for reference, sentence in missed:
        yield f"- {reference.id} ({sentence.via})\n  {reference.ask.question} | "
        yield f"  {reference.ask.answer}\n  written:  {sentence.text}"
        yield f"  accepted: {reference.accepted[0]}"


def compared(first: Sequence[Result], second: Sequence[Result], names: Sequence[str]) -> str:
    ours = sum(a.matches and not b.matches for a, b in zip(first, second, strict=True))
    theirs = sum(b.matches and not a.matches for a, b in zip(first, second, strict=True))
    return f"only {names[0]} matches: {ours}; only {names[1]} matches: {theirs}"


def chosen(name: str) -> QuestionConverter:
    converter = question_converter(name)
    if converter is None:
        sys.exit(f"{name} writes no statements: give another question converter")
    return converter


def rate(convert: Callable[[Sequence[Ask]], object], asks: Sequence[Ask]) -> float:
    started = time.process_time()
    convert(asks)
    return len(asks) / (time.process_time() - started)


def plain(asks: Sequence[Ask]) -> list[str]:
    return [f"The answer to “{ask.question}” is {ask.answer}." for ask in asks]


def speed(name: str) -> Iterable[str]:
    """Rates by CPU time, since the machine is shared; a new converter for each of them."""
    rows = [json.loads(row) for row in QUESTIONS.read_text("utf-8").splitlines()]
    warm = [json.loads(row) for row in WARM_UP.read_text("utf-8").splitlines()]
    every = [Ask(row["question"], choice) for row in rows for choice in row["choices"]["text"]]
    distinct = [Ask(row["question"], row["choices"]["text"][0]) for row in rows]
    yield f"statements/s of CPU time, one process; baseline: {BASELINE}"
    for what, asks in (("all choices", every), ("distinct questions", distinct)):
        converter = chosen(name)
        converter.convert([Ask(r["question_stem"], c) for r in warm for c in r["choices"]["text"]])
        ours, bare = rate(converter.convert, asks), rate(plain, asks)
        yield f"{what:20} {len(asks):6} {ours:9.0f}/s  baseline {bare:9.0f}/s  {ours / bare:7.4f} x"


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
    parser.add_argument("--question-converter", default="rules", metavar="NAME")
    parser.add_argument("--against", metavar="NAME", help="a second converter to compare with")
    parser.add_argument(
        "--references", default=str(REFERENCES), metavar="FILE,…", help="JSON lines files"
    )
    parser.add_argument("--no-misses", action="store_true", help="do not list the misses")
    parser.add_argument("--speed", action="store_true", help="also measure statements/s")
    parser.add_argument("--confidence", action="store_true", help="how far it can be trusted")
    parser.add_argument("--real", action="store_true", help="its mean in golds and distractors")
    arguments = parser.parse_args()
    if arguments.confidence or arguments.real:
        print("\n".join(gaps(list(DATASETS)) if arguments.real else confidence()))
        return
    references = [r for name in arguments.references.split(",") for r in read(Path(name))]
    asks = [reference.ask for reference in references]
    names = [name for name in (arguments.question_converter, arguments.against) if name]
    answers = []
    for name in names:
        results = list(map(Result, references, chosen(name).convert(asks)))
        answers.append(results)
        print("\n".join(table(name, results)))
        if not arguments.no_misses:
            print("\n".join(misses(results)))
    if len(answers) == 2:
        print(compared(answers[0], answers[1], names))
    if arguments.speed:
        for name in names:
            print("\n".join(speed(name)))


if __name__ == "__main__":
    main()
