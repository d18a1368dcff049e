"""A parsed statement → questions that it answers, their answers, and the statements accepted.

Read by `statement_triples.py`. The parse is spaCy's (ClearNLP's dependency labels); nothing else of
spaCy is used. What a statement is inverted to is chosen by a generator with a fixed seed.
"""

from __future__ import annotations  # spaCy is needed by none that only imports this

import random
from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from spacy.tokens import Token  # type: ignore[import-not-found,unused-ignore]

_SHORT = "s re m ll ve d"
CONTRACTED = frozenset(
    (
        "n't",
        "n\u2019t",
        "ca",
        "wo",
        "sha",
        *(f"{mark}{end}" for mark in "'\u2019" for end in _SHORT.split()),
    )
)
DENIED = frozenset(("n't", "n\u2019t"))
KEPT = frozenset(("'s", "\u2019s", "ca", "wo", *DENIED))
PLACES = frozenset(
    "in at on to into from under near behind inside onto through beside above over across around "
    "outside beneath below between".split()
)
NEAR = ("in", "at", "on", "near", "inside", "to")
PRONOUNS = frozenset("i you he she it we they this that these those".split())
ARTICLES = ("a", "an", "the")
NOUNS = {
    "noun.animal": ("animal", "creature", "kind of animal"),
    "noun.person": ("person",),
    "noun.food": ("food", "kind of food"),
    "noun.location": ("place", "city", "country"),
    "noun.artifact": ("object", "thing", "tool", "item"),
    "noun.time": ("day", "year", "month"),
    "noun.substance": ("substance", "material"),
    "noun.plant": ("plant", "type of plant"),
    "noun.body": ("part", "part of the body"),
    "noun.feeling": ("feeling", "emotion"),
    "noun.communication": ("word", "message"),
    "noun.act": ("activity", "action"),
    "noun.event": ("event",),
    "noun.group": ("group",),
    "noun.cognition": ("idea", "subject"),
    "noun.attribute": ("quality", "property"),
    "noun.state": ("state", "condition"),
}


class Triple(NamedTuple):
    """A question, its answer, the statements a person would accept, and how it was made."""

    question: str
    answer: str
    accepted: tuple[str, ...]
    way: str


def piece(tokens: Sequence[Token]) -> str:
    """The text of tokens in order; a gap between them is one space."""
    made = ""
    for n, token in enumerate(tokens):
        made += token.text
        if n + 1 < len(tokens):
            following = tokens[n + 1]
            made += token.whitespace_ if following.i == token.i + 1 else " "
    return made


def capital(text: str) -> str:
    return text[:1].upper() + text[1:]


def below(token: Token) -> list[Token]:
    return sorted(token.subtree, key=lambda t: t.i)


def whole(tokens: Sequence[Token]) -> bool:
    return bool(tokens) and tokens[-1].i - tokens[0].i + 1 == len(tokens)


def joined(*parts: str) -> str:
    return " ".join(part for part in parts if part)


class Clause:
    """A statement's parts: front, subject, predicate with its finite verb."""

    def __init__(self, verb: Token, subject: Token, chance: random.Random) -> None:
        self.verb, self.chance = verb, chance
        marks = {t.i for t in verb.children if t.dep_ in ("mark", "cc") and t.i < subject.i}
        # "…, and I felt …": a clause of its own.
        more = [t for t in verb.conjuncts if any(c.dep_.startswith("nsubj") for c in t.lefts)]
        marks |= {t.i for m in more if m.i > verb.i for t in m.subtree}
        inside = [t for t in below(verb) if t.i not in marks]
        if verb.dep_ != "ROOT":
            # A clause inside a sentence: without what is joined to it.
            inside = [t for t in inside if t.i >= subject.left_edge.i]
        while inside and (inside[0].is_punct or inside[0].dep_ == "cc"):
            inside.pop(0)
        while inside and (inside[-1].is_punct or inside[-1].dep_ == "cc"):
            inside.pop()
        self.subject = below(subject)
        first, last = self.subject[0].i, self.subject[-1].i
        self.front = [t for t in inside if t.i < first]
        while self.front and self.front[-1].is_punct:
            self.front.pop()
        self.predicate = [t for t in inside if t.i > last]
        self.expl = subject.dep_ == "expl"
        helpers = [t for t in verb.children if t.dep_ in ("aux", "auxpass") and t.i > last]
        helpers = [t for t in helpers if t.i < verb.i and t.lower_ != "to"]
        self.aux = helpers[0] if helpers else verb if verb.lemma_ == "be" else None
        self.name: str | None = None  # in place of a pronoun
        self.said: str | None = None  # the pronoun for it
        self.plural = subject.tag_ in ("NNS", "NNPS") or any(
            t.dep_ == "conj" for t in subject.children
        )

    @property
    def sound(self) -> bool:
        """Whether it is a plain statement that can be inverted."""
        if not whole(self.subject) or not self.predicate or self.verb not in self.predicate:
            return False
        if self.subject[-1].i > self.verb.i or self.subject[0].tag_ in ("WDT", "WP", "WRB", "EX!"):
            return False
        finite = self.aux if self.aux is not None else self.verb
        if finite.tag_ not in ("VBD", "VBZ", "VBP", "MD"):
            return False
        denied = any(t.lower_ in DENIED and t.i == finite.i + 1 for t in self.predicate)
        if finite.lower_ in CONTRACTED and not (denied and finite.lower_ in ("ca", "wo")):
            return False
        texts = {t.lower_ for t in (*self.subject, *self.predicate)}
        marks = set('"“”?:;()[]…«»/') | {"--", "-"}
        if texts & marks or any(t in CONTRACTED - KEPT for t in texts):
            return False
        size = len(self.subject) + len(self.predicate)
        return 3 <= size <= 26 and len(self.front) <= 12 and not texts & {"who's", "let"}

    def named(self) -> str:
        """The subject as it is within a sentence."""
        if self.name is not None:
            return self.name
        text, first = piece(self.subject), self.subject[0]
        plain = first.pos_ != "PROPN" and first.text != "I" and not first.text[1:2].isupper()
        return text[:1].lower() + text[1:] if plain else text

    def front_text(self) -> str:
        text = piece(self.front)
        plain = self.front and self.front[0].pos_ != "PROPN"
        return text[:1].lower() + text[1:] if plain else text

    def statement(self, predicate: str | None = None) -> str:
        return joined(self.named(), piece(self.predicate) if predicate is None else predicate)

    def asked(self, lead: str, without: Sequence[Token] = (), end: str = "") -> str:
        """A question: the question word, the auxiliary, the subject, the rest."""
        gone = {t.i for t in without}
        if self.aux is not None:
            said = self.aux.lower_
            rest = [t for t in self.predicate if t.i not in gone and t.i != self.aux.i]
            if rest and rest[0].lower_ in DENIED and rest[0].i == self.aux.i + 1:
                said += rest.pop(0).text
            return self._ended(joined(lead, said, self.named(), piece(rest), end))
        rest = [t for t in self.predicate if t.i not in gone]
        at = next(n for n, t in enumerate(rest) if t.i == self.verb.i)
        do = {"VBD": "did", "VBZ": "does"}.get(self.verb.tag_, "do")
        said = joined(piece(rest[:at]), self.verb.lemma_, piece(rest[at + 1 :]))
        return self._ended(joined(lead, do, self.named(), said, end))

    def _ended(self, text: str) -> str:
        return capital(text.replace(" ,", ",").rstrip(" ,")) + "?"

    def pronoun(self) -> str:
        """A pronoun for the subject."""
        if self.said is not None:
            return self.said
        first = self.subject[0]
        if len(self.subject) == 1 and first.lower_ in PRONOUNS:
            return str(first.text)
        if self.plural:
            return "they"
        head = next((t for t in self.subject if t.dep_.startswith("nsubj")), first)
        named = head.ent_type_ == "PERSON" or head._.lex == "noun.person"
        return self.chance.choice(("he", "she")) if named else "it"

    def with_front(self, triple: Triple) -> Triple:
        """The same with the statement's front at the start of the question."""
        front = self.front_text()
        question = triple.question
        question = question[:1].lower() + question[1:]
        accepted = []
        for text in triple.accepted:
            accepted += [f"{front}, {text}", f"{text} {front}"]
        return triple._replace(question=f"{capital(front)}, {question}", accepted=tuple(accepted))


def articled(text: str) -> list[str]:
    """The phrase with each article, if it has one."""
    first, _, rest = text.partition(" ")
    if first.lower() not in ARTICLES or not rest:
        return [text]
    return [text, f"the {rest}", f"{'an' if rest[0].lower() in 'aeiou' else 'a'} {rest}"]


def answers(clause: Clause, tokens: Sequence[Token]) -> Iterator[tuple[str, list[str]]]:
    """The ways to give a phrase as an answer, each with the phrases that it may stand for."""
    text = piece(tokens)
    if tokens[0].pos_ != "PROPN" and tokens[0].text != "I":
        text = text[:1].lower() + text[1:]
    kind = clause.chance.random()
    forms = articled(text)
    if len(forms) > 1 and kind < 0.35:
        text = text.partition(" ")[2]
    yield styled(clause, text), forms


def styled(clause: Clause, text: str) -> str:
    kind = clause.chance.random()
    if kind < 0.25:
        return capital(text)
    return capital(text) + "." if kind < 0.5 else text


def replaced(clause: Clause, tokens: Sequence[Token], by: str) -> str:
    """The predicate with a phrase replaced."""
    before = [t for t in clause.predicate if t.i < tokens[0].i]
    after = [t for t in clause.predicate if t.i > tokens[-1].i]
    return joined(piece(before), by, piece(after)).replace(" ,", ",")


def moved(clause: Clause, tokens: Sequence[Token], by: str) -> list[str]:
    """Statements with a phrase in its place, at the end, or after the verb."""
    gone = {t.i for t in tokens}
    rest = [t for t in clause.predicate if t.i not in gone]
    at = next((n for n, t in enumerate(rest) if t.i == clause.verb.i), 0)
    said = [replaced(clause, tokens, by), joined(piece(rest), by)]
    said.append(joined(piece(rest[: at + 1]), by, piece(rest[at + 1 :])))
    objects = [t for t in clause.verb.children if t.dep_ in ("dobj", "attr", "acomp")]
    if objects and objects[0].i not in gone:
        last = below(objects[0])[-1].i
        at = next((n for n, t in enumerate(rest) if t.i == last), None) or at
        said.append(joined(piece(rest[: at + 1]), by, piece(rest[at + 1 :])))
    return [clause.statement(p) for p in dict.fromkeys(said)]


def person(token: Token) -> bool:
    return token.ent_type_ == "PERSON" or token._.lex == "noun.person" or token.lower_ in PRONOUNS
