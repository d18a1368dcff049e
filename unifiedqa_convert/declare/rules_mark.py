"""Where a question's predicate starts: the one thing the patterns cannot see for themselves.

"What do | plant cells | use to make food": words before the bar are tagged as a verb or a noun or
both, and the bar is put where the evidence, as points, is best. A mistake is mended by a word in
``rules_words`` (COMMON_VERBS, MOSTLY_NOUNS) or by a weight here, not by a rule.
"""

from collections.abc import Callable, Sequence

from unifiedqa_convert.declare import rules_words as words
from unifiedqa_convert.declare.rules_lemma import noun_number, verb_lemma
from unifiedqa_convert.declare.rules_tokens import Token

_LEAST = 1.0  # points a predicate needs before it is believed
_CERTAIN = -5.0  # after do or a modal there must be one
_EMPTY = Token("", "", "K", 0, 0)


Score = Callable[[Sequence[Token], int, int], float]


def mark(tokens: Sequence[Token]) -> list[Token]:
    """The tokens, the one that starts the predicate tagged Y (none where it cannot be told)."""
    at = predicate(tokens)
    return [
        token._replace(tags=token.tags + "Y") if number == at else token
        for number, token in enumerate(tokens)
    ]


def predicate(tokens: Sequence[Token]) -> int | None:
    """The position of the first word of the predicate, adverbs included."""
    head = _head_start(tokens)
    aux = next((i for i in range(head, len(tokens)) if tokens[i].may("BOHM")), len(tokens))
    if head:
        sure = _CERTAIN if aux == len(tokens) else _LEAST
        plain = _best(tokens, head, aux, _finite, sure)
        if plain is not None:
            return plain
    if aux >= len(tokens):
        return None
    kind = tokens[aux].tags[0]
    if kind == "H" and not any(t.may("E") or t.lower == "been" for t in tokens[aux + 1 :]):
        return aux
    if kind == "O" and tokens[aux + 1 : aux + 2] and tokens[aux + 1].lower == "not":
        return aux + 1
    score = {"O": _base, "M": _base, "H": _perfect, "B": _complement}[kind]
    first = aux + 1 if head and kind != "O" else aux + 2
    found = _best(tokens, first, len(tokens), score, _LEAST if kind in "BH" else _CERTAIN)
    if found is None and kind == "H":
        return aux
    return found


def _head_start(tokens: Sequence[Token]) -> int:
    """Where the words after the question word start; 0 for a question without one."""
    if tokens and tokens[0].may("W"):
        return 1
    for start in (1, 2):
        if len(tokens) > start and tokens[0].may("P") and tokens[start].may("W"):
            return start + 1
    return 0


def _best(
    tokens: Sequence[Token], first: int, last: int, score: Score, least: float = _LEAST
) -> int | None:
    """The best-scored position, moved back over the adverbs before it."""
    best, points = None, least
    depth = 0
    for i in range(first, last):
        depth += (tokens[i].lower == "(") - (tokens[i].lower == ")")
        if depth:
            continue
        if score is _finite and best is not None and tokens[i].may("SW"):
            break
        if score is _perfect and (tokens[i].may("S") or tokens[i].lower == ","):
            break
        # A predicate is seldom far from its subject's first word.
        here = score(tokens, i, first) - (0.25 if score is _finite else 0.12) * (i - first)
        if here >= points + 0.01:
            best, points = i, here
    while best is not None and best > first and _adverb_before(tokens, best, first):
        best -= 1
    return best


def _opening(tokens: Sequence[Token], at: int, first: int) -> bool:
    """Whether only adverbs stand between the auxiliary and this position."""
    return first <= at and all(t.may("A") for t in tokens[first:at])


def _adverb_before(tokens: Sequence[Token], at: int, first: int) -> bool:
    before = tokens[at - 1]
    if at - 1 == first and before.may("N"):
        return False
    return before.only("A") or (before.may("A") and before.lower in words.ADVERBS | {"likely"})


def _noun_ends(tokens: Sequence[Token], at: int) -> bool:
    """Whether a noun phrase can end just before this position."""
    i = at - 1
    while i > 0 and (tokens[i].only("A") or tokens[i].lower in words.ADVERBS):
        i -= 1
    before = tokens[i]
    if before.lower in ("that", "which", "who", "to", "not", "these", "those"):
        return before.lower in ("not", "these", "those", "that") and before.lower != "that"
    return (before.may("NRQXGK") and not before.only("K")) or before.lower in (",", ")", '"', "”")


def _after(tokens: Sequence[Token], at: int) -> Token:
    return tokens[at + 1] if at + 1 < len(tokens) else _EMPTY


def _verbness(token: Token) -> float:
    """How much a word is a verb rather than a noun or an adjective, in itself."""
    if token.lower in words.MOSTLY_NOUNS:
        return -2.0
    if verb_lemma(token.lower) in words.COMMON_VERBS:
        return 2.5
    if token.may("N"):
        return -0.5
    return 1.0 if token.may("J") else 3.0


def _followed(tokens: Sequence[Token], at: int) -> float:
    """How well what follows suits a verb."""
    after = _after(tokens, at)
    if not after.text or after.may("DRGWL") or after.lower in ("to", "that"):
        return 1.0
    if after.may("BOHM"):
        return -3.0
    if after.may("PAQ") or after.lower in words.SUBORDINATORS:
        return 0.5
    return -1.5 if after.may("VZT") and not after.may("NJ") else 0.0


def _finite(tokens: Sequence[Token], at: int, first: int) -> float:
    """Points for a finite verb with the question word as its subject: "what organ | pumps"."""
    token = tokens[at]
    if not token.may("VZT") or token.may("P"):
        return -9.0
    if at > first and not _noun_ends(tokens, at):
        return -9.0
    points = _verbness(token) + _followed(tokens, at) - tokens[at - 1].may("J") * (at > first)
    points -= _disagrees(tokens, at) if at > first else 0.0
    points += 2.0 * (at == first and token.may("ZT"))
    if token.may("T") and token.may("E") and _after(tokens, at).lower in ("by", "in", "as"):
        points -= 1.5 * (at > first)
    return points


def _disagrees(tokens: Sequence[Token], at: int) -> float:
    """What it costs a verb to be of another number than the noun before it."""
    token, number = tokens[at], noun_number(tokens[at - 1].lower)
    if token.may("T"):
        return 0.0
    if token.may("V"):
        return 2.0 if number in ("singular", "mass") else 0.0
    return 1.0 if number == "plural" else -1.5


def _base(tokens: Sequence[Token], at: int, first: int) -> float:
    """Points for a base verb after do or a modal: "does a plant | make"."""
    token = tokens[at]
    if token.lower in ("be", "have", "do") and tokens[at - 1].lower != "to":
        return 6.0
    if not token.may("V") or token.may("P"):
        return -9.0
    opening = tokens[first - 1].may("M") and _opening(tokens, at, first)
    if opening or (tokens[first - 1].may("R") and at == first):
        return _verbness(token) + _followed(tokens, at)
    if not _noun_ends(tokens, at):
        return -3.0 if tokens[at - 1].only("J") else -9.0
    pronoun = 3.0 if tokens[at - 1].lower in words.SUBJECT_PRONOUNS else 0.0
    return _verbness(token) + _followed(tokens, at) + pronoun


def _perfect(tokens: Sequence[Token], at: int, first: int) -> float:
    """Points for a participle after have."""
    token = tokens[at]
    if token.lower == "been":
        return 6.0
    if not token.may("E") or (at > first and not _noun_ends(tokens, at)):
        return -9.0
    return 3.0


def _complement(tokens: Sequence[Token], at: int, first: int) -> float:
    """Points for what follows be and its subject: a participle, an adjective, a noun, a place."""
    token, before = tokens[at], tokens[at - 1]
    opening = tokens[first - 1].may("B") and _opening(tokens, at, first)
    if not opening and not _noun_ends(tokens, at):
        return -9.0
    after = _after(tokens, at)
    ends = not after.text or after.may("PDSRQAE") or after.lower in ("to", "that", ",")
    pronoun = 2.0 if before.lower in words.SUBJECT_PRONOUNS else 0.0
    if token.may("E") and not token.may("P"):
        return _participle(tokens, at, opening, ends) + pronoun
    if token.may("G") and (not token.may("N") or opening):
        return 3.0 if ends else 1.5
    if token.may("J") and (token.lower in _PREDICATIVE or not token.may("N")):
        return (3.5 if ends else 0.5) + pronoun
    return _nominal(tokens, at, opening) + pronoun


def _participle(tokens: Sequence[Token], at: int, opening: bool, ends: bool) -> float:
    token, after = tokens[at], _after(tokens, at)
    if opening and after.may("NX") and not after.may("PEAJ"):
        return -9.0
    if after.lower in ("by", "to") and any(t.only("ET") for t in tokens[at + 1 :]):
        return 1.5
    return 4.0 if ends or not token.may("NJ") else 2.0


def _nominal(tokens: Sequence[Token], at: int, opening: bool) -> float:
    token, before, after = tokens[at], tokens[at - 1], _after(tokens, at)
    if token.may("J") and before.may("N") and after.lower in ("", "or", "than"):
        return 2.5
    noun = token.may("DQ") and token.lower != "that" and before.lower not in words.ADVERBS
    if noun and not opening:
        return 2.5
    if opening:
        return 2.0 if token.may("A") and after.may("EPJ") else 0.0
    if token.lower in ("part", "similar", "made", "also", "like"):
        return 2.5
    return 0.6 if token.may("PNA") and token.lower != "of" else -9.0


_PREDICATIVE = frozenset(
    "able unable capable likely responsible used similar good important".split()
)
