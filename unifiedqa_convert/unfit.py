"""Why a user's own file can't be read as it is, and what to type to mend it."""

import csv
import difflib
import shlex
from codecs import BOM_UTF16_BE, BOM_UTF16_LE, getincrementaldecoder
from collections.abc import Sequence
from pathlib import Path

from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.opened import opened
from unifiedqa_convert.readers import UTF8_BOM, format_of, starts_with_array

_TEXT = (".csv", ".tsv", ".txt", ".jsonl", ".json")
_READ = (*_TEXT, ".parquet", ".arrow")
_LOOKED_AT = 16 * 2**20
"""Bytes at a file's start that are looked at: one wrong letter further down is a rejected row."""


def check_encoding(path: Path) -> None:
    """UsageError for a file of no format that is read, or of text that is not UTF-8."""
    suffix = format_of(path)
    if suffix not in _READ:
        raise UsageError(
            f"--from-file {path}: no reader for {suffix or 'a name without suffix'}; save it as "
            f"one of {' '.join(_READ)} (from a spreadsheet: CSV, UTF-8)"
        )
    if suffix not in _TEXT:
        return
    with opened(path) as file:
        start = file.read(_LOOKED_AT)
    try:
        getincrementaldecoder("utf-8")().decode(start)
    except UnicodeDecodeError as error:
        wide = start.startswith((BOM_UTF16_BE, BOM_UTF16_LE))
        guess = "UTF-16" if wide else "WINDOWS-1252"
        line = start.count(b"\n", 0, error.start) + 1
        raise UsageError(
            f"--from-file {path}: not UTF-8: byte 0x{start[error.start]:02X} in line {line}; if it "
            f"is {guess}, make a UTF-8 copy and give that: "
            f"iconv -f {guess} -t UTF-8 {_named(path)} > {_copy(path, 'utf8')}"
        ) from None


def no_row(path: Path) -> UsageError:
    """The error for a file in which no row could be read."""
    suffix = format_of(path)
    if suffix not in (".csv", ".tsv", ".txt"):
        return UsageError(f"--from-file {path}: no readable row: one JSON object per row is needed")
    header = _first_line(path)
    if not header:
        return UsageError(f"--from-file {path}: it is empty")
    separator, name = (",", "commas") if suffix == ".csv" else ("\t", "tabs")
    if separator not in header and (said := _other_separator(path, header)):
        return UsageError(f"--from-file {path}: {said}")
    if separator not in header:
        return UsageError(
            f"--from-file {path}: a {suffix} is a table with {name} between its columns, and no "
            f"row of it could be read under the header {_shown(header)}; save the table as .csv "
            "with the columns' names in its first line, such as question,a,b,right"
        )
    return UsageError(
        f"--from-file {path}: no readable row under the first line, which names the columns: "
        f"{_shown(header)}; if that is a row itself, put a line of names above it"
    )


def no_column(path: Path, absent: Sequence[str], there: Sequence[str]) -> UsageError:
    """The error for columns that the file has not, with those it has."""
    if len(there) == 1 and (said := _other_separator(path, there[0])):
        return UsageError(f"--from-file {path}: {said}")
    near = {name: difflib.get_close_matches(name, there, 1, cutoff=0.6) for name in absent}
    hints = [f"for {name} did you mean {found[0]}?" for name, found in near.items() if found]
    return UsageError(
        f"--from-file {path}: no column {', '.join(absent)}; it has: {', '.join(there)}"
        + "".join(f"; {hint}" for hint in hints)
    )


def nested(path: Path, column: str, keys: Sequence[str]) -> UsageError:
    """The error for choices that lie one level deeper than a column, in an object."""
    lists = f'."{column}"'
    key = "text" if "text" in keys else keys[0] if keys else "text"
    rows = ".[] | " if starts_with_array(path) else ""
    command = f"jq -c '{rows}{lists} = {lists}.\"{key}\"' {_named(path)} > {path.stem}.flat.jsonl"
    return UsageError(
        f"--from-file {path}: column {column} holds an object ({', '.join(keys)}), and a list of "
        f"choices is needed: {command}"
    )


def _other_separator(path: Path, header: str) -> str | None:
    """What separates the fields of a table whose header is one field, if it can be told."""
    for mark, name in ((";", "semicolons"), ("\t", "tabs"), ("|", "bars"), (",", "commas")):
        names = next(csv.reader([header], delimiter=mark), [])
        if len(names) > 1:
            program = (
                "import csv, sys; csv.writer(sys.stdout).writerows(csv.reader(sys.stdin, "
                f"delimiter={mark!r}))"
            )
            return (
                f"its columns are separated by {name} ({', '.join(names)}), but in a "
                f"{format_of(path)} they should be by {'commas' if _is_csv(path) else 'tabs'}; "
                f'make a copy with commas and give that: python -c "{program}" '
                f"< {_named(path)} > {path.stem}.commas.csv"
            )
    return None


def _is_csv(path: Path) -> bool:
    return format_of(path) == ".csv"


def _first_line(path: Path) -> str:
    with opened(path) as file:
        return file.readline(4096).removeprefix(UTF8_BOM).decode(errors="replace").strip("\r\n")


def _shown(line: str) -> str:
    return repr(line if len(line) <= 80 else f"{line[:77]}…")


def _named(path: Path) -> str:
    return shlex.quote(str(path))


def _copy(path: Path, what: str) -> str:
    return shlex.quote(f"{path.stem}.{what}{path.suffix}")
