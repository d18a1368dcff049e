"""Where a question's predicate starts, by a learnt model: patterns alone can't find it.

"What do plant cells | use to make food": each possible position of the bar is described by features
of the words around it (their possible parts of speech, numbers, endings), and the position with the
highest sum of weights is chosen. ``tools/train_predicate.py`` learns the weights from annotated
sentences; ``docs/decisions/0005`` has the reasons and the sources.
"""

import json
from collections.abc import Mapping, Sequence
from functools import cache, lru_cache
from importlib import resources
from itertools import pairwise, repeat
from typing import NamedTuple

from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.lexicon import noun_number, verb_lemma
from unifiedqa_convert.question_converters.rules.tokens import Token

_OUTSIDE = Token("", "", "-", 0, 0)
# The parts of speech that a predicate may start with, after adverbs; "" for any.
_STARTS = {"F": "VZT", "O": "VBOH", "M": "VBOH", "H": "EBH", "B": ""}
# No noun phrase ends in a determiner, possessive or conjunction, except in these determiners.
_OPEN = frozenset("DLC")
_ALONE = frozenset("these those this that each all both many some most none another".split())
_AUXILIARY = frozenset("BOHM")
_FARTHEST = 40  # tokens; a subject is hardly longer
_SUBJECTS = frozenset("he she they we i you".split())
_ADJUNCT = frozenset("where when why how".split())
_RELATIVE = frozenset("that which who whose where".split())


class Boundary(NamedTuple):
    """A position of the bar: the words around it (without adverbs) and counts of those before."""

    at: int
    left2: Token
    left: Token
    token: Token
    right: Token
    verbs: int
    relatives: int
    commas: int


class BoundaryChoice(NamedTuple):
    """A question's possible positions of the bar, and whether it may have no predicate.

    ``kind`` is F for a finite verb without an auxiliary, or the tag of the auxiliary.
    """

    tokens: Sequence[Token]
    kind: str
    opener: str
    places: range
    may_lack: bool

    def features(self) -> list[tuple[int | None, list[str]]]:
        """Each position with its features; position None: there is no predicate."""
        return self.described(self.spots())

    def described(self, spots: Sequence["Boundary"]) -> list[tuple[int | None, list[str]]]:
        """The same for these positions."""
        gap = self.stranded()
        found: list[tuple[int | None, list[str]]] = [(s.at, self._of(s, gap)) for s in spots]
        return [(None, self._lacking(gap)), *found] if self.may_lack else found

    def spots(self) -> list["Boundary"]:
        """The positions where the words' tags allow a predicate to start."""
        found = []
        kinds = _STARTS[self.kind]
        verbs, relatives, commas = 0, 0, 0
        before = [t for t in self.tokens[: self.places.start] if not is_adverb(t)]
        left2, left = [_OUTSIDE, _OUTSIDE, *before][-2:]
        last = len(self.tokens) - 1
        for at in self.places:
            token = self.tokens[at]
            tags = token.tags
            allowed = token.may(kinds) if kinds else tags != "K" and token.lower != "that"
            if allowed and (left.tags not in _OPEN or left.lower in _ALONE):
                right = self.tokens[at + 1] if at < last else _OUTSIDE
                found.append(Boundary(at, left2, left, token, right, verbs, relatives, commas))
            if "V" in tags or "Z" in tags or "T" in tags:
                verbs += not token.may("BOHM")
            elif "S" in tags or "W" in tags:
                relatives += 1
            elif token.lower in ",()":
                commas += 1
            if not is_adverb(token):
                left2, left = left, token
        return found

    def _of(self, spot: "Boundary", gap: str) -> list[str]:
        at, left2, left, token, right, verbs, relatives, commas = spot
        k, opener = self.kind, self.opener
        here, before, after = token.tags, left.tags, right.tags
        word = token.lower
        away = at - self.places.start
        first = "" if away else "1"
        return [
            f"a{k}{first}{here}",
            f"b{k}{before}|{here}",
            f"c{k}{here}|{after}",
            f"e{k}{word}",
            f"f{left.lower}|{here}",
            f"g{k}{here}|{right.lower}",
            f"h{word[-3:]}|{here}",
            f"i{left2.tags}|{before}|{here[:2]}",
            f"k{k}{opener}{first}{here[:2]}",
            f"l{k}{opener}{away if away < 12 else 12}",
            f"m{k}{noun_number(left.lower)}|{here}",
            f"n{k}{verbs if verbs < 4 else 4}{here[:2]}",
            f"o{k}{relatives > 0}{verbs if verbs < 2 else 2}{first}",
            f"p{k}{commas > 0}{here[:2]}",
            f"q{k}{left.text[:1].isupper()}{token.text[:1].isupper()}{first}",
            f"t{opener}{first}{left.lower}",
            f"v{k}{_verbness(word)}{first}",
            f"w{k}{gap}{here[:2]}{first}",
        ]

    def stranded(self) -> str:
        """P or V if a preposition or verb lacks its object before a clause or the end."""
        tokens = self.tokens
        for at in range(len(tokens) - 1, self.places.start - 1, -1):
            ends = at + 1 == len(tokens) or tokens[at + 1].may("S")
            if ends and tokens[at].tags[:1] == "P":
                return "P"
            if ends and tokens[at].may("VG") and not tokens[at].may("N"):
                return "V"
        return ""

    def _lacking(self, stranded: str) -> list[str]:
        start = self.places.start
        first = self.tokens[start] if start < len(self.tokens) else _OUTSIDE
        last = self.tokens[self.places.stop - 1]
        inner = self.tokens[start : self.places.stop]
        # "Used to find", "made of": the object missing at the end is what the question is about.
        to = len(inner) > 2 and inner[-2].lower == "to" and last.may("V")
        gapped = "to" if to else "prep" if last.tags == "P" else ""
        relative = any(t.lower in _RELATIVE for t in inner)
        return [
            f"0{self.kind}{self.opener}",
            f"1{self.kind}{self.opener}{first.tags}",
            f"2{self.kind}{first.lower}",
            f"3{self.kind}{last.tags}",
            f"4{self.kind}{relative}{self.places.stop < len(self.tokens)}",
            f"5{self.kind}{self.opener}{min(len(inner), 8)}",
            f"6{self.kind}{last.lower}",
            f"7{self.kind}{self.opener}{gapped}",
            f"8{self.kind}{stranded}",
        ]


def is_adverb(token: Token) -> bool:
    """True if a word may come between a subject and its predicate without changing them."""
    return token.tags == "A" or token.lower in words.ADVERBS


@lru_cache(maxsize=65536)
def _verbness(word: str) -> str:
    """What the word lists say about an ambiguous word: + rather a verb, - rather a noun."""
    if word in words.MOSTLY_NOUNS:
        return "-"
    return "+" if verb_lemma(word) in words.COMMON_VERBS else ""


def predicate(tokens: Sequence[Token]) -> int | None:
    """The position of the predicate's first word, adverbs included; None if there is none."""
    if len(tokens) > 2 and tokens[0].may("B") and tokens[1].lower == "there":
        return 2
    plain, aux = choices(tokens)
    if plain is not None:
        at = best(plain)
        if at is not None:
            return at
    return None if aux is None else _after_auxiliary(tokens, aux)


def _after_auxiliary(tokens: Sequence[Token], aux: BoundaryChoice) -> int | None:
    """The same for a question whose question word is no subject, or whose verb has an auxiliary."""
    first = aux.places.start - 1
    who = first + 1 if tokens[first].may("BOHM") else first
    pronoun = who < len(tokens) and tokens[who].lower in _SUBJECTS
    after = tokens[who + 1] if pronoun and who + 1 < len(tokens) else None
    if after is not None and not after.may("SK") and after.lower not in ("both", "all"):
        return who + 1  # the pronoun is the whole subject
    if (
        aux.kind == "B"
        and aux.opener == "who"
        and all(t.text[:1].isupper() for t in tokens[first + 1 :])
    ):
        return None  # "who is Lee"
    at = best(aux)
    if at is None and aux.kind == "B":
        at = _late(tokens, aux)
    clause_before = at is not None and at > 3 and tokens[at - 1].lower in _SUBJECTS
    if at is not None and clause_before and aux.kind == "B" and not tokens[at - 2].may("BOHM"):
        return None  # "what is the reason they left"
    if at is not None and aux.kind == "H" and _two_verbs(tokens[first:at]):
        return first  # "what | has wheels and is pushed"
    denied = at is not None and at >= 2 and tokens[at - 1].lower == "not" and aux.kind == "O"
    if at is not None and denied and tokens[at - 2].may("O"):
        return at - 1  # "which part does | not move"
    return _unknown_verb(tokens, aux) if at is None else at


def _unknown_verb(tokens: Sequence[Token], aux: BoundaryChoice) -> int | None:
    """The verb that the dictionary lacks ("what do kidneys | reabsorb"), or "has" itself."""
    last = len(tokens) - 1
    if aux.kind in "OM" and "X" in tokens[last].tags and last > aux.places.start:
        return last
    return aux.places.start - 1 if aux.kind == "H" else None


def _two_verbs(tokens: Sequence[Token]) -> bool:
    """True if a second finite verb follows "has" after "and": "has wheels and is"."""
    return any(a.lower in ("and", "but") and b.may("BH") for a, b in pairwise(tokens))


def _late(tokens: Sequence[Token], aux: BoundaryChoice) -> int | None:
    """A participle at the end that can be nothing else: "how were the men | paid"."""
    last = len(tokens) - 1
    if last not in aux.places or last - aux.places.start < 0:
        return None
    token, before = tokens[last], tokens[last - 1]
    passive = aux.opener == "how" and token.only("ET")
    doing = aux.opener == "what" and token.only("G") and before.may("NX") and not before.may("PJ")
    many = tokens[aux.places.start - 1].lower in ("are", "were")
    return last if passive or (doing and many) else None


def choices(tokens: Sequence[Token]) -> tuple[BoundaryChoice | None, BoundaryChoice | None]:
    """The decisions: a verb with the question word as subject, and the bar after an auxiliary."""
    head = _head_start(tokens)
    if not head and not tokens[0].may("BOHM"):
        return None, None  # not the word order of a question
    aux = _auxiliary(tokens, head)
    opener = tokens[head - 1].lower if head else "?"
    plain = None
    if head and aux > head:
        places = range(head, aux)
        if any(tokens[at].may("VZT") for at in places):
            plain = BoundaryChoice(tokens, "F", opener, places, True)
    if aux >= len(tokens):
        return plain, None
    kind = next(letter for letter in tokens[aux].tags if letter in "BOHM")
    if kind == "O" and head and tokens[aux + 1 : aux + 2] and tokens[aux + 1].lower == "not":
        return plain, BoundaryChoice(tokens, kind, opener, range(aux + 2, len(tokens)), False)
    headed = "+" if head and aux > head else ""
    denied = head and tokens[aux].lower.endswith(("n't", "n\u2019t"))  # "who doesn't | like rain"
    asks_subject = head and (kind != "O" or denied) and (headed or opener not in _ADJUNCT)
    first = aux + 1 if asks_subject else aux + 2
    places = range(first, min(len(tokens), first + _FARTHEST))
    if not places:
        return plain, None
    often = bool(head) and tokens[head : head + 1] and tokens[head].lower == "often"
    may_lack = kind in "BH" and not often
    return plain, BoundaryChoice(tokens, kind, opener + headed, places, may_lack)


def _head_start(tokens: Sequence[Token]) -> int:
    """The position after the question word; 0 for a question without one."""
    if tokens and tokens[0].may("W"):
        return 1
    for start in (1, 2):
        if len(tokens) > start and tokens[0].may("PA") and tokens[start].may("W"):
            return start + 1
    return 0


def _auxiliary(tokens: Sequence[Token], head: int) -> int:
    """The first auxiliary outside a relative clause; the number of tokens if there is none."""
    relative = len(tokens)
    for at in range(head, len(tokens)):
        if tokens[at].tags[:1] in _AUXILIARY:
            if at <= head or tokens[at - 1].lower not in _RELATIVE:
                return at
            relative = min(relative, at)
    return relative


def best(choice: BoundaryChoice) -> int | None:
    """The position with the highest score, the earlier one of equals."""
    spots = choice.spots()
    if len(spots) == 1 and not choice.may_lack:
        chosen: int | None = spots[0].at
    else:
        chosen, most = None, None
        found = weights()
        for at, features in choice.described(spots):
            points = boundary_score(features, found)
            if most is None or points > most:
                chosen, most = at, points
    if chosen is not None:
        while chosen > choice.places.start and _precedes(choice.tokens[chosen - 1]):
            chosen -= 1
    return chosen


def _precedes(token: Token) -> bool:
    """True for an adverb that belongs to the verb after it; "else" belongs to the word before."""
    return (is_adverb(token) and token.lower != "else") or token.lower == "so"


def boundary_score(features: Sequence[str], found: Mapping[str, float]) -> float:
    """The sum of the weights of these features."""
    return sum(map(found.get, features, repeat(0)))


@cache
def weights() -> Mapping[str, int]:
    """The learnt weights, read once."""
    text = resources.files("unifiedqa_convert.question_converters.rules").joinpath("predicate.json")
    found: Mapping[str, int] = json.loads(text.read_text("utf-8"))["weights"]
    return found


def mark(tokens: Sequence[Token]) -> list[Token]:
    """The tokens, with the tag Y added to the one that starts the predicate, if there is one."""
    at = predicate(tokens)
    marked = list(tokens)
    if at is not None:
        marked[at] = marked[at]._replace(tags=marked[at].tags + "Y")
    return marked
