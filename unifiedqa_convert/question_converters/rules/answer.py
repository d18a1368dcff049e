"""An answer, and the forms it takes inside a sentence."""

import re
from collections.abc import Sequence
from functools import lru_cache

from unifiedqa_convert.question_converters.rules import lexicon as words
from unifiedqa_convert.question_converters.rules.kinds import kind_of, plural_noun
from unifiedqa_convert.question_converters.rules.lexicon import (
    inflect,
    lemmas,
    noun_class,
    noun_number,
    verb_lemma,
)
from unifiedqa_convert.question_converters.rules.tagging import tags, tokenise_question
from unifiedqa_convert.question_converters.rules.tokens import Token, is_name

FINAL = " .!?\u2026\u3002\uff1f\uff01;:,"  # marks at the end of a sentence
# "No because it is wet" is "No, because it is wet".
_REPLY_BECAUSE = re.compile(r"^(yes|no)( (?:because|since|if|unless)\b)", re.IGNORECASE)
_COMPOUND = re.compile(
    r"[a-z]{2,}(?:house|room|shop|store|yard|board|book|box|boat|ship|bag|man|woman|field|stick)"
)
_MASS = re.compile(r".+(?:ide|ose|gen|ysis|osis|esis|ness|ity|ology|graphy)")


def ends_in_initial(text: str) -> bool:
    """True if the text's last full stop belongs to its last word ("the U.S.", "John F.")."""
    return text[-1:] == "." and text[-2:-1].isalpha() and text[-3:-2] in ("", " ", ".")


def _uncounted(head: str) -> bool:
    """True if a noun needs no article: mass nouns, plurals, names."""
    if head in words.COUNT_NOUNS:
        return False
    kind = noun_class(head)
    if kind == "count" and head not in words.MASS_NOUNS:
        return noun_number(head) == "plural"
    mass = head in words.MASS_NOUNS or kind in ("mass", "both") or _MASS.fullmatch(head)
    return bool(mass) or noun_number(head) != "singular"


class Answer:
    """The analysis of an answer, which must be one line.

    ``given`` is the answer; ``text`` is without the full stop, and without the capital of a first
    word that is not a name; ``tokens`` are its words, ``kind`` is from ``kinds.kind_of``.
    """

    def __init__(self, given: str, named: bool = False, again: bool = False) -> None:
        self.given = given
        given = _REPLY_BECAUSE.sub(r"\1,\2", given)
        bare = (given if ends_in_initial(given) else given.rstrip(FINAL)) or given
        # The question asks for a person: the capital of a name stays ("Mark", "Crystal").
        keep = named and bare.istitle()
        self.text, self.tokens = (bare, tokenise_question(bare)) if keep else lowered(bare)
        if again and self.tokens and not self.tokens[0].may("DPRSWQ"):
            first, *others = tokenise_question(bare)
            self.text, self.tokens = bare, (first._replace(tags="XN"), *others)
        self.kind = kind_of(given, self.text, self.tokens, _titled(given))
        self.polar = self.kind in ("yes", "no")
        self.head = _head(self.tokens)
        self.plural = self.kind in ("noun", "number") and _is_plural(self.tokens, self.head)

    @property
    def bare(self) -> bool:
        """True if it is a singular noun with its modifiers and nothing else."""
        plain = all(t.may("NJXG") and not t.may("PK") for t in self.tokens)
        return plain and not self.plural and not is_name(self.tokens[0])

    def phrase(self, article: str = "a") -> str:
        """The answer as a noun phrase, with an article ("a" or "the") if it needs one."""
        if self._complete():
            return self.text
        assert self.head is not None
        definite = self.tokens[0].lower in words.ORDINALS or self.tokens[0].may("L")
        if (
            definite
            or article == "the"
            or self.head.lower in words.DEFINITE_ANSWERS
            or self._unique()
        ):
            return f"the {self.text}"
        return f"{a_or_an(self.text)} {self.text}"

    def _complete(self) -> bool:
        if self.kind != "noun" or self.head is None or self.plural:
            return True
        first = self.tokens[0]
        if first.may("L") and len(self.tokens) > 1:
            owner = first.lower.replace("\u2019", "'").removesuffix("'s")
            one = noun_number(owner) == "singular" or owner in words.COUNT_NOUNS
            return first.text[:1].isupper() or not one
        if first.may("DRLQS") or first.text[:1].isupper() or any(t.may("K") for t in self.tokens):
            return True
        if any(t.lower in ("and", "or") for t in self.tokens):
            return True
        head = self.head.lower
        if len(self.tokens) > 1 and noun_number(first.lower) == "plural" and first.only("NZ"):
            return True  # "wheels turning"
        if first.lower == "not" or first.may("W"):
            return True  # "how to choose a dog"
        if first.lower in ("only", "just", "even") and self.tokens[1:] and self.tokens[1].may("DL"):
            return True  # "only the cook"
        compound = self.head.only("XN") and _COMPOUND.fullmatch(head)
        return not (self._unique() or compound) and _uncounted(head)

    def _unique(self) -> bool:
        if len(self.tokens) != 1:
            return False
        only = self.tokens[0].lower
        return only in words.UNIQUE_NOUNS or noun_class(only) == "unique"

    def as_base(self) -> str:
        """A verb phrase with its verb in the base form ("reduces waste" → "reduce waste")."""
        return self._reform(None)

    def as_form(self, tag: str) -> str:
        """A verb phrase with its verb in another form (VBZ, VBD, VBG)."""
        return self._reform(tag)

    def _reform(self, tag: str | None) -> str:
        first = next((t for t in self.tokens if t.may("VZGTEBH")), None)
        if first is None:
            return self.text
        lemma = verb_lemma(first.lower)
        done = tag == "VBG" and "X" in first.tags and first.lower.endswith("ing")
        verb = first.text if done else inflect(lemma, tag) if tag else lemma
        lead = self.text[: first.start]
        return (
            (lead if not lead.lower().startswith("to ") else lead[3:])
            + verb
            + self.text[first.end :]
        )


def _titled(given: str) -> bool:
    """True for words with capitals, as a title has: "The Old Man and the Sea"."""
    return not given.endswith(".") and all(
        t.text[:1].isupper() or t.may("PDCK") for t in tokenise_question(given)
    )


def _head(tokens: Sequence[Token]) -> Token | None:
    """The head of a phrase: its last word before a preposition, comma or clause."""
    found = None
    if len(tokens) > 1 and tokens[-1].lower == "can" and tokens[-2].may("N"):
        return tokens[-1]
    for token in tokens:
        if found is not None and (token.may("PKCSB") or token.lower in words.RELATIVES):
            break
        if token.may("NXRQGJE"):
            found = token
    return found


def _is_plural(tokens: Sequence[Token], head: Token | None) -> bool:
    """True if a verb after these words must be plural."""
    of = next((i for i, t in enumerate(tokens) if t.lower == "of"), 0)
    if of and tokens[of - 1].lower in ("%", "percent", "half", "thirds", "most", "some", "quarter"):
        head = _head(tokens[of + 1 :])
    if head is None or tokens[0].may("G"):
        return False
    if len(tokens) == 1 and "X" in head.tags and head.text[:1].isupper():
        return False  # "Agnes"
    if len(tokens) > 2 and tokens[0].may("Q") and tokens[1].lower == "of":
        return tokens[0].lower.isalnum() and tokens[0].lower not in (
            "one",
            "1",
            "each",
            "none",
            "much",
        )  # "five of them"
    listed = any(t.lower == "and" for t in tokens) and not any(
        t.may("P") or t.lower in words.RELATIVES for t in tokens
    )
    series = listed and any(t.lower == "," for t in tokens)
    if tokens[0].lower in ("a", "an", "each", "every", "one") and not series:
        return False
    return listed or plural_noun(head)


@lru_cache(maxsize=4096)
def a_or_an(text: str) -> str:
    """The indefinite article for the sound of the next word."""
    word = text.lstrip("\"'(“\u2018").lower()
    if re.match(r"(?:hour|honest|honor|heir|[fhlmnrsx](?:-|$|\W)|[aefhilmnorsx]\d)", word):
        return "an"
    if re.match(r"(?:uni(?!n|m)|us[aeiu]|eu|ure|uri|uten|one\b|once\b|ubiq|u-)", word):
        return "a"
    return "an" if word[:1] in "aeiou8" and word[:1] else "a"


def _lowered(text: str, first: Token) -> str:
    return text[: first.start] + first.text[0].lower() + text[first.start + 1 :]


def lowered(text: str) -> tuple[str, tuple[Token, ...]]:
    """The text without the capital that only marks its beginning, and its tokens."""
    if not text[:1].isupper():
        return text, tokenise_question(text)
    tokens = tokenise_question(text)
    named = len(tokens) > 1 and tokens[0].lower in words.NAMES_TOO and tokens[1].may("BOHMZ")
    if named or (len(tokens) == 1 and tokens[0].lower in ("welsh", "polish")):
        return text, (tokens[0]._replace(tags="XN"), *tokens[1:])
    if keeps_capital(tokens):
        return text, tokens
    first = tokens[0]
    word = first.text[0].lower() + first.text[1:]
    return _lowered(text, first), (first._replace(text=word), *tokens[1:])


def keeps_capital(tokens: Sequence[Token]) -> bool:
    """True if the first word keeps its case within a sentence: lower case, a name, an acronym."""
    if not tokens or not tokens[0].text[:1].isupper():
        return True
    first = tokens[0]
    word = first.lower.removesuffix("'s").removesuffix("\u2019s")
    if word in words.DAYS or _is_month(tokens):
        return True
    known = word in ("a", "an", "the") or ("X" not in tags(word))
    others = any(t.text[:1].isupper() for t in tokens[1:] if t.text != "I")
    if first.text[1:] != first.lower[1:] or not known or (others and not _function(first)):
        return True
    if others and len(tokens) > 1 and tokens[1].lower == ",":  # "He, H, Al" are elements
        return True
    return first.lower in ("i", "i'm") or first.text == "I" or not _common(first)


def _is_month(tokens: Sequence[Token]) -> bool:
    """True for a month's name; "march" and "may" only alone or before a number or "of"."""
    if tokens[0].lower not in words.MONTHS:
        return False
    alone = len(tokens) == 1 or tokens[1].may("Q") or tokens[1].lower in ("of", ",")
    return alone or tokens[0].lower not in ("march", "may")


def _function(token: Token) -> bool:
    return token.may("DPRSWBOHMA")


def _common(token: Token) -> bool:
    return _function(token) or bool(lemmas(token.lower)) or token.may("QLJG")


def verbal(answer: Answer) -> bool:
    """True if the answer can replace a "do": "does what?", "repeat"."""
    first = answer.tokens[0]
    return (
        answer.kind.startswith("verb")
        or (first.may("V") and not first.may("DP"))
        or (first.lower == "not" and len(answer.tokens) > 1 and answer.tokens[1].may("VB"))
        or (len(answer.tokens) == 1 and first.may("X") and not first.lower.endswith("s"))
    )
