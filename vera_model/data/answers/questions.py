"""Outputs of `uqa convert` → the questions that predictions are scored on.

Arrow, Parquet and JSON lines have typed choices and all references. A TSV has one line of two texts
a record, and so no ids, no kind and only the output's text: its choices are cut out at ``(a)``,
``(b)`` … in their order, a line is refused where that does not give the output, and lines of free
text with the same input are one question, with an output of each as its references, or as the parts
of its one answer where the manifest counts such.
"""

import re
from collections.abc import Iterable, Iterator
from pathlib import Path
from string import ascii_lowercase
from typing import Annotated, Any, Literal, NamedTuple

from pydantic import BaseModel, ConfigDict, Field

from unifiedqa_convert.arrow_files import batch_rows, read_parquet, read_stream
from unifiedqa_convert.documents import parsed, quoted, validated
from unifiedqa_convert.errors import SourceError, UsageError
from unifiedqa_convert.schema import (
    BETWEEN_PARTS,
    IN_PARTS,
    NO_ANSWER,
    FreeText,
    MultipleChoice,
    YesNo,
    collapse,
)
from unifiedqa_convert.storage import settle
from vera_model.data.shards import digest_of, manifest_in

_AGAIN = "convert it again"
_SHARD = re.compile(r"data-\d+\.\w+")
_SEPARATOR = "\\n"


class Question(NamedTuple):
    """One question of an output."""

    dataset: str
    split: str
    id: str | None
    """None in a TSV."""
    source_id: str | None
    """The row's own id, if it has one."""
    kind: str
    """As in the shard: multiple_choice, yes_no, free_text."""
    input: str
    output: str | None
    choices: tuple[str, ...]
    """Of free text: all references, or all parts of the one."""
    golds: tuple[int, ...]
    """Positions of the right choices; empty if there is no answer."""
    labelled: bool
    """False if the answer is hidden, and for choices of which none is right."""
    cluster: str
    """Questions with the same one are not independent: the same input, or the same source row."""
    positions: tuple[int, ...]
    """The numbers of its records, from 0, over all outputs in their order."""
    place: str
    """For messages: ``copa/validation row 3``."""
    in_parts: bool = False
    """True if its references are the parts of one answer, as the flag in its row says."""

    @property
    def split_name(self) -> str:
        """``copa/validation``."""
        return f"{self.dataset}/{self.split}"

    @property
    def references(self) -> tuple[str, ...]:
        """The texts of all right answers, or of all parts of the one (``in_parts``)."""
        return tuple(self.choices[gold] for gold in self.golds)


class Outputs(NamedTuple):
    """The questions of some outputs, and what these are."""

    questions: list[Question]
    splits: list[dict[str, Any]]
    """Of each: folder, dataset, split, whether its rows are invented, whether it is known to have
    fewer rows than the dataset's split, and of how many answers it has the first part only."""


class _Row(BaseModel):
    """What is read of a row, of the columns of ``unifiedqa_convert/records/arrow.py``."""

    model_config = ConfigDict(strict=True)

    id: str
    source_id: str | None
    row: Annotated[int, Field(ge=0)]
    kind: Literal["multiple_choice", "yes_no", "free_text"]
    input: str
    output: str | None
    choices: list[str]
    golds: list[Annotated[int, Field(ge=0)]] | None
    flags: list[str]


_COLUMNS = list(_Row.model_fields)


def read_questions(paths: Iterable[Path], *, allow_sample: bool) -> Outputs:
    """The questions of all outputs at ``paths``, which are splits' folders or folders of them.

    Raises SourceError for what is no complete output with question records, UsageError for invented
    rows without ``allow_sample`` and for a split given twice.
    """
    found, splits = list[Question](), list[dict[str, Any]]()
    given: dict[str, tuple[Path, bool]] = {}
    ids: dict[str, Path] = {}
    position = 0
    for folder in _folders(paths):
        manifest = manifest_in(folder)
        _check(folder, manifest, allow_sample=allow_sample)
        name, tsv = f"{manifest['dataset']}/{manifest['split']}", manifest["format"] == "tsv"
        earlier, of_tsv = given.setdefault(name, (folder, tsv))
        if earlier != folder and (tsv or of_tsv):  # others may be a split's subjects: by their ids
            raise _twice(name, earlier, folder)
        questions = list((_lines if tsv else _typed)(folder, manifest, position))
        position += sum(len(question.positions) for question in questions)
        for one in questions:
            if one.id is not None and ids.setdefault(one.id, folder) != folder:
                raise _twice(one.id, ids[one.id], folder)
        found += questions
        splits.append(_told(folder, manifest, questions))
    if not found:
        raise SourceError(f"{splits[0]['folder']} has no question; {_AGAIN}")
    return Outputs(found, splits)


def _told(folder: Path, manifest: dict[str, Any], questions: list[Question]) -> dict[str, Any]:
    about = {name: manifest[name] for name in ("dataset", "split", "sample")}
    size = manifest.get("split_size") or {}
    # A TSV of one line a question has no further parts.
    whole = any(question.in_parts for question in questions)
    return {
        "folder": str(folder),
        **about,
        "partial": bool(size.get("partial")),
        "first_parts": 0 if whole else _in_parts(manifest),
    }


def _in_parts(manifest: dict[str, Any]) -> int:
    """How many of an output's answers have several parts."""
    flags = (manifest.get("counts") or {}).get("flags") or {}
    return int(flags.get(IN_PARTS, 0))


def _twice(what: str, one: Path, other: Path) -> UsageError:
    return UsageError(f"{what} is in {one} and in {other}: give each split once")


def _folders(paths: Iterable[Path]) -> Iterator[Path]:
    seen: set[Path] = set()
    for path in paths:
        if not path.exists():
            settle(path.parent)  # undo the exchange in which a conversion was killed
        if not path.is_dir():
            what = "is a file: give the folder that it is in" if path.exists() else "does not exist"
            raise SourceError(f"{path} {what}; an output of `uqa convert` is a folder")
        manifests = [path / "manifest.json"]
        if not manifests[0].is_file():
            manifests = sorted(
                file
                for file in path.rglob("manifest.json")
                if not any(part.startswith(".") for part in file.relative_to(path).parts)
            )
        if not manifests:
            raise SourceError(
                f"{path} has no manifest.json: it is no output of `uqa convert`, or an incomplete "
                "one; run its conversion again to finish it"
            )
        yield from (file.parent for file in manifests if file.resolve() not in seen)
        seen.update(file.resolve() for file in manifests)


def _check(folder: Path, manifest: dict[str, Any], *, allow_sample: bool) -> None:
    if not manifest.get("dataset") or not manifest.get("split") or "format" not in manifest:
        raise SourceError(f"{folder / 'manifest.json'} names no dataset, split or format; {_AGAIN}")
    if manifest["format"] not in ("arrow", "parquet", "jsonl", "tsv"):
        raise SourceError(
            f"{folder} has the format {manifest['format']}, which has no answers: convert the "
            "split again with --to arrow, parquet or jsonl"
        )
    if manifest.get("records") not in ("both", "question"):
        raise SourceError(
            f"{folder} has {manifest.get('records')} records only: convert the split again with "
            "--records both or question"
        )
    if manifest.get("sample") is not False and not allow_sample:
        raise UsageError(
            f"{folder} has invented sample rows: convert the real data, or add --allow-sample"
        )


def _files(folder: Path, manifest: dict[str, Any]) -> Iterator[Path]:
    """The shards, whose digests are the manifest's."""
    for file in manifest.get("files", ()):
        if _SHARD.fullmatch(file["path"]):
            digest_of(folder / file["path"])
            yield folder / file["path"]


def _typed(folder: Path, manifest: dict[str, Any], position: int) -> Iterator[Question]:
    clusters = _Clusters()
    for path in _files(folder, manifest):
        for number, row in enumerate(_rows(path, manifest["format"])):
            try:
                one = validated(_Row, row)
                _check_golds(one)
            except ValueError as error:
                raise SourceError(f"{path}, row {number} of the file: {error}; {_AGAIN}") from None
            yield Question(
                dataset=manifest["dataset"],
                split=manifest["split"],
                id=one.id,
                source_id=one.source_id,
                kind=one.kind,
                input=one.input,
                output=one.output,
                choices=tuple(one.choices),
                golds=tuple(one.golds or ()),
                labelled=one.golds is not None and one.output is not None,
                cluster=clusters.of(one.input, one.id),
                positions=(position,),
                place=f"{manifest['dataset']}/{manifest['split']} row {one.row} ({one.id})",
                in_parts=IN_PARTS in one.flags,
            )
            position += 1


def _rows(path: Path, form: str) -> Iterator[dict[str, Any]]:
    if form == "jsonl":
        for number, line in enumerate(_text_lines(path), 1):
            try:
                row = parsed(line)
            except ValueError as error:
                raise SourceError(f"{path} line {number}: {error}; {_AGAIN}") from None
            yield {name: row.get(name) for name in _COLUMNS} if isinstance(row, dict) else row
        return
    found = (read_stream if form == "arrow" else read_parquet)(path, _AGAIN)
    if missing := [name for name in _COLUMNS if name not in found.schema.names]:
        raise SourceError(f"{path} has no column {missing[0]}; {_AGAIN}")
    yield from batch_rows(batch.select(_COLUMNS) for batch in found.batches)


def _check_golds(row: _Row) -> None:
    """ValueError for golds that are no choices, or of yes/no not one."""
    if row.golds is None:
        return
    if any(gold >= len(row.choices) for gold in row.golds):
        raise ValueError(f"golds {row.golds} point outside {len(row.choices)} choices")
    if row.kind == YesNo.kind and len(row.golds) != 1:
        raise ValueError(f"golds {row.golds} of a question with one answer")


class _Clusters:
    """Names for the clusters of one split: of an input seen before, or of its source row."""

    def __init__(self) -> None:
        self._by_input: dict[str, str] = {}
        self._by_row: dict[str, str] = {}

    def of(self, text: str, id_: str) -> str:
        row = re.sub(r"\.\d+$", "", id_)  # one row gives several examples: x-3.0, x-3.1
        key = collapse(text)
        found = self._by_input.get(key) or self._by_row.get(row) or row
        self._by_input.setdefault(key, found)
        self._by_row.setdefault(row, found)
        return found


def _text_lines(path: Path) -> Iterator[str]:
    with path.open("rb") as file:
        for number, line in enumerate(file, 1):
            try:
                yield line.decode().removesuffix("\n")
            except UnicodeDecodeError:
                raise SourceError(f"{path} line {number}: not UTF-8; {_AGAIN}") from None


def _lines(folder: Path, manifest: dict[str, Any], position: int) -> Iterator[Question]:
    """Questions of a TSV; lines of free text with the same input are one."""
    texts: dict[str, Question] = {}
    others: list[Question] = []
    parts = _in_parts(manifest) > 0
    for path in _files(folder, manifest):
        for number, line in enumerate(_text_lines(path), 1):
            place = f"{manifest['dataset']}/{manifest['split']} {path.name} line {number}"
            cells = line.split("\t")
            if len(cells) != 2:
                raise SourceError(
                    f"{place}: {len(cells)} cells instead of 2, by a tab or line end in a text, as "
                    "some published files have it: convert the split again with --to jsonl"
                )
            about = (manifest["dataset"], manifest["split"], place, position)
            one = _of_line(*about, cells[0].strip(), cells[1].strip())
            position += 1
            if one.kind != FreeText.kind:
                others.append(one)
                continue
            if parts:
                one = _in_its_parts(one)
            if (same := texts.get(one.input)) is None:
                texts[one.input] = one
            else:
                texts[one.input] = _merged(same, one, parts)
    yield from sorted([*texts.values(), *others], key=lambda one: one.positions)


def _of_line(
    dataset: str, split: str, place: str, position: int, text: str, answer: str
) -> Question:
    labelled = answer not in ("-", "")
    choices, kind = _choices_in(text), MultipleChoice.kind
    golds: tuple[int, ...] = ()
    if choices and labelled:
        golds = tuple(at for at, one in enumerate(choices) if one == collapse(answer))
        if not golds:
            raise SourceError(
                f"{place}: the output {quoted(answer)} is none of the choices that its input lists "
                "at (a), (b) …: a TSV does not say more; convert the split again with --to jsonl"
            )
    elif not choices and answer.lower() in ("yes", "no"):
        kind, choices, golds = YesNo.kind, ("yes", "no"), (int(answer.lower() == "no"),)
    elif not choices:
        kind = FreeText.kind
        choices = () if not labelled or answer.lower() == NO_ANSWER.lower() else (answer,)
        golds = tuple(range(len(choices)))
    about = (dataset, split, None, None, kind, text, answer if labelled else None)
    return Question(*about, choices, golds, labelled, collapse(text), (position,), place)


def _in_its_parts(one: Question) -> Question:
    """A line of a split with answers in parts, which may have all of them in one text."""
    found = tuple(part for text in one.choices for part in text.split(BETWEEN_PARTS))
    return one._replace(choices=found, golds=tuple(range(len(found))), in_parts=len(found) > 1)


def _merged(one: Question, other: Question, parts: bool) -> Question:
    """Two lines with the same input: their answers are the parts of one, or alternatives."""
    references = (*one.choices, *other.choices)
    if not parts:  # of parts, equal ones count each
        references = tuple(dict.fromkeys(references))
    return one._replace(
        in_parts=parts,
        choices=references,
        golds=tuple(range(len(references))),
        labelled=one.labelled or other.labelled,
        positions=one.positions + other.positions,
    )


def _choices_in(text: str) -> tuple[str, ...]:
    """The choices of a record's input, cut at the letters in their order; none if it has none."""
    parts = text.split(_SEPARATOR)
    rest = parts[1].strip() if len(parts) > 1 else ""
    lower = rest[:2].islower()
    letters = ascii_lowercase if lower else ascii_lowercase.upper()
    if not rest.startswith(f"({letters[0]})"):
        return ()
    rest, found = rest[3:], []
    for letter in letters[1:]:
        choice, marker, after = rest.partition(f" ({letter})")
        if not marker:
            break
        found.append(collapse(choice))
        rest = after
    return (*found, collapse(rest))
