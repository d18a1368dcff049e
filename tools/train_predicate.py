"""Learn where a question's predicate starts, from annotated statements turned into questions.

    python tools/train_predicate.py /work/shared/corpora/ud [--evaluate]

Reads Universal Dependencies' CoNLL-U files, writes `unifiedqa_convert/declare/rules_predicate.json`
(seconds, deterministic). A statement "The cook | boils an egg in a pot" gives the questions that it
answers, each with its bar: "does the cook | boil …", "what does the cook | boil in a pot", "which
cook | boils …". Real questions of the corpora are taken as they stand. The learner is an averaged
perceptron over the places of one question (Collins 2002). --evaluate trains on four fifths of the
sentences and prints how often the bar is right in the others.
"""

import argparse
import collections
import hashlib
import json
import random
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from unifiedqa_convert.declare.rules_predicate import Choice, choices, past_adverbs, score
from unifiedqa_convert.declare.rules_tokens import tokenise

QUESTIONS = Path(__file__).with_name("predicate_questions.txt")
OWN_TIMES = 4  # they are few, and nearer to what is asked than the corpora
TARGET = Path(__file__).resolve().parents[1] / "unifiedqa_convert/declare/rules_predicate.json"
EPOCHS = 6
SEEDS = (20261124, 20261125, 20261126, 20261127)  # the order of the data decides little: averaged
SCALE = 100
CREDIT = {
    "data": "Universal Dependencies English EWT (dev, test), PUD (test), ATIS (train, dev)",
    "license": "CC BY-SA 4.0",
    "made by": "tools/train_predicate.py",
}
SHORT = {"'s", "'re", "'m", "'ll", "'ve", "'d", "ca", "wo", "sha"}
BAR = "\x00"


class Word(NamedTuple):
    """A line of a CoNLL-U file."""

    id: int
    text: str
    lemma: str
    pos: str
    features: str
    head: int
    relation: str


Sentence = dict[int, Word]
Instance = tuple[Choice, int | None]


def sentences(folder: Path) -> Iterator[Sentence]:
    for path in sorted(folder.glob("*.conllu")):
        for block in path.read_text("utf-8").split("\n\n"):
            words = [line.split("\t") for line in block.splitlines() if line[:1] != "#"]
            found = [
                Word(int(w[0]), w[1], w[2], w[3], w[5], int(w[6]), w[7])
                for w in words
                if w[0].isdigit()
            ]
            if found:
                yield {word.id: word for word in found}


def below(sentence: Sentence, top: int) -> list[int]:
    """The positions of a word and all that hang on it, in order."""
    found, fresh = {top}, [top]
    while fresh:
        fresh = [w.id for w in sentence.values() if w.head in fresh and w.id not in found]
        found.update(fresh)
    return sorted(found)


def children(sentence: Sentence, head: int, *relations: str) -> list[Word]:
    return [
        w
        for w in sentence.values()
        if w.head == head and (w.relation in relations or w.relation.split(":")[0] in relations)
    ]


def texts(sentence: Sentence, ids: Sequence[int]) -> list[str]:
    return [sentence[i].text for i in ids]


class Clause(NamedTuple):
    """A statement's subject, first auxiliary, verb (or predicate noun) and what follows."""

    sentence: Sentence
    head: Word
    subject: list[int]
    aux: Word | None
    predicate: list[int]


def clauses(sentence: Sentence) -> Iterator[Clause]:
    """Every clause whose subject stands before its verb, the subject one run of words."""
    for word in list(sentence.values()):
        if word.relation.split(":")[0] != "nsubj" or word.head == 0:
            continue
        head = sentence[word.head]
        subject = below(sentence, word.id)
        if subject[-1] >= head.id or subject != list(range(subject[0], subject[-1] + 1)):
            continue
        if sentence[subject[0]].text.lower() in ("who", "which", "that", "what", "there"):
            continue
        helpers = [w for w in children(sentence, head.id, "aux", "cop") if w.id > subject[-1]]
        aux = helpers[0] if helpers else None
        if aux is not None and aux.text.lower() in SHORT:
            continue
        rest = [i for i in below(sentence, head.id) if i > subject[-1] and (not aux or i != aux.id)]
        while rest and sentence[rest[-1]].pos == "PUNCT":
            rest.pop()
        if rest:
            yield Clause(sentence, head, subject, aux, rest)


def undone(clause: Clause) -> tuple[list[str], list[str]] | None:
    """The auxiliary, or the do that a plain verb takes, and the predicate's words after it."""
    words = texts(clause.sentence, clause.predicate)
    if clause.aux is not None:
        return [clause.aux.text.lower()], words
    features = clause.head.features
    if clause.head.pos != "VERB" or "VerbForm=Fin" not in features:
        return None
    third = "Number=Sing" in features and "Person=3" in features
    do = "did" if "Tense=Past" in features else "does" if third else "do"
    at = clause.predicate.index(clause.head.id)
    return [do], [*words[:at], clause.head.lemma.lower(), *words[at + 1 :]]


def questions(clause: Clause) -> Iterator[list[str]]:
    """Questions that the clause answers, as words, BAR before the predicate (none: no bar)."""
    sentence = clause.sentence
    subject = texts(sentence, clause.subject)
    if len(subject) > 1 and sentence[clause.subject[0]].pos in ("DET", "PRON", "ADJ", "ADV"):
        subject[0] = subject[0].lower()
    made = undone(clause)
    if made is not None:
        aux, rest = made
        yield [*aux, *subject, BAR, *rest]
        yield [("where", "why", "how", "when")[clause.head.id % 4], *aux, *subject, BAR, *rest]
        yield from _objects(clause, aux, subject, rest)
    if clause.aux is not None or "VerbForm=Fin" in clause.head.features:
        yield from _subjects(clause, [clause.aux.text.lower()] if clause.aux else [])
    if clause.aux is not None and clause.aux.relation == "cop" and clause.head.pos == "NOUN":
        yield ["what", clause.aux.text.lower(), *texts(sentence, clause.predicate)]
    if len(subject) > 1 and sentence[clause.subject[0]].pos == "DET":
        yield ["what", "are" if subject[-1].endswith("s") else "is", *subject]


def _objects(
    clause: Clause, aux: list[str], subject: list[str], rest: list[str]
) -> Iterator[list[str]]:
    """What the object is: its words taken out, or set after the question word."""
    heads = [clause.head.id]
    heads += [w.id for w in children(clause.sentence, clause.head.id, "xcomp")]
    for head in heads:
        for thing in children(clause.sentence, head, "obj", "obl"):
            ids = [i for i in below(clause.sentence, thing.id) if i in clause.predicate]
            words = [clause.sentence[i] for i in ids]
            if not words or ids[0] <= clause.head.id:
                continue
            kept = [w.id for w in words[:1] if w.pos == "ADP"]  # a preposition is left behind
            ids = ids[len(kept) :]
            out = [text for i, text in zip(clause.predicate, rest, strict=True) if i not in ids]
            yield ["what", *aux, *subject, BAR, *out]
            noun = [w.text for w in words[len(kept) :] if w.pos not in ("DET", "PRON")]
            if thing.pos == "NOUN" and noun and len(noun) < 7:
                yield [("which", "what")[thing.id % 2], *noun, *aux, *subject, BAR, *out]


def _subjects(clause: Clause, aux: list[str]) -> Iterator[list[str]]:
    """What the subject is: in its place the question word, alone or before its noun."""
    sentence = clause.sentence
    rest = texts(sentence, clause.predicate)
    nominal = clause.head.pos in ("NOUN", "PROPN", "PRON") and aux
    bar = [] if nominal else [BAR]
    yield [("what", "which", "who")[clause.head.id % 3], *aux, *bar, *rest]
    words = [sentence[i] for i in clause.subject]
    if words[0].pos == "DET" and len(words) > 1:
        words = words[1:]
    if all(w.pos not in ("PRON", "DET") for w in words[:1]) and "NOUN" in {w.pos for w in words}:
        yield [("what", "which")[clause.head.id % 2], *[w.text for w in words], *aux, *bar, *rest]


def real(sentence: Sentence) -> Iterator[list[str]]:
    """A question of the corpus as it stands, from its question word or auxiliary on."""
    words = list(sentence.values())
    root = next((w for w in words if w.head == 0), None)
    if root is None:
        return
    for subject in children(sentence, root.id, "nsubj"):
        ids = below(sentence, subject.id)
        helpers = [w for w in children(sentence, root.id, "aux", "cop") if w.id < ids[0]]
        asked = sentence[ids[0]].text.lower() in ("what", "which", "who", "whose")
        if ids != list(range(ids[0], ids[-1] + 1)) or not (helpers or asked):
            continue
        start = ids[0] if asked else helpers[0].id
        if start > 1 and sentence[start - 1].text.lower() in ("what", "where", "why", "how", "who"):
            start -= 1
        if ids[-1] >= root.id and not asked:
            continue
        later = [w for w in children(sentence, root.id, "aux", "cop") if w.id > ids[-1]]
        bar = later[0].id + 1 if asked and later else ids[-1] + 1
        last = max(w.id for w in words if w.pos != "PUNCT")
        front, back = range(start, bar), range(bar, last + 1)
        if all(i in sentence for i in (*front, *back)):
            yield [*texts(sentence, front), BAR, *texts(sentence, back)]


def instances(words: Sequence[str]) -> Iterator[Instance]:
    """What is to be decided in a question, with the right decision."""
    bar = words.index(BAR) if BAR in words else None
    plain_words = [w for w in words if w != BAR]
    gold_at = len(" ".join(plain_words[:bar])) + 1 if bar is not None else None
    tokens = tokenise(" ".join(plain_words))
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
        if pronouns and clause.head.id % 3:  # they are easy, and too many
            continue
        for words in questions(clause):
            yield from instances(words)


Prepared = list[tuple[int | None, list[str]]]


def learn(data: list[tuple[Prepared, int | None]]) -> dict[str, float]:
    """The mean of what is learnt from the data in several orders."""
    total: dict[str, float] = collections.defaultdict(float)
    for seed in SEEDS:
        for feature, value in learnt(list(data), seed).items():
            total[feature] += value / len(SEEDS)
    return total


def learnt(data: list[tuple[Prepared, int | None]], seed: int) -> dict[str, float]:
    """Averaged weights: the features of the right place up, those of a wrong choice down."""
    weights: dict[str, float] = collections.defaultdict(float)
    totals: dict[str, float] = collections.defaultdict(float)
    order = random.Random(seed)
    step = 0
    for _ in range(EPOCHS):
        order.shuffle(data)
        for places, gold in data:
            step += 1
            chosen = max(places, key=lambda place: score(place[1], weights))
            if chosen[0] == gold:
                continue
            right = next(features for at, features in places if at == gold)
            for features, by in ((right, 1), (chosen[1], -1)):
                for feature in features:
                    weights[feature] += by
                    totals[feature] += by * step
    return {f: value - totals[f] / step for f, value in weights.items()}


def rounded(weights: dict[str, float]) -> dict[str, int]:
    """Whole numbers, those near nothing left out: a third of the size, the same choices."""
    found = {feature: round(SCALE * value) for feature, value in sorted(weights.items())}
    return {feature: value for feature, value in found.items() if abs(value) >= SCALE // 4}


def prepared(stream: Iterable[Instance]) -> list[tuple[Prepared, int | None]]:
    """Every decision's places; those whose right one the words' tags rule out are left out."""
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


def chosen_by(weights: dict[str, int], choice: Choice) -> int | None:
    places = choice.features()
    return max(places, key=lambda place: score(place[1], weights))[0] if places else None


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
    parser.add_argument("folder", type=Path)
    parser.add_argument("--evaluate", action="store_true")
    arguments = parser.parse_args()
    found = list(sentences(arguments.folder))
    if arguments.evaluate:
        return evaluate(found)
    data = prepared(i for s in found for i in all_instances(s)) + OWN_TIMES * prepared(own())
    weights = rounded(learn(data))
    TARGET.write_text(json.dumps({**CREDIT, "weights": weights}, indent=0) + "\n", "utf-8")
    print(f"{len(weights)} weights, {TARGET.stat().st_size / 1e6:.1f} MB: {TARGET}")
    return None


if __name__ == "__main__":
    main()
