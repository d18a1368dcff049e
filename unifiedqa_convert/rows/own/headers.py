"""The names of the columns of a user's own file: which are there, what they say of the golds."""

import difflib
from collections.abc import Mapping, Sequence
from itertools import pairwise
from os.path import commonprefix
from pathlib import Path
from typing import Any, NamedTuple

from unifiedqa_convert.documents import join_names
from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.rows.own.choices import LETTERS
from unifiedqa_convert.rows.own.columns import Columns
from unifiedqa_convert.rows.readers import column_names, read


class Header(NamedTuple):
    """The columns of a file."""

    used: dict[str, str]
    """Each column in use → its name in the file, which may have spaces around it."""
    all: tuple[str, ...]
    """The names of all, without spaces around them."""


def header_of_file(path: Path, columns: Columns, own: Mapping[str, Any]) -> Header:
    """The columns of a file. UsageError if one that is used is not there, or twice."""
    there = column_names(path, own) or _keys(path, own, columns.all())
    places = {
        name: [n for n, it in enumerate(there) if it.strip() == name] for name in columns.all()
    }
    for name, found in places.items():
        if len(found) > 1:
            numbers = " and ".join(str(n + 1) for n in found)
            raise UsageError(
                f"--from-file {path}: {name} is the name of {len(found)} columns ({numbers}): "
                "rename all but the one that is meant"
            )
    absent = [name for name, found in places.items() if not found]
    if absent:
        raise no_column(path, absent, there)
    if len(set(columns.choices)) < len(columns.choices):
        raise UsageError(f"--choices {','.join(columns.choices)}: a column stands twice in it")
    used = {name: there[found[0]] for name, found in places.items()}
    return Header(used, tuple(name.strip() for name in there))


def _keys(path: Path, own: Mapping[str, Any], wanted: Sequence[str]) -> list[str]:
    """The keys of JSON rows, up to the row by which all that are ``wanted`` were seen."""
    keys: dict[str, None] = {}
    for raw in read(path, own=own):
        if isinstance(raw, dict):
            keys.update(dict.fromkeys(raw))
            if all(name in keys for name in wanted):
                break
    return list(keys)


def no_column(path: Path, absent: Sequence[str], there: Sequence[str]) -> UsageError:
    """The error for columns that the file does not have, with those it has."""
    lower = {name.strip().lower(): name.strip() for name in there}
    near = {name: difflib.get_close_matches(name.lower(), lower, 1) for name in absent}
    hints = [
        f"for {name} did you mean {lower[one]}?" for name, found in near.items() for one in found
    ]
    return UsageError(
        f"--from-file {path}: no column {join_names(absent)}; it has: {join_names(there)}"
        + "".join(f"; {hint}" for hint in hints)
    )


def refuse_other_places(columns: Columns, header: Header) -> None:
    """UsageError if golds are places, and the columns' names give a place to another choice.

    ``option_b,option_a``, ``B,C`` or ``answer2,answer1``: a gold b, or 2, would be the other one.
    ``C,D`` of a file with A and B: a gold A is the column that is not given.
    """
    names = [name.lower() for name in columns.choices]
    if columns.gold is None or columns.gold_is not in ("letter", "0", "1") or len(names) < 2:
        return
    start, end, ends = _endings(names)
    if columns.gold_is == "letter":
        due = list(LETTERS[: len(names)])
        wrong = ends != due and not {*ends}.isdisjoint(due)
        wrong = wrong or (ends != due and len({*names}) < len(names))
    else:
        base = int(columns.gold_is)
        due = [str(n) for n in range(base, base + len(names))]
        numbers = [int(mark) for mark in ends if mark.isdecimal()]
        wrong = len(numbers) == len(names) and any(b - a != 1 for a, b in pairwise(numbers))
    others = {name.lower(): name for name in header.all if name not in columns.all()}
    same = {
        mark: others[start + mark + end]
        for mark in (LETTERS if columns.gold_is == "letter" else map(str, range(len(others) + 9)))
        if ends and start + mark + end in others
    }
    if wrong or not {*due}.isdisjoint(same):
        series = {**dict(zip(ends, columns.choices, strict=False)), **same}
        ordered = [series[mark] for mark in sorted(series, key=_rank)]
        raise UsageError(
            f"--choices {','.join(columns.choices)}: the golds of column {columns.gold} are "
            "places, but these columns are named for other ones; give all columns of choices, in "
            f"the order of their letters or numbers: --choices {','.join(ordered or ['COLUMN,…'])}"
        )


def _rank(mark: str) -> tuple[int, str]:
    return int(mark) if mark.isdecimal() else -1, mark


def _endings(names: Sequence[str]) -> tuple[str, str, list[str]]:
    """What all names begin and end with, and what each has alone if it is a letter or a number.

    ``a`` of option_a and option_b.
    """
    start = commonprefix(names).rstrip("0123456789")  # noqa: RUF071 (of characters)
    rests = [name.removeprefix(start) for name in names]
    ends = [rest[::-1] for rest in rests]
    end = commonprefix(ends)[::-1].lstrip("0123456789")  # noqa: RUF071 (as above)
    rests = [rest.removesuffix(end) for rest in rests]
    alone = [(len(rest) == 1 and rest in LETTERS) or rest.isdecimal() for rest in rests]
    return start, end, rests if all(alone) else []
