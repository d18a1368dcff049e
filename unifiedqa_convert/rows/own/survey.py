"""A pass over a user's own file before it is converted: what its rows say about its columns.

What the flags leave open is settled by all rows, or refused; what was settled so, and what a person
may not expect, is told.
"""

import difflib
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import combinations, pairwise
from os.path import commonprefix
from pathlib import Path
from typing import Any, NamedTuple

from unifiedqa_convert.documents import listed
from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.rows.own.choices import LETTERS, Choices, choices_of, text_of
from unifiedqa_convert.rows.own.columns import Columns, GoldIs
from unifiedqa_convert.rows.own.gold import WORDS, YES_NO, cell_text, not_told, position, whole
from unifiedqa_convert.rows.own.table_form import Form, class_names
from unifiedqa_convert.rows.readers import column_names, read
from unifiedqa_convert.schema import FieldError

WAYS: tuple[GoldIs, ...] = ("text", "letter", "0", "1")
_MEANING = {
    "text": "a choice's text",
    "letter": "its letter or key",
    "0": "its position from 0",
    "1": "its position from 1",
}


class Survey(NamedTuple):
    """What is needed to read each row by itself."""

    columns: Columns
    """With ``gold_is`` settled."""
    names: dict[str, str]
    """Each column in use → its name in the file, which may have spaces around it."""
    own: Mapping[str, Any]
    """The shape's ``own``."""
    classes: tuple[str, ...]
    """The names that the gold's integers stand for."""
    told: tuple[str, ...]


def surveyed(path: Path, columns: Columns, form: Form) -> Survey:
    """UsageError for a column that is not there or stands twice, or golds that fit two ways."""
    columns = columns.stripped()
    own, told = form
    names = _found(path, columns, own)
    if columns.gold_is == "yesno" and columns.choices:
        raise UsageError("--gold-is yesno is for questions without --choices")
    if columns.gold_is in ("letter", "0", "1") and not columns.choices:
        raise UsageError(f"--gold-is {columns.gold_is} needs --choices COLUMN,…")
    classes = class_names(path).get(names.get(columns.gold or "", ""), ())
    rows = (raw for raw in read(path, own=own) if isinstance(raw, dict))
    if columns.choices:
        seen = _Seen(columns, names, _heeded(path, columns, classes), classes)
        for raw in rows:
            seen.add(raw)
        settled = replace(columns, gold_is=seen.way(path))
        _check_names(settled)
        told += seen.told(settled.gold_is or "text")
    else:
        settled, more = _without_choices(path, columns, rows, names, classes)
        told += more
    if classes and columns.gold:
        told += (f"{columns.gold}: its numbers stand for {_listed(classes)}, as the file says",)
    return Survey(settled, names, own, _heeded(path, columns, classes), told)


def _listed(texts: Sequence[str]) -> str:
    shown = ", ".join(f"{n} {text}" for n, text in enumerate(texts[:6]))
    return shown + (" …" if len(texts) > 6 else "")


def _found(path: Path, columns: Columns, own: Mapping[str, Any]) -> dict[str, str]:
    """Each column in use → its name in the file. UsageError if it is not there, or twice."""
    there = column_names(path, own)
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
    if not there:
        there = _keys(path, own, columns.all())
        places = {name: [n for n, it in enumerate(there) if it.strip() == name] for name in places}
    absent = [name for name, found in places.items() if not found]
    if absent:
        raise no_column(path, absent, there)
    if len(set(columns.choices)) < len(columns.choices):
        raise UsageError(f"--choices {','.join(columns.choices)}: a column stands twice in it")
    return {name: there[found[0]] for name, found in places.items()}


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
        f"--from-file {path}: no column {listed(absent)}; it has: {listed(there)}"
        + "".join(f"; {hint}" for hint in hints)
    )


def _check_names(columns: Columns) -> None:
    """UsageError if golds are places, and the columns' names give a place to another choice.

    ``option_b,option_a``, ``B,C`` or ``answer2,answer1``: a gold b, or 2, would be the other one.
    """
    names = [name.lower() for name in columns.choices]
    if columns.gold is None or columns.gold_is not in ("letter", "0", "1"):
        return
    ends = _endings(names)
    if columns.gold_is == "letter":
        due = list(LETTERS[: len(names)])
        wrong = ends != due and not {*ends}.isdisjoint(due)
        wrong = wrong or (ends != due and len({*names}) < len(names))
    else:
        numbers = [int(end) for end in ends if end.isdecimal()]
        wrong = len(numbers) == len(names) and any(b - a != 1 for a, b in pairwise(numbers))
    if wrong:
        ordered = [name for _, name in sorted(zip(ends, columns.choices, strict=False))]
        raise UsageError(
            f"--choices {','.join(columns.choices)}: the golds of column {columns.gold} are "
            "places, but these columns are named for other ones; give all columns of choices, in "
            f"the order of their letters or numbers: --choices {','.join(ordered or ['COLUMN,…'])}"
        )


def _endings(names: Sequence[str]) -> list[str]:
    """What each name has alone, if it is a letter or a number: ``a`` of option_a and option_b."""
    start = commonprefix(names).rstrip("0123456789")  # noqa: RUF071 (of characters)
    rests = [name.removeprefix(start) for name in names]
    ends = [rest[::-1] for rest in rests]
    end = commonprefix(ends)[::-1].lstrip("0123456789")  # noqa: RUF071 (as above)
    rests = [rest.removesuffix(end) for rest in rests]
    alone = [(len(rest) == 1 and rest in LETTERS) or rest.isdecimal() for rest in rests]
    return rests if all(alone) else []


def _heeded(path: Path, columns: Columns, classes: tuple[str, ...]) -> tuple[str, ...]:
    """The names of the gold's classes, if they and not their numbers say which choice it is.

    UsageError if the names are letters or numbers that contradict --gold-is 0 or 1.
    """
    base = columns.gold_is
    if not classes or base not in ("0", "1"):
        return classes
    lower = [name.strip().lower() for name in classes]
    number = len(lower)
    if lower in ([str(n) for n in range(number)], [str(n + 1) for n in range(number)]):
        return classes if base == "1" else ()
    letters = all(len(name) == 1 and name in LETTERS for name in lower)
    if (letters and (base == "1" or lower != list(LETTERS[:number]))) or _numbers(lower):
        raise UsageError(
            f"--from-file {path}: the numbers of column {columns.gold} stand for "
            f"{_listed(classes)}, as the file says, which contradicts --gold-is {base}: "
            + ("pass --gold-is letter" if letters else "leave --gold-is out")
        )
    return ()


def _numbers(names: Sequence[str]) -> bool:
    return all(name.isdigit() for name in names)


def _without_choices(
    path: Path,
    columns: Columns,
    rows: Iterator[dict[str, Any]],
    names: dict[str, str],
    classes: tuple[str, ...],
) -> tuple[Columns, tuple[str, ...]]:
    """Yes/no if all golds are such words, or free text."""
    gold = columns.gold
    others = [name for name in classes if name.strip().lower() not in YES_NO]
    if columns.gold_is == "yesno" and others:
        raise UsageError(
            f"--from-file {path}: the numbers of column {gold} stand for {_listed(classes)}, "
            f"as the file says, and {', '.join(others)} is neither yes nor no: leave out --gold-is "
            "yesno"
        )
    if gold is None:
        return replace(columns, gold_is="text"), ()
    cells: Counter[str] = Counter()
    lists = 0
    for raw in rows:
        try:
            text = cell_text(raw.get(names[gold]), classes, gold).lower()
        except FieldError:
            text = "?"
        lists += text[:1] + text[-1:] in ("[]", "{}")
        # Bounded, however many different answers a file has.
        cells[text if text in YES_NO or not_told(text, "yesno") else "?"] += 1
    hidden = {text: number for text, number in cells.items() if not_told(text, "yesno")}
    told = _hidden(gold, hidden) if columns.gold_is == "yesno" else ()
    found = set(cells) - set(hidden)
    if columns.gold_is is not None or not found:
        return replace(columns, gold_is=columns.gold_is or "text"), told
    if found <= WORDS:
        told = (f"{gold}: each is yes, no, true or false, and read as such", *_hidden(gold, hidden))
        return replace(columns, gold_is="yesno"), told
    if found <= set(YES_NO):
        told = (
            f"{gold}: each is 1 or 0, and read as a text: --gold-is yesno if they mean yes, no",
        )
    if lists:
        told += (f"{gold}: {lists:,} look like lists, and are read as the texts that they are",)
    return replace(columns, gold_is="text"), told


def _hidden(gold: str, hidden: Mapping[str, int]) -> tuple[str, ...]:
    return tuple(
        f"{gold}: {text} in {number:,} rows, read as no label"
        for text, number in hidden.items()
        if text
    )


@dataclass
class _Seen:
    """The rows of a file with choices, as far as they were seen."""

    columns: Columns
    names: dict[str, str]
    classes: tuple[str, ...]
    """Their names that are the golds."""
    all_classes: tuple[str, ...]
    rows: int = 0
    failed: FieldError | None = None
    """Of the first row whose choices can't be read."""
    good: int = 0
    forms: Counter[str] = field(default_factory=Counter)
    keys: tuple[str, ...] = ()
    fewer: int = 0
    marked: int = 0
    mark: str = ""
    hidden: Counter[str] = field(default_factory=Counter)
    fits: Counter[str] = field(default_factory=Counter)
    misfits: Counter[str] = field(default_factory=Counter)
    differ: set[tuple[str, str]] = field(default_factory=set)
    first: list[str] = field(default_factory=list)
    normalised: int = 0
    contradicted: str = ""

    def add(self, raw: dict[str, Any]) -> None:
        columns, names = self.columns, self.names
        self.rows += 1
        cells = [raw.get(names[column]) for column in columns.choices]
        try:
            choices = choices_of(cells, columns.choices, columns.strip_letters)
        except FieldError as error:
            self.failed = self.failed or error
            return
        self.good += 1
        self.forms[choices.form] += 1
        self.keys = self.keys or choices.keys
        self.fewer += choices.left_out > 0
        if choices.marks:
            self.marked += 1
            self.mark = self.mark or text_of(_first(cells), "")
        if columns.gold is not None:
            self._add_gold(raw.get(names[columns.gold]), choices, columns.gold)

    def _add_gold(self, cell: object, choices: Choices, gold: str) -> None:
        try:
            text = cell_text(cell, self.classes, gold)
        except FieldError:
            return
        if not text:
            return
        if len(self.first) < 3 and text not in self.first:
            self.first.append(text)
        if not_told(text, "letter"):
            self.hidden[whole(text)] += 1
        places = self._places(text, choices, gold)
        if self.all_classes and not self.classes:
            self._check_class(text, choices, places)
        if len(set(places.values())) > 1:
            pairs = combinations(places, 2)
            self.differ.update((a, b) for a, b in pairs if places[a] != places[b])
        if "text" in places and choices.texts[places["text"]].strip() != text:
            self.normalised += 1

    def _places(self, text: str, choices: Choices, gold: str) -> dict[str, int]:
        """The position of a gold by each way that fits."""
        places: dict[str, int] = {}
        for way in self.ways():
            try:
                place = position(text, choices, way, gold)
            except FieldError:
                self.misfits[way] += 1
                continue
            if place is not None:
                self.fits[way] += 1
                places[way] = place
        return places

    def ways(self) -> tuple[GoldIs, ...]:
        """The ways to read the golds that are tried."""
        asked = self.columns.gold_is
        return WAYS if asked is None else ("0", "1") if asked in ("0", "1") else (asked,)

    def _check_class(self, text: str, choices: Choices, places: dict[str, int]) -> None:
        """Note that a number's name is the text of a choice elsewhere."""
        number, asked = whole(text), self.columns.gold_is or "0"
        if number.isdigit() and int(number) < len(self.all_classes) and asked in places:
            name = self.all_classes[int(number)].strip()
            if name in choices.texts and choices.texts.index(name) != places[asked]:
                self.contradicted = (
                    f"{number} stands for {name}, as the file says, which is another choice than "
                    f"the one at that position (--gold-is {asked})"
                )

    def way(self, path: Path) -> GoldIs:
        """What the gold column holds. UsageError where two ways fit, or no row has choices."""
        if self.failed is not None and not self.good:
            raise UsageError(f"--from-file {path}: column {self.failed}")
        if self.contradicted:
            raise UsageError(
                f"--from-file {path}: column {self.columns.gold}: {self.contradicted}: pass "
                "--gold-is text for the name"
            )
        if self.columns.gold_is is not None:
            return self.columns.gold_is
        whole_fits = [way for way in WAYS if self.fits[way] and not self.misfits[way]]
        fits = whole_fits or [way for way in WAYS if self.fits[way]]
        if any(pair in self.differ for pair in combinations(fits, 2)):
            ways = " and as ".join(_MEANING[way] for way in fits)
            raise UsageError(
                f"--from-file {path}: the golds in column {self.columns.gold} "
                f"({', '.join(self.first)}, …) fit as {ways}: say which, with "
                + " or ".join(f"--gold-is {way}" for way in fits)
            )
        if fits:
            return fits[0]
        return "letter" if self.hidden and not self.misfits["letter"] else "text"

    def told(self, way: GoldIs) -> tuple[str, ...]:
        """What a person may not expect."""
        columns, gold = self.columns, self.columns.gold
        told = []
        listed = ",".join(columns.choices)
        if self.forms["written"]:
            told.append(f"{listed}: lists written as text in {self.forms['written']:,} rows, read")
        if self.keys:
            told.append(f"{listed}: objects, read in their order ({', '.join(self.keys)})")
        if self.fewer:
            told.append(
                f"{listed}: empty at the end in {self.fewer:,} rows, which have fewer choices"
            )
        if self.marked and columns.strip_letters:
            told.append(
                f"{listed}: own letters taken off in {self.marked:,} rows ({self.mark!r:.40})"
            )
        elif self.marked:
            told.append(
                f"{listed}: in {self.marked:,} rows the choices begin with letters of their own "
                f"({self.mark!r:.40}), which stay: --strip-letters takes them off"
            )
        if gold is None:
            return tuple(told)
        if columns.gold_is is None and self.fits[way]:
            told.append(f"{gold}: read as {_MEANING[way]} (--gold-is {way}), which alone fits")
        if way == "text" and self.normalised:
            told.append(
                f"{gold}: {self.normalised:,} golds equal a choice but for Unicode or spaces"
            )
        if way != "text":
            told += _hidden(gold, self.hidden)
        told += self._base(gold, way)
        return tuple(told)

    def _base(self, gold: str, way: GoldIs) -> list[str]:
        """A warning if the golds fit the other base too."""
        other: GoldIs = "1" if way == "0" else "0"
        if (
            way not in ("0", "1")
            or not self.fits[other]
            or self.misfits[other]
            or self.misfits[way]
        ):
            return []
        return [
            f"WARNING: {gold}: all {self.fits[way]:,} golds fit positions from 0 and from 1 too; "
            f"taken from {way}, as --gold-is says, though "
            + ("none is 0" if way == "0" else "none is the last choice's by 1")
        ]


def _first(cells: Sequence[Any]) -> object:
    """The first choice's text, for display."""
    first = cells[0]
    if isinstance(first, dict):
        first = next(iter(first.values()), "")
    if isinstance(first, list) and first:
        first = first[0]
    return first if isinstance(first, str) else ""
