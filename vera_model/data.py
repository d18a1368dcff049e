"""Shards → problems: what is read, what is left out and why, what is held out.

Counts add up: groups read = problems + groups dropped by reason, and statements read =
statements of the problems + statements left out by reason.
"""

import hashlib
import os
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

import pyarrow as pa

from unifiedqa_convert.errors import SourceError, UsageError
from unifiedqa_convert.schema import FreeText, MultipleChoice, YesNo
from unifiedqa_convert.table import SCHEMA_VERSION, facts_of

_KINDS = {kind.kind for kind in (MultipleChoice, YesNo, FreeText)}
_END = b"\xff\xff\xff\xff\0\0\0\0"  # an Arrow stream's last bytes
_COLUMNS = ("id", "kind", "context", "statements")


class Problem(NamedTuple):
    """One group of statements, ready to score; ``texts`` and ``labels`` run in parallel."""

    task: str
    """The dataset's name."""
    split: str
    id: str
    is_choice: bool
    """True: ``texts[0]`` is the gold and the rest are distractors. False: one lone statement."""
    texts: tuple[str, ...]
    labels: tuple[bool, ...]


class Shard(NamedTuple):
    """A file that was read, as metrics.json names it."""

    path: str
    sha256: str
    dataset: str
    split: str
    sample: bool
    groups: int


class Reading(NamedTuple):
    """What the shards gave."""

    problems: list[Problem]
    shards: list[Shard]
    dropped: Counter[str]
    """Groups without a problem, by reason."""
    left_out: Counter[str]
    """Statements in no problem, by reason."""

    @property
    def groups(self) -> int:
        """Groups read."""
        return len(self.problems) + self.dropped.total()

    @property
    def statements(self) -> int:
        """Statements read."""
        return sum(len(problem.texts) for problem in self.problems) + self.left_out.total()


class Holdout(NamedTuple):
    """Problems to train on and problems to evaluate on; none is in both."""

    train: list[Problem]
    evaluation: list[Problem]


def model_text(context: str | None, sentence: str) -> str:
    """Join what the model reads: the context first (Vera's order), one space, the sentence."""
    before = context.strip() if context else ""
    return f"{before} {sentence}" if before else sentence


def find_shards(paths: Iterable[Path]) -> list[Path]:
    """List the Arrow files at ``paths``: files as given, folders searched, each file once, sorted.

    Hidden files and folders are skipped. Raises SourceError for a path that is not there, a
    folder without shards, and a folder of shards without its manifest, which is incomplete.
    """
    found: dict[Path, Path] = {}
    for path in paths:
        if path.is_file():
            found[path.resolve()] = path
        elif path.is_dir():
            found |= {file.resolve(): file for file in _search(path)}
        else:
            raise SourceError(f"{path} is not there: convert a dataset first, or correct the path")
    return [found[key] for key in sorted(found)]


def read_problems(paths: Iterable[Path], *, allow_sample: bool) -> Reading:
    """Read the shards at ``paths``.

    Raises SourceError for what is not a complete shard of examples; UsageError for invented
    sample rows without ``allow_sample``, for a split given twice, and where no group can be used.
    """
    reading = Reading([], [], Counter(), Counter())
    for path in find_shards(paths):
        _read_shard(path, reading, allow_sample)
    _check_unique(reading.problems)
    if not reading.problems:
        reasons = ", ".join(f"{count} {why}" for why, count in sorted(reading.dropped.items()))
        raise UsageError(
            f"none of {reading.groups} groups can be used ({reasons or 'the shards are empty'}): "
            "give data with labelled statements"
        )
    return reading


def hold_out(problems: Sequence[Problem], fraction: float, seed: int) -> Holdout:
    """Split by a hash of ``seed``, dataset, split and id, so that other data changes nothing.

    About ``fraction`` of the problems, and at least one, are held out for evaluation; at least
    one is left. Raises UsageError for fewer than two problems.
    """
    if len(problems) < 2:
        raise UsageError("one problem can't be trained and evaluated on: give more, or --valid")
    places = [_place(problem, seed) for problem in problems]
    # A handful of problems may all fall on one side of the bound: the nearest one then crosses.
    bound = min(max(fraction, min(places)), sorted(places)[-2])
    train = [p for p, place in zip(problems, places, strict=True) if place > bound]
    evaluation = [p for p, place in zip(problems, places, strict=True) if place <= bound]
    return Holdout(train, evaluation)


def check_apart(train: Sequence[Problem], evaluation: Sequence[Problem]) -> None:
    """Raise UsageError where a problem is to be both trained and evaluated on."""
    trained = {problem[:3] for problem in train}
    both = sum(problem[:3] in trained for problem in evaluation)
    if both:
        raise UsageError(
            f"{both} of {len(evaluation)} problems of --valid are in --data too: give other data, "
            "or leave --valid out to hold problems back"
        )


def same_texts(train: Sequence[Problem], evaluation: Sequence[Problem]) -> int:
    """Count evaluation problems whose texts, in any order, are a training problem's too."""
    trained = {tuple(sorted(problem.texts)) for problem in train}
    return sum(tuple(sorted(problem.texts)) in trained for problem in evaluation)


def _search(folder: Path) -> Iterator[Path]:
    files = [
        file
        for file in folder.rglob("*.arrow")
        if not any(part.startswith(".") for part in file.relative_to(folder).parts)
    ]
    if not files:
        raise SourceError(f"{folder} holds no .arrow file: convert a dataset to Arrow into it")
    for parent in sorted({file.parent for file in files}):
        if not (parent / "manifest.json").is_file():
            raise SourceError(
                f"{parent} is incomplete, it has no manifest.json: run its conversion again to "
                "finish it, or name the complete folders only"
            )
    yield from files


def _check_unique(problems: Sequence[Problem]) -> None:
    twice = [key for key, count in Counter(p[:3] for p in problems).items() if count > 1]
    if twice:
        task, split, example = twice[0]
        raise UsageError(
            f"{len(twice)} problems are given more than once, such as {example} of {task}/{split}: "
            "name each split once"
        )


def _read_shard(path: Path, reading: Reading, allow_sample: bool) -> None:
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "sha256").hexdigest()
            _check_ended(path, file)
            with pa.ipc.open_stream(file) as stream:
                facts = _checked_facts(path, stream.schema, allow_sample)
                before = reading.groups
                for batch in stream:
                    for row in batch.select(_COLUMNS).to_pylist():
                        _read_group(path, row, facts, reading)
    except (pa.ArrowException, OSError) as error:
        raise SourceError(f"{path} can't be read, convert it again: {error}") from error
    shard = Shard(
        path=str(path),
        sha256=digest,
        dataset=facts["dataset"],
        split=facts["split"],
        sample=facts.get("sample") is True,
        groups=reading.groups - before,
    )
    reading.shards.append(shard)


def _check_ended(path: Path, file: BinaryIO) -> None:
    # pyarrow takes a stream that stops between two batches for a whole one.
    size = file.seek(0, os.SEEK_END)
    file.seek(max(size - len(_END), 0))
    if file.read() != _END:
        raise SourceError(f"{path} is cut short or not an Arrow stream: convert it again")
    file.seek(0)


def _checked_facts(path: Path, schema: pa.Schema, allow_sample: bool) -> dict[str, Any]:
    facts = facts_of(schema)
    if not {"schema", "records", "dataset", "split"} <= facts.keys():
        raise SourceError(f"{path} is not a shard of ours: convert the dataset to Arrow")
    if facts["schema"] != SCHEMA_VERSION:
        raise SourceError(
            f"{path} has schema {facts['schema']}, this version reads {SCHEMA_VERSION}: "
            "convert it again"
        )
    if facts["records"] not in ("question", "both"):
        raise SourceError(
            f"{path} holds {facts['records']} records, which no longer tell the groups apart: "
            "convert with --records question or both"
        )
    if facts.get("sample") is True and not allow_sample:
        raise UsageError(
            f"{path} holds invented sample rows: convert the real data, or say --allow-sample"
        )
    return facts


def _read_group(path: Path, row: dict[str, Any], facts: dict[str, Any], reading: Reading) -> None:
    if row["kind"] not in _KINDS:
        raise SourceError(f"{path} holds a {row['kind']!r} example: update, or convert it again")
    statements = row["statements"] or []
    usable = [s for s in statements if s["label"] is not None and not s["masked"]]
    is_choice = row["kind"] == MultipleChoice.kind
    golds = [s for s in usable if s["label"]]
    if not usable or (is_choice and not golds):
        reading.dropped[_why_dropped(statements, usable)] += 1
        reading.left_out["in a dropped group"] += len(statements)
        return
    chosen = [golds[0], *(s for s in usable if not s["label"])] if is_choice else usable[:1]
    unlabelled = sum(s["label"] is None for s in statements)
    reading.left_out["unlabelled"] += unlabelled
    reading.left_out["masked"] += len(statements) - unlabelled - len(usable)
    reading.left_out["beyond the first gold"] += len(usable) - len(chosen)
    reading.problems.append(
        Problem(
            task=facts["dataset"],
            split=facts["split"],
            id=row["id"],
            is_choice=len(chosen) > 1,  # a gold without distractors asks for no choice
            texts=tuple(model_text(row["context"], s["sentence"]) for s in chosen),
            labels=tuple(s["label"] for s in chosen),
        )
    )


def _why_dropped(statements: list[dict[str, Any]], usable: list[dict[str, Any]]) -> str:
    if not statements:
        return "without statements"
    if usable:
        return "without a gold"
    return "unlabelled" if all(s["label"] is None for s in statements) else "masked"


def _place(problem: Problem, seed: int) -> float:
    """Where in 0 … 1 a problem falls."""
    key = "\0".join((str(seed), problem.task, problem.split, problem.id))
    return int.from_bytes(hashlib.sha256(key.encode()).digest()[:8]) / 2**64
