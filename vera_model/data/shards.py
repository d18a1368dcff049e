"""Shards: finding them, checking them, mapping them into memory.

The Arrow files that `uqa convert` wrote are mapped; its Parquet files and upstream's JSON files
(golds and distractors) are read into the same columns.
"""

import json
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from pydantic import BaseModel, Field

from unifiedqa_convert.arrow_files import RecordBatches, read_parquet, read_stream, readable
from unifiedqa_convert.documents import quoted, read_json, validated
from unifiedqa_convert.errors import SourceError, UsageError
from unifiedqa_convert.records.arrow import SCHEMA_VERSION, arrow_schema, shard_facts
from unifiedqa_convert.schema import FreeText, MultipleChoice, YesNo
from unifiedqa_convert.storage import settle, sha256_of
from unifiedqa_convert.vera_tasks import BOOLEAN, VERA_TASKS, partition_of
from vera_model.data.problems import ShardPart
from vera_model.data.statement_selection import Group, Recipe

_KINDS = {kind.kind for kind in (MultipleChoice, YesNo, FreeText)}
_MANIFEST = "manifest.json"
_SHARDS = (".arrow", ".parquet")
_AGAIN = "convert it again"
_STREAM, _PARQUET = b"\xff\xff\xff\xff", b"PAR1"
"""How a shard begins."""


class _Size(BaseModel):
    read: int
    known: int | None
    partial: bool | None


class _File(BaseModel):
    path: str


_Name = Annotated[str, Field(pattern=r"^[^\x00-\x1f\x7f-\x9f]*$")]


class _Manifest(BaseModel):
    """What is read of a manifest; beside upstream's JSON it has nothing but facts."""

    dataset: _Name = ""
    split: _Name = ""
    format: str = ""
    split_size: _Size | None = None
    share: tuple[int, int] = (0, 1)
    files: list[_File] = []


class Shard(NamedTuple):
    """A file that was read, as metrics.json names it."""

    path: str
    sha256: str
    dataset: str
    split: str
    partition: str
    """Vera's: seen, unseen-1, unseen-2; none for a dataset outside of it."""
    sample: bool
    groups: int
    profile: str | None = None
    """How its records are written; None in upstream's JSON."""


class ShardBatch(NamedTuple):
    """Some rows of a shard, and the statements, (m,) in all, of each."""

    part: ShardPart
    groups: list[Group]
    starts: list[int]
    """The first statement of each group."""


def find_shards(paths: Iterable[Path]) -> list[Path]:
    """The files at ``paths``, each once: a file as given, a folder's in sorted order.

    Hidden files and folders are skipped. Raises SourceError for a path that does not exist, a
    folder without shards, and an incomplete conversion, which has no manifest.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        if not path.exists():
            settle(path.parent)  # undo the exchange in which a conversion was killed
        if path.is_file():
            found.setdefault(path.resolve(), path)
        elif path.is_dir():
            for file in _search(path):
                found.setdefault(file.resolve(), file)
        else:
            raise SourceError(
                f"{path} does not exist: convert a dataset first, or correct the path"
            )
    return list(found.values())


def open_shard(path: Path, recipe: Recipe, *, allow_sample: bool) -> tuple[Shard, list[ShardBatch]]:
    """Map an Arrow shard, or read a Parquet one or one of upstream's JSON files.

    Raises SourceError for what is not a complete file of groups, UsageError for invented sample
    rows without ``allow_sample``.
    """
    digest = digest_of(path)
    if path.suffix == ".json":
        facts = _facts_beside(path)
        batches = [_json_batch(path, facts, digest, recipe)]
        _check_sample(path, facts, allow_sample=allow_sample)
    else:
        facts, records = read_arrow(path, ("question", "both"), allow_sample=allow_sample)
        batches = [
            _arrow_batch(path, batch, facts, f"{digest}:{number}")
            for number, batch in enumerate(records)
        ]
    return shard_of(path, digest, facts, sum(len(batch.groups) for batch in batches)), batches


def read_arrow(
    path: Path, wanted: Sequence[str], *, allow_sample: bool
) -> tuple[dict[str, Any], list[pa.RecordBatch]]:
    """The facts and the mapped batches of a shard that was converted with a ``wanted`` --records.

    Raises as :func:`open_shard`.
    """
    found = _opened(path)
    facts = _checked_facts(path, found.schema, wanted)
    _check_sample(path, facts, allow_sample=allow_sample)
    return facts, list(found.batches)


def _opened(path: Path) -> RecordBatches:
    """An Arrow or a Parquet shard; SourceError for rows that nobody converted yet."""
    with readable(path, _AGAIN), path.open("rb") as file:
        begins = file.read(len(_STREAM))
    if begins == _PARQUET:
        return read_parquet(path, _AGAIN)
    if path.suffix != ".arrow" and begins != _STREAM:
        raise SourceError(
            f"{path} is neither an Arrow nor a Parquet shard: convert raw rows first (`uqa convert "
            f"DATASET --split SPLIT --raw {path.name}`), an output of another format with --to "
            "arrow, and give the output's folder"
        )
    return read_stream(path, _AGAIN)


def shard_of(path: Path, digest: str, facts: dict[str, Any], groups: int) -> Shard:
    """The file as metrics.json names it."""
    sample = facts.get("sample") is True
    about = (facts["dataset"], facts["split"], _partition(facts), sample, groups)
    return Shard(str(path), digest, *about, facts.get("profile"))


def check_shards(paths: Iterable[Path], *, allow_sample: bool) -> None:
    """Raise as :func:`find_shards`, and UsageError for sample rows; no row is read."""
    for path in find_shards(paths):
        if path.suffix == ".json":
            facts = _facts_beside(path)
        else:
            facts = _facts(path, _opened(path).schema)
        _check_sample(path, facts, allow_sample=allow_sample)


def _check_sample(path: Path, facts: dict[str, Any], *, allow_sample: bool) -> None:
    if facts.get("sample") is True and not allow_sample:
        raise UsageError(
            f"{path} has invented sample rows: convert the real data, or add --allow-sample"
        )


def digest_of(path: Path) -> str:
    """The sha256 of a shard in hex. SourceError if it is not the one in the manifest beside it.

    That alone tells a text with a letter changed; of a file without a manifest nobody can tell.
    """
    try:
        digest = sha256_of(path)
    except OSError as error:
        raise SourceError(f"{path} can't be read: {error.strerror or error}") from None
    for file in _files(path.parent):
        if file["path"] == path.name and file.get("sha256", digest) != digest:
            raise SourceError(
                f"{path} was changed or damaged: its sha256 is not the one in the manifest.json "
                f"beside it; {_AGAIN}"
            )
    return digest


def _files(folder: Path) -> list[dict[str, Any]]:
    """The files that a split's manifest lists."""
    files: list[dict[str, Any]] = manifest_in(folder).get("files", [])
    return files


def _search(folder: Path) -> Iterator[Path]:
    for place in {hidden.parent for hidden in folder.rglob(".*.uqa-*")}:
        settle(place)
    files = sorted(
        file
        for suffix in ("*.arrow", "data-*.parquet", "data-*.json")
        for file in folder.rglob(suffix)
        if not any(part.startswith(".") for part in file.relative_to(folder).parts)
    )
    if not files:
        raise SourceError(
            f"{folder} has no .arrow or .parquet file: convert a dataset into it, --to arrow or "
            "parquet, or give upstream's JSON files one by one"
        )
    for file in files:
        shown = str(file).encode("utf-8", "backslashreplace").decode()
        if shown != str(file):
            raise SourceError(f"{shown} is not UTF-8, so no report can name it: rename it")
    for parent in sorted({file.parent for file in files}):
        if not (parent / _MANIFEST).is_file():
            raise SourceError(
                f"{parent} is incomplete, it has no manifest.json: run its conversion again to "
                "finish it, or give the complete folders only"
            )
        here = {file.name for file in files if file.parent == parent}
        listed = [file["path"] for file in _files(parent)]
        if lost := [name for name in listed if name.endswith(_SHARDS) and name not in here]:
            raise SourceError(f"{parent / lost[0]} is missing, but in its manifest.json; {_AGAIN}")
    yield from files


def _facts(path: Path, schema: pa.Schema) -> dict[str, Any]:
    with readable(path, _AGAIN):
        return shard_facts(schema)


def _checked_facts(path: Path, schema: pa.Schema, wanted: Sequence[str]) -> dict[str, Any]:
    facts = _facts(path, schema)
    if not {"schema", "records", "dataset", "split"} <= facts.keys():
        raise SourceError(f"{path} was not written by `uqa convert`: convert the dataset to Arrow")
    if facts["schema"] != SCHEMA_VERSION:
        raise SourceError(
            f"{path} has schema version {facts['schema']}, this program reads {SCHEMA_VERSION}: "
            "convert the dataset again"
        )
    if facts["records"] not in wanted:
        raise SourceError(
            f"{path} has {facts['records']} records only: convert the dataset again with "
            f"--records {' or '.join(wanted)}"
        )
    for name in (facts["dataset"], facts["split"]):
        if not isinstance(name, str) or not name.isprintable():
            raise SourceError(f"{path}: {quoted(name)} is no name of a dataset or split; {_AGAIN}")
    if not schema.equals(arrow_schema(facts["records"], facts)):
        raise SourceError(f"{path} has other columns than its metadata says; {_AGAIN}")
    return facts


def _arrow_batch(
    path: Path, batch: pa.RecordBatch, facts: dict[str, Any], digest: str
) -> ShardBatch:
    statements = batch.column("statements")
    offsets = statements.offsets.to_pylist()
    values = statements.values
    labels = pc.fill_null(values.field("label").cast(pa.int8()), -1).to_numpy()
    masked = values.field("masked").to_pylist()
    sentences = values.field("sentence")
    blank = pc.equal(pc.utf8_trim_whitespace(sentences), "").to_pylist()
    kinds = batch.column("kind").to_pylist()
    if unknown := set(kinds) - _KINDS:
        raise SourceError(
            f"{path} has an example of kind {min(unknown)!r}, unknown to this version: update "
            "the program, or convert the dataset again"
        )
    known = labels.tolist()
    told = pc.fill_null(values.field("confidence"), 1.0).to_pylist()
    groups = [
        Group(
            kind == MultipleChoice.kind,
            known[start:end],
            masked[start:end],
            blank[start:end],
            min(told[start:end], default=1.0),
        )
        for kind, start, end in zip(kinds, offsets, offsets[1:], strict=False)
    ]
    ids, contexts = batch.column("id"), batch.column("context")
    about = (facts["dataset"], facts["split"], digest, ids, contexts, sentences, labels)
    part = ShardPart(*about, _partition(facts))
    return ShardBatch(part, groups, offsets[:-1])


def _partition(facts: dict[str, Any]) -> str:
    """The partition that the shard names; upstream's files name none, so the task decides."""
    return str(facts.get("partition") or partition_of(facts["dataset"]))


def _facts_beside(path: Path) -> dict[str, Any]:
    """The manifest's facts; else those in the file's name, upstream's ``<task>/<split>.json``."""
    facts = manifest_in(path.parent)
    if facts.get("format") == "vera":
        return facts
    return {"dataset": path.resolve().parent.name, "split": path.stem}


def manifest_in(folder: Path) -> dict[str, Any]:
    """The manifest of a split's folder; empty if it has none. SourceError if it is damaged."""
    path = folder / _MANIFEST
    if not path.is_file():
        return {}
    try:
        found: dict[str, Any] = read_json(path)
        validated(_Manifest, found)
    except (OSError, ValueError) as error:
        raise SourceError(f"{path} can't be read, convert the split again: {error}") from error
    return found


def _json_batch(path: Path, facts: dict[str, Any], digest: str, recipe: Recipe) -> ShardBatch:
    items = _json_items(path)
    task = facts["dataset"]
    sizes = [len(item["golds"]) + len(item["distractors"]) for item in items]
    choice = task not in BOOLEAN and (task in VERA_TASKS or max(sizes, default=0) > 1)
    groups = [
        _json_group(item, choice if recipe == "vera" else size > 1)
        for item, size in zip(items, sizes, strict=True)
    ]
    texts = [text for item in items for text in (*item["golds"], *item["distractors"])]
    labels = np.array([label for group in groups for label in group.labels], np.int8)
    starts = np.concatenate([[0], np.cumsum(sizes)])[:-1].astype(int).tolist()
    ids = pa.array([f"{facts['split']}-{number:06d}" for number in range(len(items))], pa.string())
    nulls = pa.nulls(len(items), pa.string())
    sentences = pa.array(texts, pa.string())
    about = (task, facts["split"], digest, ids, nulls, sentences, labels)
    part = ShardPart(*about, _partition(facts))
    return ShardBatch(part, groups, starts)


def _json_items(path: Path) -> list[dict[str, list[str]]]:
    try:
        items = json.loads(path.read_text(encoding="utf-8-sig"))
    except (ValueError, RecursionError) as error:
        raise SourceError(f"{path} is not JSON, see `uqa check {path}`: {error}") from error
    if not isinstance(items, list):
        raise SourceError(
            f"{path} is not a JSON list of groups: give upstream's JSON, or Arrow shards"
        )
    for number, item in enumerate(items):
        lists = (
            [item.get(key) for key in ("golds", "distractors")] if isinstance(item, dict) else []
        )
        valid = len(lists) == 2 and all(
            isinstance(texts, list) and all(isinstance(text, str) for text in texts)
            for texts in lists
        )
        if not valid:
            raise SourceError(
                f"{path}: item {number} has no lists of golds and distractors: see "
                f"`uqa check {path}`"
            )
    return items


def _json_group(item: dict[str, list[str]], is_choice: bool) -> Group:
    texts = [*item["golds"], *item["distractors"]]
    labels = [1] * len(item["golds"]) + [0] * len(item["distractors"])
    same = [" ".join(text.split()).casefold() for text in texts]
    golds = len(item["golds"])
    both = set(same[:golds]) & set(same[golds:])
    return Group(is_choice, labels, [key in both for key in same], [not key for key in same])
