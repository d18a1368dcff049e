"""How datasets write labels: which of them count choices, say yes or no, or stand for a hidden one.

The contract knows labels by their form alone; what an adapter makes of them it tries out.
"""

import re
import unicodedata
from collections.abc import Iterator
from typing import Any, NamedTuple

HIDDEN = (None, -1, "-1", "")
"""What datasets write where the answer is hidden."""
GOLD = ("gold", "the gold", "answer", "the answer")
"""How the description of a label begins."""
YES = frozenset(
    "yes y true t correct right entailment plausible supports ja oui si sí да 是 はい".split()
)
NO = frozenset(
    "no n false f incorrect wrong contradiction implausible refutes nein non нет 否 いいえ".split()
)
TRIED: dict[Any, tuple[Any, ...]] = {
    int: (*range(-1, 12),),
    float: (*map(float, range(-1, 8)),),
    str: (*"ABCDEFGH", *"0123456789", "yes", "no", "true", "false", "True", "False"),
}
"""Labels that are tried in a field without a closed type; those that it refuses are none."""
UNKNOWN_WORD, UNKNOWN_NUMBER, UNKNOWN_FRACTION = "zqxjk", 987_654_321, 0.125
"""Values that no dataset defines: an adapter that accepts one as a label guesses."""
STRANGE: dict[Any, Any] = {
    str: UNKNOWN_WORD,
    int: UNKNOWN_NUMBER,
    float: UNKNOWN_FRACTION,
}

_ORDINALS = "first second third fourth fifth sixth seventh eighth ninth tenth".split()
_COUNTED_SIGNS = ("甲乙丙丁戊己庚辛壬癸", "一二三四五六七八九十")
"""Chinese signs that count; Unicode has them in another order."""
_NUMBERED = re.compile(r"(.*[^\W\d]\W?)(\d{1,3})")
_LETTERED = re.compile(r"(.*[a-z][ _-]?|.*[ _-])([A-Z])")


class Counting(NamedTuple):
    """The place of a label in a series that counts the choices: 1, (B), option3, third."""

    series: str
    """``words`` for a label that counts nothing, ``hidden`` for one that is none."""
    rank: int = 0


def counting(label: Any) -> Counting:
    """The series of a label, and its place there."""
    if isinstance(label, bool) or label is None or label in HIDDEN:
        return Counting("words" if isinstance(label, bool) else "hidden")
    if isinstance(label, int | float):
        whole = label == int(label)
        return Counting(f"digits as {type(label).__name__}" if whole else "words", int(label))
    text = str(label).strip(" ()[]{}.:")
    return _sign(text) or _word(text) or Counting("words")


def _sign(text: str) -> Counting | None:
    """A number, or a single sign."""
    if text.isdecimal():
        return Counting("digits as str", int(text))
    if len(text) != 1:
        return None
    if (number := unicodedata.digit(text, None)) is not None:  # ①
        return Counting("digits as a sign", number)
    for signs in _COUNTED_SIGNS:
        if text in signs:
            return Counting(signs, signs.index(text))
    if not text.isalpha() or unicodedata.name(text, "").startswith("CJK"):
        return None
    return Counting("letters", ord(text.casefold()[0]))


def _word(text: str) -> Counting | None:
    """A word that counts, or one with a number or letter at its end."""
    if text.casefold() in _ORDINALS:
        return Counting("ordinals", _ORDINALS.index(text.casefold()))
    if found := _NUMBERED.fullmatch(text):
        return Counting(f"{found[1]}#", int(found[2]))
    if found := _LETTERED.fullmatch(text):
        return Counting(f"{found[1]}A", ord(found[2]))
    return None


def in_their_series(labels: list[tuple[Any, Any]]) -> Iterator[list[tuple[Any, Any]]]:
    """The (label, anything) pairs of each series that counts choices, in its order."""
    known = [(counting(label), (label, thing)) for label, thing in labels]
    for series in dict.fromkeys(
        at.series for at, _ in known if at.series not in ("hidden", "words")
    ):
        these = [(at.rank, pair) for at, pair in known if at.series == series]
        yield [pair for _, pair in sorted(these, key=lambda it: it[0])]


def says(label: Any) -> bool | None:
    """What a label says that says yes or no, as a word, a truth value or 1 and 0; else None."""
    word = str(label).casefold()
    if word in YES or word == "1":
        return True
    return False if word in NO or word == "0" else None
