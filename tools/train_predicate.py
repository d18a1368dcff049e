"""Train the model of where a question's predicate starts.

    python tools/train_predicate.py FOLDER [--evaluate]

FOLDER has Universal Dependencies' CoNLL-U files. Writes
`unifiedqa_convert/question_converters/rules/predicate.json` (seconds, deterministic). A statement
"The cook | boils an egg in a pot" gives the questions that it answers, each with its bar: "does the
cook | boil …", "what does the cook | boil in a pot", "which cook | boils …". Real questions of the
corpora are used as they are. The model is an averaged perceptron over the positions of a question
(Collins 2002). --evaluate trains on four fifths of the sentences and prints how often the bar is
right in the others.
"""

import argparse
import collections
import hashlib
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from question_making import BAR, Sentence, clauses, questions, real, sentences

from unifiedqa_convert.question_converters.rules.predicate import (
    BoundaryChoice,
    boundary_score,
    choices,
    is_adverb,
)
from unifiedqa_convert.question_converters.rules.tagging import tokenise_question
from unifiedqa_convert.question_converters.rules.tokens import Token

QUESTIONS = Path(__file__).with_name("predicate_questions.txt")
OWN_TIMES = 7  # weight: they are few, and closer to the datasets than the corpora
TARGET = (
    Path(__file__).resolve().parents[1]
    / "unifiedqa_convert/question_converters/rules/predicate.json"
)
EPOCHS = 6
SEEDS = tuple(range(20261124, 20261136))  # orders of the data; the weights are averaged
SCALE = 100
CREDIT = {
    "data": "Universal Dependencies English EWT (dev, test), PUD (test), ATIS (train, dev)",
    "license": "CC BY-SA 4.0",
    "made by": "tools/train_predicate.py",
}

Instance = tuple[BoundaryChoice, int | None]


def past_adverbs(tokens: Sequence[Token], at: int) -> int:
    """The position after the adverbs at a predicate's start; one of adverbs only keeps the last."""
    while at + 1 < len(tokens) and is_adverb(tokens[at]):
        at += 1
    return at


def instances(words: Sequence[str]) -> Iterator[Instance]:
    """The decisions in a question, each with the right position."""
    bar = words.index(BAR) if BAR in words else None
    plain_words = [w for w in words if w != BAR]
    gold_at = len(" ".join(plain_words[:bar])) + 1 if bar is not None else None
    tokens = tokenise_question(" ".join(plain_words))
    gold = next((n for n, t in enumerate(tokens) if t.start == gold_at), None)
    if bar is not None and gold is None:
        return
    if gold is not None:
        gold = past_adverbs(tokens, gold)
    plain, aux = choices(tokens)
    if plain is not None:
        inside = gold if gold in plain.places else None
        yield plain, inside
        if inside is not None:
            return
    if aux is None:
        return
    own = gold is not None and gold == aux.places.start - 1 and aux.kind == "H"
    if own or (gold is None and aux.may_lack):
        yield aux, None
    elif gold in aux.places:
        yield aux, gold


def all_instances(sentence: Sentence) -> Iterator[Instance]:
    for words in real(sentence):
        yield from instances(words)
    for clause in clauses(sentence):
        pronouns = all(sentence[i].pos == "PRON" for i in clause.subject)
        if pronouns and clause.head.id % 3:  # easy, and too many
            continue
        for words in questions(clause):
            yield from instances(words)


Prepared = list[tuple[int | None, list[str]]]


def learn(data: list[tuple[Prepared, int | None]]) -> dict[str, float]:
    """The mean of the weights learnt from the data in several orders."""
    total: dict[str, float] = collections.defaultdict(float)
    for seed in SEEDS:
        for feature, value in learnt(list(data), seed).items():
            total[feature] += value / len(SEEDS)
    return total


def learnt(data: list[tuple[Prepared, int | None]], seed: int) -> dict[str, float]:
    """Averaged weights: features of the right position up, those of a wrong choice down."""
    weights: dict[str, float] = collections.defaultdict(float)
    totals: dict[str, float] = collections.defaultdict(float)
    order = random.Random(seed)
    step = 0
    for _ in range(EPOCHS):
        order.shuffle(data)
        for places, gold in data:
            step += 1
            chosen = max(places, key=lambda place: boundary_score(place[1], weights))
            if chosen[0] == gold:
                continue
            right = next(features for at, features in places if at == gold)
            for features, by in ((right, 1), (chosen[1], -1)):
                for feature in features:
                    weights[feature] += by
                    totals[feature] += by * step
    return {f: value - totals[f] / step for f, value in weights.items()}


def rounded(weights: dict[str, float]) -> dict[str, int]:
    """Whole numbers, without those near zero: a third of the size, the same choices."""
    found = {feature: round(SCALE * value) for feature, value in sorted(weights.items())}
    return {feature: value for feature, value in found.items() if abs(value) >= SCALE // 4}


def prepared(stream: Iterable[Instance]) -> list[tuple[Prepared, int | None]]:
    """Each decision's positions; without decisions whose right position the tags rule out."""
    made = [(choice.features(), gold) for choice, gold in stream]
    return [(places, gold) for places, gold in made if gold in {at for at, _ in places}]


def own() -> list[Instance]:
    """The decisions in the questions written for this project."""
    lines = QUESTIONS.read_text("utf-8").splitlines()
    return [
        instance
        for line in lines
        if not line.startswith("#")
        for instance in instances([BAR if w == "|" else w for w in line.rstrip("?").split()])
    ]


def tested(sentence: Sentence) -> bool:
    text = " ".join(word.text for word in sentence.values())
    return int(hashlib.sha256(text.encode()).hexdigest(), 16) % 5 == 0


def chosen_by(weights: dict[str, int], choice: BoundaryChoice) -> int | None:
    places = choice.features()
    return max(places, key=lambda place: boundary_score(place[1], weights))[0] if places else None


def evaluate(found: list[Sentence]) -> None:
    ours = own()
    data = prepared(i for s in found if not tested(s) for i in all_instances(s))
    data += OWN_TIMES * prepared(i for n, i in enumerate(ours) if n % 5)
    weights = rounded(learn(data))
    right: dict[str, list[int]] = collections.defaultdict(lambda: [0, 0])
    for choice, gold in ours[::5]:
        chosen = chosen_by(weights, choice)
        right[f"own {choice.kind}"][0] += chosen == gold
        right[f"own {choice.kind}"][1] += 1
    for sentence in filter(tested, found):
        for kind, stream in (
            ("real", (i for w in real(sentence) for i in instances(w))),
            ("made", (i for c in clauses(sentence) for w in questions(c) for i in instances(w))),
        ):
            for choice, gold in stream:
                chosen = chosen_by(weights, choice)
                right[f"{kind} {choice.kind}"][0] += chosen == gold
                right[f"{kind} {choice.kind}"][1] += 1
    for name, (good, total) in sorted(right.items()):
        print(f"{name:10} {good:6} of {total:6} {100 * good / total:5.1f} %")
    print(f"{len(weights)} weights")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("folder", type=Path, help="CoNLL-U files")
    parser.add_argument("--evaluate", action="store_true", help="print accuracy, write nothing")
    arguments = parser.parse_args()
    found = list(sentences(arguments.folder))
    if arguments.evaluate:
        evaluate(found)
        return
    data = prepared(i for s in found for i in all_instances(s)) + OWN_TIMES * prepared(own())
    weights = rounded(learn(data))
    TARGET.write_text(json.dumps({**CREDIT, "weights": weights}, indent=0) + "\n", "utf-8")
    print(f"{len(weights)} weights, {TARGET.stat().st_size / 1e6:.1f} MB: {TARGET}")


if __name__ == "__main__":
    main()
