"""Annotated statements → the questions that they answer, a bar before each predicate.

Read by `train_predicate.py`; the sentences are Universal Dependencies' CoNLL-U.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

SHORT = {"'s", "'re", "'m", "'ll", "'ve", "'d", "ca", "wo", "sha"}
BAR = "\x00"


class Word(NamedTuple):
    """A word: a line of a CoNLL-U file."""

    id: int
    text: str
    lemma: str
    pos: str
    features: str
    head: int
    relation: str


Sentence = dict[int, Word]


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
    """The positions of a word and of all words that depend on it, in order."""
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
    """Each clause whose subject is contiguous and before its verb."""
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


def auxiliary_and_rest(clause: Clause) -> tuple[list[str], list[str]] | None:
    """The auxiliary (do for a verb without one) and the predicate's words after it."""
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
    made = auxiliary_and_rest(clause)
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
    """Questions about the object: its words are removed, or moved after the question word."""
    heads = [clause.head.id]
    heads += [w.id for w in children(clause.sentence, clause.head.id, "xcomp")]
    for head in heads:
        for thing in children(clause.sentence, head, "obj", "obl"):
            ids = [i for i in below(clause.sentence, thing.id) if i in clause.predicate]
            words = [clause.sentence[i] for i in ids]
            if not words or ids[0] <= clause.head.id:
                continue
            kept = [w.id for w in words[:1] if w.pos == "ADP"]  # a preposition stays in place
            ids = ids[len(kept) :]
            out = [text for i, text in zip(clause.predicate, rest, strict=True) if i not in ids]
            yield ["what", *aux, *subject, BAR, *out]
            noun = [w.text for w in words[len(kept) :] if w.pos not in ("DET", "PRON")]
            if thing.pos == "NOUN" and noun and len(noun) < 7:
                yield [("which", "what")[thing.id % 2], *noun, *aux, *subject, BAR, *out]


def _subjects(clause: Clause, aux: list[str]) -> Iterator[list[str]]:
    """Questions about the subject: the question word replaces it, or precedes its noun."""
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
    """A question of the corpus as it is, from its question word or auxiliary on."""
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
