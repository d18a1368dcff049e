"""One gold of a user's own file: which of the row's choices its cell names."""

import re
from collections.abc import Sequence
from unicodedata import normalize

from unifiedqa_convert.documents import quoted
from unifiedqa_convert.rows.own.choices import LETTERS, Choices, text_of, unmarked
from unifiedqa_convert.rows.own.columns import GoldIs
from unifiedqa_convert.schema import FieldError, collapse

YES_NO = {"yes": True, "no": False, "true": True, "false": False, "1": True, "0": False}
WORDS = frozenset("yes no true false".split())
HIDDEN = "-1"
"""What stands for a label that is not told, beside an empty cell and NaN."""
_NOT_TOLD = frozenset((HIDDEN, "nan", "null", "none", "<na>"))
_WHOLE = re.compile(r"([+-]?[0-9]{1,9})(?:\.0*)?")
_DECIMAL = re.compile(r"[+-]?[0-9]{1,12}(?:\.[0-9]{0,12})?")
_LETTER = re.compile(r"[(\[]?\s*([A-Za-z])\s*[)\].:]*")


def cell_text(cell: object, classes: Sequence[str], field: str) -> str:
    """A gold's cell as stripped text; where the column has named ``classes``, their name."""
    text = text_of(cell, field).strip()
    if not classes or not text or isinstance(cell, str):
        return text
    number = whole(text)
    if number == HIDDEN:
        return ""
    if not (_WHOLE.fullmatch(number) and 0 <= int(number) < len(classes)):
        raise FieldError(field, f"{quoted(text)} is none of its classes 0 to {len(classes) - 1}")
    return classes[int(number)].strip()


def whole(text: str) -> str:
    """A whole number without the decimals that a table program adds: 1 for 1.0."""
    found = _WHOLE.fullmatch(text)
    return str(int(found[1])) if found else text


def not_told(text: str, way: GoldIs) -> bool:
    """True if a gold that is no text of a choice says that the label is hidden."""
    return not text or (way != "text" and whole(text).lower() in _NOT_TOLD)


def yes_or_no(text: str, field: str) -> bool | None:
    """The answer; None if it is hidden."""
    if not_told(text, "yesno"):
        return None
    answer = YES_NO.get(whole(text).lower())
    if answer is None:
        raise FieldError(field, f"{quoted(text)} is neither yes nor no (or true, false, 1, 0)")
    return answer


def references(cells: Sequence[object], field: str) -> tuple[str, ...]:
    """The different ones of a list of answers; none where it is empty: unanswerable."""
    texts = [text_of(cell, field).strip() for cell in cells]
    if not all(texts):
        raise FieldError(field, "an empty answer in the list; leave it out")
    return tuple(dict.fromkeys(texts))


def position(text: str, choices: Choices, way: GoldIs, field: str) -> int | None:
    """The gold's position among the choices; None if it is hidden. FieldError if it names none."""
    if not_told(text, way):
        return None
    if way == "text":
        return _by_text(text, choices, field)
    if way == "letter":
        place = _by_letter(text, choices, field)
    else:
        place = _by_number(text, choices, int(way), field)
    if place < len(choices.texts):
        return place
    raise FieldError(field, f"{quoted(text)} names choice {place + 1}, which is empty")


def _by_text(text: str, choices: Choices, field: str) -> int:
    """By its text: as written, else by Unicode's normal forms, else without letter or decimals."""
    keys = (collapse, _canonical, _compatible, _bare) if choices.marks else _KEYS
    for key in keys:
        wanted = key(text)
        found = [n for n, choice in enumerate(choices.texts) if key(choice) == wanted]
        if len(found) == 1:
            return found[0]
        if found:
            raise FieldError(field, f"{quoted(text)} equals {len(found)} choices")
    raise FieldError(field, f"{quoted(text)} equals none of the choices")


def _canonical(text: str) -> str:
    return collapse(normalize("NFC", text))


def _compatible(text: str) -> str:
    return collapse(normalize("NFKC", text))


def _bare(text: str) -> str:
    return _compatible(unmarked(text))


def _number(text: str) -> str:
    """Equal for 2, 2.0 and 2.00."""
    plain = collapse(text)
    return str(float(plain)) if _DECIMAL.fullmatch(plain) else plain


_KEYS = (collapse, _canonical, _compatible, _number)


def _by_letter(text: str, choices: Choices, field: str) -> int:
    """By the key that an object gives a choice, else by the letter of its place."""
    if text in choices.keys:
        return choices.keys.index(text)
    number = len(choices.texts) + choices.left_out
    found = _LETTER.fullmatch(normalize("NFKC", text))
    letter = found[1].lower() if found else ""
    if letter:
        keys = [key.lower() for key in choices.keys]
        if keys.count(letter) == 1:
            return keys.index(letter)
        if keys and all(len(key) == 1 and key in LETTERS for key in keys):
            raise FieldError(field, f"{text!r} is none of the keys {', '.join(choices.keys)}")
        place = LETTERS.index(letter)
        marked = choices.marks.index(letter) if letter in choices.marks else place
        if marked != place:
            raise FieldError(
                field,
                f"{quoted(text)} is the letter of choice {place + 1} by its place, but choice "
                f"{marked + 1} begins with it: put the choices in the order of their letters",
            )
        if place < number:
            return place
    raise FieldError(field, f"{quoted(text)} is not the letter of one of {number} choices")


def _by_number(text: str, choices: Choices, base: int, field: str) -> int:
    number = len(choices.texts) + choices.left_out
    digits = whole(text)
    place = int(digits) - base if _WHOLE.fullmatch(digits) else -1
    if not 0 <= place < number:
        raise FieldError(
            field,
            f"{quoted(text)} is not the position, counted from {base}, of one of {number} choices",
        )
    for names in (choices.keys, choices.marks):
        if _out_of_order(names):
            raise FieldError(
                field,
                f"{text!r} is a position, but the choices are named {', '.join(names)}: put them "
                "in the order of these names",
            )
    if digits in choices.keys and choices.keys.index(digits) != place:
        raise FieldError(
            field,
            f"{quoted(text)} is choice {place + 1}, counted from {base}, but the key of choice "
            f"{choices.keys.index(digits) + 1}: pass --gold-is letter for the key",
        )
    return place


def _out_of_order(names: Sequence[str]) -> bool:
    """True if names are the first letters or numbers, but not in their order."""
    found = [name.lower() for name in names]
    inorder = sorted(found)
    first = (list(LETTERS), list("0123456789"), list("123456789"))
    return found != inorder and any(inorder == known[: len(found)] for known in first)
