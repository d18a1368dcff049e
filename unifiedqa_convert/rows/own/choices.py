"""The choices of one row of a user's own file: cells, a list, an object, or a list written as text.

Nothing here depends on other rows. A FieldError names the column and what is wrong with its cell.
"""

import ast
import re
import struct
from collections.abc import Sequence
from datetime import date, time
from decimal import Decimal
from itertools import pairwise
from typing import Any, NamedTuple
from unicodedata import category, normalize

import orjson

from unifiedqa_convert.documents import join_names
from unifiedqa_convert.rows.json_rows import as_written, repeated_key
from unifiedqa_convert.schema import FieldError

TEXT_KEYS = frozenset("text texts choice choices option options value values content".split())
LABEL_KEYS = frozenset("label labels key keys letter letters id ids index option_id name".split())
LETTERS = "abcdefghijklmnopqrstuvwxyz"


class Choices(NamedTuple):
    """The choices of a row, without the empty ones at their end."""

    texts: tuple[str, ...]
    keys: tuple[str, ...] = ()
    """The names that an object gives them, which a gold may be."""
    marks: tuple[str, ...] = ()
    """Their own letters, if each begins with one: ``(A) milk``, ``B. wool``."""
    left_out: int = 0
    """How many are empty, at the end."""
    form: str = "cells"
    """``cells``, ``list``, ``object`` or ``written``."""


def text_of(value: object, field: str) -> str:
    """A cell as text; empty for null and NaN. FieldError if it is neither text nor a number."""
    if isinstance(value, str):
        if "\x00" in value:
            raise FieldError(field, f"Text should contain no NUL character (found {value!r:.80})")
        if not value.isascii():
            try:
                value.encode()
            except UnicodeEncodeError:
                raise FieldError(field, f"Text should be UTF-8 (found {value!r:.80})") from None
        return value
    if value is None or value != value:  # NaN
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, float):
        return _shortest(value)
    if isinstance(value, int | Decimal | date | time):
        return str(value)
    raise FieldError(field, f"a text or a number is needed (found {value!r:.80})")


def _shortest(value: float) -> str:
    """The text of a number; 0.1 for what a column of 32 bits makes of 0.1."""
    long = repr(value)
    if (
        len(long) > 12
        and abs(value) < 1e38
        and struct.unpack("f", struct.pack("f", value)) == (value,)
    ):
        for digits in range(6, 10):
            short = f"{value:.{digits}g}"
            if struct.pack("f", float(short)) == struct.pack("f", value):
                return short
    return long


def choices_of(cells: Sequence[Any], columns: Sequence[str], strip: bool = False) -> Choices:
    """The choices in the cells of ``columns``; ``strip`` takes their own letters off.

    FieldError for fewer than two, or an empty one before another.
    """
    if len(columns) > 1:
        names = tuple(columns)
        found = Choices(tuple(map(text_of, cells, columns)))
    else:
        found = _of_one_column(cells[0], columns[0])
        names = (columns[0],) * len(found.texts)
    texts = found.texts
    number = len(texts)
    while number and is_blank(texts[number - 1]):
        number -= 1
    for place in range(number):
        if is_blank(texts[place]):
            raise FieldError(names[place], f"choice {place + 1} is empty, but a later one is not")
    if number < 2:
        which = "no choice" if not number else "only one choice"
        raise FieldError(columns[0], f"{which}: at least two are needed")
    kept = texts[:number]
    marks = _marks(kept)
    if strip and marks:
        kept = tuple(map(unmarked, kept))
    keys = found.keys[:number]
    return Choices(kept, keys, marks, len(texts) - number, found.form)


def is_blank(text: str) -> bool:
    """True if nothing of the text can be seen: it has white space and format characters only."""
    return not text.strip() or (
        not text.isprintable()
        and all(one.isspace() or category(one) in ("Cc", "Cf") for one in text)
    )


def _of_one_column(cell: Any, column: str) -> Choices:
    form = None
    if isinstance(cell, str) and cell.strip():
        text_of(cell, column)
        cell, form = _written(cell, column), "written"
    if isinstance(cell, list):
        made = _of_list(cell, column)
    elif isinstance(cell, dict):
        made = _of_object(cell, column)
    elif cell is None or cell != cell or cell == "":
        made = Choices(())
    else:
        raise _one(cell, column)
    return made._replace(form=form or made.form)


def _of_list(cell: list[Any], column: str) -> Choices:
    """Texts, or objects of which each has a text and perhaps a label."""
    if not cell or not all(isinstance(one, dict) for one in cell):
        return Choices(tuple(text_of(one, column) for one in cell), form="list")
    if all(len(one) == 1 for one in cell) and not all(_key(one, TEXT_KEYS) for one in cell):
        pairs = [next(iter(one.items())) for one in cell]
    else:
        pairs = []
        for one in cell:
            text, label = _key(one, TEXT_KEYS), _key(one, LABEL_KEYS)
            if text is None or len(one) > 1 + (label is not None):
                raise _unknown(one, column)
            pairs.append((one[label] if label else None, one[text]))
    return _named(pairs, column)


def _of_object(cell: dict[str, Any], column: str) -> Choices:
    """A list of texts with a list of their labels, or one text by each key."""
    lists = {key for key, value in cell.items() if isinstance(value, list)}
    text, label = _key(cell, TEXT_KEYS), _key(cell, LABEL_KEYS)
    if lists:
        if text not in lists or not lists <= {text, label} or len(cell) > 1 + (label is not None):
            raise _unknown(cell, column)
        texts = cell[text]
        labels = cell[label] if label in lists else [None] * len(texts)
        if len(labels) != len(texts):
            reason = f"{len(texts)} in {text}, but {len(labels)} in {label}"
            raise FieldError(column, reason)
        return _named(list(zip(labels, texts, strict=True)), column)
    short = sum(len(key.strip()) == 1 for key in cell)
    if (
        text is not None
        or any(isinstance(value, dict) for value in cell.values())
        or 1 < short < len(cell)  # {"A": …, "B": …, "hint": …}
    ):
        raise _unknown(cell, column)
    return _named(list(cell.items()), column)


def _named(pairs: Sequence[tuple[Any, Any]], column: str) -> Choices:
    """Choices with their keys; FieldError for a key that stands twice."""
    keys = tuple(text_of(key, column).strip() for key, _ in pairs)
    texts = tuple(text_of(text, column) for _, text in pairs)
    used = [key for key, text in zip(keys, texts, strict=True) if key and text.strip()]
    if len(set(used)) < len(used):
        raise FieldError(column, f"two choices have one label: {join_names(used)}")
    return Choices(texts, keys if len(used) == len([t for t in texts if t.strip()]) else (),
                   form="object")  # fmt: skip


def _key(record: dict[str, Any], names: frozenset[str]) -> str | None:
    found = [key for key in record if key.lower() in names]
    return found[0] if len(found) == 1 else None


def _unknown(record: dict[str, Any], column: str) -> FieldError:
    keys = join_names(list(map(str, record))) or "no key"
    return FieldError(
        column,
        f"an object with {keys}: a text by each letter, or text and label, can be read; save "
        f"{column} as a list of the choices' texts",
    )


def _one(cell: object, column: str) -> FieldError:
    return FieldError(
        column,
        f"{str(cell)!r:.80} is one choice, and at least two are needed: save it with a column for "
        f"each choice (--choices A,B,…), or as JSON lines in which {column} is a list of texts",
    )


_STRING = r"'(?:[^'\\]|\\.)*'|\"(?:[^\"\\]|\\.)*\""
_TOKEN = re.compile(rf"[uUbB]?(?:{_STRING})|\s+|[^\s'\",:\[\](){{}}]+|.", re.DOTALL)


def _written(cell: str, column: str) -> list[Any] | dict[str, Any]:
    """A list or an object that is written as text, as JSON, Python or NumPy write it."""
    text = cell.strip()
    if text[0] + text[-1] not in ("[]", "{}", "()") and not text.startswith("array("):
        raise _one(cell, column)
    try:
        value = as_written(text.encode())
        if repeated_key(text.encode(), value):
            value = None
    except orjson.JSONDecodeError:
        try:
            source = _with_commas(text)
            value = _value(ast.parse(source, mode="eval").body, source)
        except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
            value = None
    if not isinstance(value, list | dict):
        reason = f"looks like a list of choices, but can't be read (found {cell!r:.80})"
        raise FieldError(column, f"{reason}: save {column} as JSON lines, or a column per choice")
    return value


def _with_commas(text: str) -> str:
    """NumPy's form as Python's: ``['a' 'b']`` would be one text there, ``'ab'``."""
    tokens = _TOKEN.findall(text)
    if "array" in tokens:  # array(['a', 'b'], dtype=object)
        for place, token in enumerate(tokens):
            if token.startswith("dtype="):
                before = place - 1 - tokens[place - 1].isspace()
                tokens[before : place + 1] = [""] * (place + 1 - before)
        tokens = [token for token in tokens if token and token not in ("array", "(", ")")]
    for n in range(1, len(tokens) - 1):
        before, after = tokens[n - 1][-1], tokens[n + 1][0]
        if tokens[n].isspace() and before not in ",:[{(" and after not in ",:]})":
            tokens[n] = ", "
    for first, second in pairwise(tokens):
        if first[-1] in "'\"" and second[-1] in "'\"":
            raise ValueError("two texts without a comma")
    return "".join(tokens)


def _value(node: ast.expr | None, source: str) -> Any:
    """The value of a literal; a number is the text that it is written with."""
    match node:
        case ast.List() | ast.Tuple():
            return [_value(one, source) for one in node.elts]
        case ast.Dict():
            keys = [_value(one, source) for one in node.keys]
            if len(set(keys)) < len(keys):
                raise ValueError("a key twice")
            return dict(zip(keys, (_value(one, source) for one in node.values), strict=True))
        case ast.Constant(value=str() | None | bool()):
            return node.value
        case (
            ast.Constant(value=int() | float())
            | ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float()))
        ):
            return ast.get_source_segment(source, node)
        case ast.Name(id="nan" | "null" | "NaN"):
            return None
    raise ValueError("no literal")


_MARK = re.compile(
    r"\s*(?:[(\[\uff08]\s*([A-Za-z0-9])\s*[)\]\uff09]"  # the wide forms too
    r"|([A-Za-z])\s*(?:[.):\uff0e\uff1a\uff09\u3001]|\s[-\u2013\u2014]\s)"
    r"|([0-9])[.):]\s"
    r"|([\u2460-\u2468]))\s*"  # one in a circle
)


def mark_of(text: str) -> str:
    """The letter or digit before a choice's text, in lower case; empty if there is none."""
    found = _MARK.match(text)
    if not found or found.end() == len(text):
        return ""
    return normalize("NFKC", found[found.lastindex or 0]).lower()


def unmarked(text: str) -> str:
    """The text without its letter."""
    return _MARK.sub("", text, count=1) if mark_of(text) else text


def _marks(texts: Sequence[str]) -> tuple[str, ...]:
    """The texts' own letters, if they are the first ones of the alphabet, or the first numbers."""
    if texts[0].lstrip()[:1] not in _BEGINS:  # fast: most texts have none
        return ()
    marks = tuple(map(mark_of, texts))
    first = sorted(marks)
    known = first == list(LETTERS[: len(marks)]) or first == list("123456789"[: len(marks)])
    return marks if known else ()


_CIRCLED = "".join(map(chr, range(0x2460, 0x2469)))
_BEGINS = frozenset("([\uff08" + LETTERS + LETTERS.upper() + "123456789" + _CIRCLED)
