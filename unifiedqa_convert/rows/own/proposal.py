"""The flags that a user's own file seems to need, by its columns' names and cells."""

import re
import shlex
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from unifiedqa_convert.documents import join_names
from unifiedqa_convert.errors import UqaError, UsageError
from unifiedqa_convert.rows.custom_file import check_encoding, first_row
from unifiedqa_convert.rows.own.choices import choices_of
from unifiedqa_convert.rows.own.columns import Columns
from unifiedqa_convert.rows.own.survey import surveyed
from unifiedqa_convert.rows.own.table_form import form_of
from unifiedqa_convert.rows.readers import column_names, read
from unifiedqa_convert.schema import FieldError

ROWS = 100
"""Rows whose cells are looked at."""
QUESTION = "question query questiontext stem problem prompt q questionstem sentence input".split()
GOLD = (
    "answer gold label correct answerkey answeridx answerindex correctanswer correctoption "
    "rightanswer right key cop goldlabel target correctidx correctindex a solution output"
).split()
CONTEXT = "context passage paragraph article support background story fact".split()
SPLITS = (("train", "train"), ("valid", "validation"), ("dev", "validation"), ("test", "test"))
_SERIES = re.compile(r"(.*?)([A-Ja-j]|\d)")


def no_columns(dataset: str, split: str | None, path: Path) -> UsageError:
    """The error for --from-file without columns: the whole command that the file seems to need."""
    needed = (
        "--from-file needs --question COLUMN, and --choices and --gold if there are such columns"
    )
    if not path.is_file():
        return UsageError(f"--from-file {path}: no such file; correct the path")
    check_encoding(path)
    form = form_of(path, None)
    own = form[0]
    first_row(path, own)
    rows = [raw for raw in islice(read(path, own=own), ROWS) if isinstance(raw, dict)]
    names = column_names(path, own) or list({key: None for raw in rows for key in raw})
    columns = _proposed([name.strip() for name in names], [_stripped(row) for row in rows])
    if columns is None:
        return UsageError(f"{needed}; {path} has: {join_names(names)}")
    remark = ""
    try:
        columns = surveyed(path, columns, form).columns
    except UqaError as error:
        remark = f"; but {error}"
    command = _command(dataset, split or _split_of(path), path, columns)
    return UsageError(
        f"{needed}. By their names and cells, this may be it; look at it before you leave out "
        f"--dry-run: {command}{remark}"
    )


def _stripped(row: dict[str, Any]) -> dict[str, Any]:
    return {name.strip(): cell for name, cell in row.items()}


def _proposed(names: Sequence[str], rows: Sequence[dict[str, Any]]) -> Columns | None:
    question = _named(names, QUESTION)
    if question is None:
        return None
    free = [name for name in names if name != question]
    choices = _list_column(free, rows) or _series(free)
    free = [name for name in free if name not in choices]
    return Columns(question, choices, _named(free, GOLD), context=_named(free, CONTEXT))


def _named(names: Sequence[str], known: Sequence[str]) -> str | None:
    """The column with the first of the ``known`` names."""
    plain = {re.sub(r"[\W_]", "", name.lower()): name for name in reversed(names)}
    return next((plain[name] for name in known if name in plain), None)


def _list_column(names: Sequence[str], rows: Sequence[dict[str, Any]]) -> tuple[str, ...]:
    """A column whose cells hold the choices."""
    for name in names:
        try:
            if rows and all(choices_of([row.get(name)], [name]) for row in rows):
                return (name,)
        except FieldError:
            continue
    return ()


def _series(names: Sequence[str]) -> tuple[str, ...]:
    """The longest series of columns: A, B, C; option_1, option_2."""
    found: dict[tuple[str, bool], list[tuple[str, str]]] = {}
    for name in names:
        if parts := _SERIES.fullmatch(name):
            found.setdefault((parts[1], parts[2].isdigit()), []).append((parts[2].lower(), name))
    series = [sorted(one) for one in found.values()]
    whole = [one for one in series if len(one) > 1 and one[0][0] in "a01" and _consecutive(one)]
    return tuple(name for _, name in max(whole, key=len)) if whole else ()


def _consecutive(series: Sequence[tuple[str, str]]) -> bool:
    first = ord(series[0][0])
    return [ord(mark) for mark, _ in series] == list(range(first, first + len(series)))


def _split_of(path: Path) -> str:
    return next((split for part, split in SPLITS if part in path.name.lower()), "train")


def _command(dataset: str, split: str, path: Path, columns: Columns) -> str:
    words = ["uqa", "convert", dataset, "--split", split, "--from-file", str(path)]
    words += ["--question", columns.question]
    words += ["--choices", ",".join(columns.choices)] if columns.choices else []
    words += ["--gold", columns.gold] if columns.gold else []
    if columns.gold and columns.gold_is and (columns.choices or columns.gold_is == "yesno"):
        words += ["--gold-is", columns.gold_is]
    words += ["--context", columns.context] if columns.context else []
    return shlex.join([*words, "--dry-run"])
