"""How well, and how fast, a question converter says what people said; optionally against another.

    python benchmarks/declarative.py --question-converter rules [--against NAME] [--speed]

References: `golden/declarative/references.jsonl` of the team's shared folder, 332 real questions
and answers with one to four accepted statements each. A statement matches when it equals one of
them after case, white space and the final stop are put aside. chrF and BLEU are sacrebleu's, on the
whole set. A third of the references (by the sha256 of their ids, chosen before any rule was
written) is held out: its score is printed, its misses never are, so that nobody writes a rule for
them. `gap` is the seen part's share of matches less the held-out part's.

--speed: statements/s of one process over commonsenseqa's dev questions, all choices, and over its
distinct questions with one choice each, after a warm-up on other questions; the ratio is to the
barest sentence that is always true ("The answer to … is …"), made in the same run.
"""

import argparse
import collections
import hashlib
import json
import os
import re
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import NamedTuple, cast

import sacrebleu

from unifiedqa_convert.question_converters.base import Ask, QuestionConverter, Sentence
from unifiedqa_convert.question_converters.select import question_converter

SHARED = Path(os.environ.get("UQA_SHARED", Path(__file__).resolve().parents[2] / "shared"))
REFERENCES = SHARED / "golden/declarative/references.jsonl"
QUESTIONS = SHARED / "real/commonsenseqa/hub/validation.rows.jsonl"
WARM_UP = SHARED / "real/openbookqa/hub/validation.rows.jsonl"
BASELINE = "f-string (this file): 'The answer to … is …'"


class Reference(NamedTuple):
    """A real question and answer, and the statements people accept for it, best first."""

    id: str
    ask: Ask
    accepted: tuple[str, ...]

    @property
    def dataset(self) -> str:
        return self.id.split(":", 1)[0]

    @property
    def held_out(self) -> bool:
        return int(hashlib.sha256(self.id.encode()).hexdigest(), 16) % 3 == 0


class Said(NamedTuple):
    """A reference and what a converter said."""

    reference: Reference
    sentence: Sentence

    @property
    def matches(self) -> bool:
        return normal(self.sentence.text) in set(map(normal, self.reference.accepted))


def normal(text: str) -> str:
    return re.sub(r"[\s.]+$", "", re.sub(r"\s+", " ", text)).strip().lower()


def words(text: str) -> collections.Counter[str]:
    return collections.Counter(re.findall(r"\w+", text.lower()))


def loses(said: Said) -> bool:
    """Whether a word of the answer is gone; another form of it (same first letters) is not."""
    answer = words(said.reference.ask.answer)
    if answer.keys() <= {"yes", "no"}:
        return False
    have = {word[:3] for word in words(said.sentence.text)}
    return any(word[:3] not in have for word in answer)


def repeats(said: Said) -> bool:
    """Whether a word of the answer is there more often than question and answer have it."""
    question, answer = map(words, said.reference.ask)
    have = words(said.sentence.text)
    return any(have[word] > question[word] + answer[word] for word in answer)


def read(path: Path) -> list[Reference]:
    return [
        Reference(row["id"], Ask(row["question"], row["answer"]), tuple(row["references"]))
        for row in map(json.loads, path.read_text("utf-8").splitlines())
    ]


def share(what: Callable[[Said], bool], said: Sequence[Said]) -> float:
    return 100 * sum(map(what, said)) / len(said) if said else float("nan")


def overlap(said: Sequence[Said]) -> tuple[float, float]:
    """chrF and BLEU of the whole; a sentence with fewer references than others has None there."""
    most = max(len(s.reference.accepted) for s in said)
    streams = [
        [s.reference.accepted[n] if n < len(s.reference.accepted) else None for s in said]
        for n in range(most)
    ]
    texts = [s.sentence.text for s in said]
    # sacrebleu takes None, as its documentation says; its annotations don't.
    padded = cast(list[list[str]], streams)
    return (
        sacrebleu.corpus_chrf(texts, padded).score,
        sacrebleu.corpus_bleu(texts, padded).score,
    )


HEADER = f"{'':24} {'n':>4} {'match':>6} {'chrF':>6} {'BLEU':>6} {'fallb.':>6} {'ask ?':>6}"
HEADER += f" {'lose':>6} {'repeat':>6}"


def line(name: str, said: Sequence[Said]) -> str:
    chrf, bleu = overlap(said)
    shares = (
        share(lambda s: s.sentence.via.endswith("-fallback"), said),
        share(lambda s: s.sentence.text.rstrip().endswith("?"), said),
        share(loses, said),
        share(repeats, said),
    )
    rest = " ".join(f"{value:5.1f}%" for value in shares)
    return (
        f"{name:24} {len(said):4} {share(lambda s: s.matches, said):5.1f}% {chrf:6.1f} {bleu:6.1f} "
        f"{rest}"
    )


def table(name: str, said: Sequence[Said]) -> Iterable[str]:
    held_out = [s for s in said if s.reference.held_out]
    seen = [s for s in said if not s.reference.held_out]
    yield f"question converter: {name}"
    yield HEADER
    yield line("all", said)
    yield line("seen", seen)
    yield line("held out", held_out)
    gap = share(lambda s: s.matches, seen) - share(lambda s: s.matches, held_out)
    yield f"{'gap':24} {'':4} {gap:5.1f} points"
    for dataset in sorted({s.reference.dataset for s in said}):
        yield line(f"  {dataset}", [s for s in said if s.reference.dataset == dataset])


def misses(said: Sequence[Said]) -> Iterable[str]:
    missed = [s for s in said if not s.reference.held_out and not s.matches]
    yield f"misses of the seen part: {len(missed)}"
    for reference, sentence in missed:
        yield f"- {reference.id} ({sentence.via})\n  {reference.ask.question} | "
        yield f"  {reference.ask.answer}\n  said:     {sentence.text}"
        yield f"  accepted: {reference.accepted[0]}"


def compared(first: Sequence[Said], second: Sequence[Said], names: Sequence[str]) -> str:
    ours = sum(a.matches and not b.matches for a, b in zip(first, second, strict=True))
    theirs = sum(b.matches and not a.matches for a, b in zip(first, second, strict=True))
    return f"only {names[0]} matches: {ours}; only {names[1]} matches: {theirs}"


def chosen(name: str) -> QuestionConverter:
    converter = question_converter(name)
    if converter is None:
        sys.exit(f"{name} says nothing; name another question converter")
    return converter


def rate(convert: Callable[[Sequence[Ask]], object], asks: Sequence[Ask]) -> float:
    started = time.process_time()
    convert(asks)
    return len(asks) / (time.process_time() - started)


def plain(asks: Sequence[Ask]) -> list[str]:
    return [f"The answer to “{ask.question}” is {ask.answer}." for ask in asks]


def speed(name: str) -> Iterable[str]:
    """CPU time, since the machine is shared; each figure with a converter that has seen nothing."""
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


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--question-converter", default="rules", metavar="NAME")
    parser.add_argument("--against", metavar="NAME")
    parser.add_argument("--references", type=Path, default=REFERENCES)
    parser.add_argument("--no-misses", action="store_true")
    parser.add_argument("--speed", action="store_true")
    arguments = parser.parse_args()
    references = read(arguments.references)
    asks = [reference.ask for reference in references]
    names = [name for name in (arguments.question_converter, arguments.against) if name]
    answers = []
    for name in names:
        said = list(map(Said, references, chosen(name).convert(asks)))
        answers.append(said)
        print("\n".join(table(name, said)))
        if not arguments.no_misses:
            print("\n".join(misses(said)))
    if len(answers) == 2:
        print(compared(answers[0], answers[1], names))
    if arguments.speed:
        for name in names:
            print("\n".join(speed(name)))


if __name__ == "__main__":
    main()
