"""JSON that is read back, checked before it is used: a program's own files and a model's.

Someone may have edited them, or a killed process left half of one: what they hold is not trusted.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any, NoReturn, TypeVar

from pydantic import BaseModel, ValidationError

_LONGEST = 60
"""Characters of a value that an error shows."""
_DIGITS = 400
"""Of a number; Python itself refuses more than 4,300, and no number of ours has so many."""
_PROBLEMS = 3  # of one file that an error names

M = TypeVar("M", bound=BaseModel)


def shortened(text: str, longest: int = _LONGEST) -> str:
    """The text if it is short, else its beginning, and how long it is."""
    if len(text) <= longest:
        return text
    return f"{text[:longest]}… ({len(text):,} characters)"


def quoted(value: object) -> str:
    """The value as Python writes it, shortened: for an error's sentence."""
    if isinstance(value, str) and len(value) > _LONGEST:
        return f"{value[:_LONGEST]!r}… ({len(value):,} characters)"
    return shortened(repr(value))


def join_names(names: Sequence[str], most: int = 20) -> str:
    """The names with commas between them, shortened; of many the first ones, and their number."""
    shown = ", ".join(shortened(name.strip()) for name in names[:most])
    return shown + (f", … ({len(names):,} in all)" if len(names) > most else "")


def parsed(text: str | bytes) -> Any:
    """Strict JSON as plain data.

    Raises ValueError, with a short reason, for text that is none: also for NaN and Infinity, for
    numbers of hundreds of digits, and for lists in lists that are too deep to read.
    """
    try:
        return json.loads(text, parse_constant=_no_number, parse_int=_whole)
    except RecursionError:
        raise ValueError("it is nested too deeply") from None


def read_json(path: Path) -> Any:
    """:func:`parsed` of a UTF-8 file; raises OSError, too."""
    return parsed(path.read_text(encoding="utf-8"))


def read_as(kind: type[M], path: Path) -> M:
    """The file's JSON object as ``kind``; raises ValueError, with the fields that are wrong."""
    return validated(kind, read_json(path))


def validated(kind: type[M], document: object) -> M:
    """The plain data as ``kind``; raises ValueError, with the fields that are wrong."""
    if not isinstance(document, dict):
        raise ValueError(f"it holds no object ({{…}}) but {quoted(document)}")
    try:
        return kind.model_validate(document)
    except ValidationError as error:
        found = error.errors(include_url=False)
        told = [_problem(dict(one)) for one in found[:_PROBLEMS]]
        told += [f"{len(found) - _PROBLEMS} more"] * (len(found) > _PROBLEMS)
    raise ValueError("; ".join(told))


def _problem(error: dict[str, Any]) -> str:
    place = shortened(".".join(map(str, error["loc"])))
    reason = str(error["msg"]).removeprefix("Value error, ")
    if error["type"] == "missing":
        return f"{place} is missing"
    return f"{place} is {quoted(error['input'])}: {reason[:1].lower()}{reason[1:]}"


def _no_number(name: str) -> NoReturn:
    raise ValueError(f"{name} is no number in JSON")


def _whole(digits: str) -> int:
    if len(digits) > _DIGITS:
        raise ValueError(f"a number of {len(digits):,} digits")
    return int(digits)
