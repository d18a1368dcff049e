"""One dataset's split, end to end.

Killed at any moment, the same command goes on from the complete shards, to the same bytes: which
rows make a shard depends on their numbers only, never on where a run stopped or who works on it.
"""

import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import groupby, islice
from pathlib import Path
from typing import Any

from unifiedqa_convert.card import CARD, card
from unifiedqa_convert.chunk import Chunk, convert_chunk
from unifiedqa_convert.counts import tree
from unifiedqa_convert.errors import OutputError, SourceError
from unifiedqa_convert.files import sha256_of, whole
from unifiedqa_convert.job import Job, Request, look_up
from unifiedqa_convert.numbered import Numbered
from unifiedqa_convert.output import (
    REJECTS,
    Place,
    begin,
    claimed,
    commit,
    every_note,
    notes,
    publish,
    takes,
    turns,
)
from unifiedqa_convert.rejects import too_many, write_rejects
from unifiedqa_convert.rows import typed_rows
from unifiedqa_convert.shards import IN_BATCHES, SUFFIXES, WRITERS
from unifiedqa_convert.table import arrow_schema, as_rows
from unifiedqa_convert.upstream import as_upstream, is_upstreams
from unifiedqa_convert.workers import beside

CHUNK_ROWS = 1_000
"""Rows whose questions go to a question converter together, or that make one record batch."""
FEW_ROWS = 100
"""Rows at a time where it is neither: what they become stays in the CPU's cache."""

Note = dict[str, Any]
Progress = Callable[[int], None]


@dataclass(frozen=True)
class Result:
    """Where the output is, and its manifest."""

    folder: Path
    manifest: dict[str, Any]
    note: str | None
    """What a person should be told about the source."""
    made: bool
    """False where the same output was there already."""
    resumed_shards: int = 0
    """How many shards a killed run had left complete; they were not made again."""


def convert(request: Request, progress: Progress | None = None) -> Result:
    """Convert one split. ``progress`` hears how many rows have been converted so far.

    Raises SourceError, TooManyRejects, QuestionConverterError or OutputError; the output that
    stood there before is untouched until the new one is complete.
    """
    job = look_up(_at_turn(request, (0, request.workers)))
    place = job.place()
    described = job.describe()
    with claimed(place):
        found = place.manifest()
        if found is not None and not request.overwrite:
            if other := [key for key, value in described.items() if found.get(key) != value]:
                raise OutputError(
                    f"{place.final} holds another conversion (other {', '.join(other)}); "
                    "--overwrite replaces it, --out DIR puts this one elsewhere"
                )
            if place.damaged(found) is None:
                return Result(place.final, found, job.located.note, made=False)
        done = begin(place, described)
        _make_shards(job, place, frozenset(done), progress or (lambda _rows: None))
        manifest = _manifest(job, described, place)
        publish(place, manifest)
    return Result(place.final, manifest, job.located.note, made=True, resumed_shards=len(done))


def _make_shards(job: Job, place: Place, done: frozenset[int], progress: Progress) -> None:
    """Make and commit the shards that are not ``done``, in this process or in several."""
    workers = job.request.workers
    if workers == 1:
        _work(job, place, done, None, progress)
        return
    taken = turns(place)
    # Each worker looks up its own job: a question converter need not survive a pickle.
    others = [
        partial(_work_alone, _at_turn(job.request, (k, workers)), done, taken)
        for k in range(1, workers)
    ]
    look = partial(_tell, place, progress)
    with beside(others, look) as look_now_and_then:
        _work(job, place, done, taken, lambda _rows: look_now_and_then())


def _tell(place: Place, progress: Progress) -> None:
    """How many rows all workers together have committed."""
    progress(sum(note["counts"]["rows/read"] for note in notes(place).values()))


def _work_alone(request: Request, done: frozenset[int], taken: Path) -> None:
    job = look_up(request)
    _work(job, job.place(), done, taken, lambda _rows: None)


def _at_turn(request: Request, turn: tuple[int, int]) -> Request:
    """The request as one of several workers has it: each its GPU, or its share of the cores."""
    return replace(request, options=replace(request.options, turn=turn))


def _work(
    job: Job, place: Place, done: frozenset[int], taken: Path | None, progress: Progress
) -> None:
    """Make the shards of the job's share that no other worker has ``taken``, in order."""
    size, limit = job.request.shard_rows, job.request.limit
    share, shares = job.request.share

    @cache
    def mine(shard: int) -> bool:
        asked_for = shard % shares == share and shard not in done
        return asked_for and (limit is None or shard * size < limit) and takes(taken, shard)

    def wanted(number: int) -> bool:
        return mine(number // size) and (limit is None or number < limit)

    everything = taken is None and shares == 1 and not done and limit is None
    rows = typed_rows(
        job.adapter,
        job.split,
        job.located.files,
        None if everything else wanted,
        as_paired=job.profile.own.as_paired,
    )
    rejected = len(_rejects(notes(place).values()))
    with _without_cycle_search():
        for number, shard in groupby(rows, key=lambda row: row.number // size):
            note = _shard(job, place, number, shard, rejected, progress)
            rejected += len(note["rejects"])
            commit(place, number, note)


@contextmanager
def _without_cycle_search() -> Iterator[None]:
    """Converting makes millions of objects and no cycles; the search took 40 % of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _shard(
    job: Job,
    place: Place,
    number: int,
    rows: Iterator[Numbered],
    before: int,
    progress: Progress,
) -> Note:
    """Write one shard, after ``before`` rejects; its counts, its rejects, its file's digest."""
    counts: Counter[str] = Counter()
    rejects: list[dict[str, Any]] = []
    path = place.growing / f"data-{number:05}.{SUFFIXES[job.request.to]}"
    with whole(path) as file:
        writer = WRITERS[job.request.to](file, arrow_schema(job.records, job.facts()))
        together = job.converter is not None or job.request.to in IN_BATCHES
        size = CHUNK_ROWS if together else FEW_ROWS
        # A chunk takes its rows one by one: typed and used while they are in the CPU's cache.
        while (chunk := _convert(job, islice(rows, size))).counts["rows/read"]:
            counts.update(chunk.counts)
            rejects.extend(chunk.rejects)
            if before + len(rejects) > job.request.max_rejects:
                raise too_many(
                    [*_rejects(notes(place).values()), *rejects], job, place.work / REJECTS
                )
            counts.update(writer.write(as_rows(chunk.converted, job.records)))
            progress(number * job.request.shard_rows + counts["rows/read"])
        writer.close()
    return {"counts": counts, "rejects": rejects, "file": _listed(path)}


def _convert(job: Job, rows: Iterable[Numbered]) -> Chunk:
    """The rows as the recipe has them."""
    if job.request.recipe == "clean" or not is_upstreams(job.adapter.name):
        return convert_chunk(job.adapter, job.split, rows, job.profile, job.converter)
    records = convert_chunk(job.adapter, job.split, rows, job.profile, None)
    return as_upstream(records, job.adapter.name, job.profile, job.converter)


def _rejects(made: Iterable[Note]) -> list[dict[str, Any]]:
    """Those of committed shards, in order."""
    return [line for note in made for line in note["rejects"]]


def _manifest(job: Job, described: dict[str, Any], place: Place) -> dict[str, Any]:
    """Write the rejects; the job, the counts that add up, and every file's digest."""
    made = every_note(place, job.request.share)
    counts: Counter[str] = Counter()
    for note in made:
        counts.update(note["counts"])
    lines = _rejects(made)
    if len(lines) > job.request.max_rejects:  # each of several workers may have had fewer
        raise too_many(lines, job, place.work / REJECTS)
    if not counts["rows/read"] and described["share"][1] == 1:
        raise SourceError(f"{described['dataset']}/{described['split']}: its files hold no rows")
    rejects = place.growing / REJECTS
    write_rejects(rejects, lines)
    manifest = {
        **described,
        "counts": tree(counts),
        "files": [*(note["file"] for note in made), _listed(rejects)],
    }
    if job.request.to == "parquet":
        text = card(job.adapter, manifest, arrow_schema(job.records, job.facts()))
        with whole(place.growing / CARD) as file:
            file.write(text.encode())
        manifest["files"].append(_listed(place.growing / CARD))
    return manifest


def _listed(path: Path) -> dict[str, Any]:
    return {"path": path.name, "bytes": path.stat().st_size, "sha256": sha256_of(path)}
