"""One dataset's split, end to end.

A run that was killed can be resumed by the same command and gives the same bytes: the rows of a
shard depend on their numbers only, not on where a run stopped or which worker makes the shard.
"""

import gc
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import chain, islice
from pathlib import Path
from typing import Any

import orjson

from unifiedqa_convert.conversion.chunk import Chunk, convert_chunk, manifest_digest, tree
from unifiedqa_convert.conversion.output_folder import (
    REJECTS,
    OutputFolder,
    ShardReceipt,
    all_receipts,
    claim_shard,
    claims_folder,
    commit,
    complete_output,
    hashes_file,
    locked,
    receipts,
    resume_or_start,
)
from unifiedqa_convert.conversion.repeats import asked_by, count_repeated, other_splits
from unifiedqa_convert.conversion.request import ConversionJob, Request, resolve
from unifiedqa_convert.conversion.split_size import SplitSize, example_count, split_size
from unifiedqa_convert.conversion.upstream_vera import as_upstream, is_upstreams
from unifiedqa_convert.conversion.workers import beside
from unifiedqa_convert.datasets.sources import Located
from unifiedqa_convert.errors import (
    OutputError,
    RowError,
    SourceError,
    TooManyRejects,
    UsageError,
)
from unifiedqa_convert.records.arrow import arrow_schema, as_rows
from unifiedqa_convert.records.dataset_card import CARD, card
from unifiedqa_convert.records.formats import FORMATS
from unifiedqa_convert.rows.companion_files import match_files
from unifiedqa_convert.rows.readers import line_of
from unifiedqa_convert.rows.shapes import (
    OTHER_SPLIT,
    OTHER_SUBJECT,
    NumberedRow,
    Skipped,
    columns_of,
    shape_of,
)
from unifiedqa_convert.rows.typed_rows import missing_label, typed_rows
from unifiedqa_convert.schema import Row
from unifiedqa_convert.storage import atomic_file, sha256_of

Reject = dict[str, Any]


def write_rejects(path: Path, rejects: Iterable[Reject]) -> None:
    """Write one JSON line per reject; the file is complete or does not exist."""
    with atomic_file(path) as file:
        file.writelines(orjson.dumps(one, option=orjson.OPT_APPEND_NEWLINE) for one in rejects)


def too_many(rejects: Iterable[Reject], job: ConversionJob, path: Path) -> TooManyRejects:
    """Write the rejects so far to ``path``; the error shows the first one and their number."""
    found = sorted(rejects, key=lambda reject: int(reject["row"]))
    write_rejects(path, found)
    first, allowed = found[0], job.request.max_rejects
    line = _line(job, first["row"], first["raw"])
    where = job.adapter.name, job.split, first["row"], first["field"], first["reason"], line
    return TooManyRejects(
        f"{RowError(*where)}; rejected so far: {len(found):,} (allowed: {allowed:,}), see {path}: "
        "correct the file, or pass --max-rejects N to leave such rows out"
    )


def _line(job: ConversionJob, row: int, raw: Any) -> int | None:
    """The line of a row of a split that is one file."""
    if len(job.located.files) != 1:
        return None
    (path,) = job.located.files
    shape = shape_of(job.adapter, job.split, path)
    return line_of(path, row, raw, columns_of(shape, path), shape.own)


CHUNK_ROWS = 1_000
"""Rows that are converted together: their questions go to a question converter in one call, and
their records make one record batch or row group."""

Progress = Callable[[int], None]


@dataclass(frozen=True)
class Result:
    """Where the output is, and its manifest."""

    folder: Path
    manifest: dict[str, Any]
    located: Located
    """Where the rows came from."""
    made: bool
    """False if the same output existed already."""
    resumed_shards: int = 0
    """Number of complete shards of a killed run, which were kept."""


def convert(request: Request, progress: Progress | None = None) -> Result:
    """Convert one split. ``progress`` is called with the number of rows converted so far.

    Raises SourceError, TooManyRejects, RowError (a wrong adapter), QuestionConverterError or
    OutputError; an earlier output is kept until the new one is complete.
    """
    job = resolve(_at_turn(request, (0, request.workers)))
    place = job.place()
    described = job.describe()
    with locked(place):
        found = place.manifest()
        if found is not None and not request.overwrite:
            if other := [key for key, value in described.items() if found.get(key) != value]:
                raise OutputError(
                    f"{place.final} holds another conversion (different: {', '.join(other)}); "
                    "replace it with --overwrite, or choose another --out"
                )
            if place.damaged(found) is None:
                return Result(place.final, found, job.located, made=False)
        done = resume_or_start(place, described, anew=request.overwrite)
        _make_shards(job, place, frozenset(done), progress or (lambda _rows: None))
        manifest = _manifest(job, described, place)
        complete_output(place, manifest)
    return Result(place.final, manifest, job.located, made=True, resumed_shards=len(done))


def _make_shards(
    job: ConversionJob, place: OutputFolder, done: frozenset[int], progress: Progress
) -> None:
    """Make and commit the shards that are not ``done``, in this process or in several."""
    workers = job.request.workers
    if workers == 1:
        _work(job, place, done, None, progress)
        return
    taken = claims_folder(place)
    # Each worker resolves the request itself: a question converter may not be picklable. Files that
    # were found and proven are not searched and proven again.
    found = job.request
    if job.located.kind == "published":
        found = replace(found, raw=job.located.files)
    others = [
        partial(_work_alone, _at_turn(found, (k, workers)), done, taken) for k in range(1, workers)
    ]
    report = partial(_report, place, progress)
    with beside(others, report) as report_at_times:
        _work(job, place, done, taken, lambda _rows: report_at_times())


def _report(place: OutputFolder, progress: Progress) -> None:
    """Report the number of rows that all workers together have committed."""
    progress(sum(receipt["counts"]["rows/read"] for receipt in receipts(place).values()))


def _work_alone(request: Request, done: frozenset[int], taken: Path) -> None:
    job = resolve(request)
    _work(job, job.place(), done, taken, lambda _rows: None)


def _at_turn(request: Request, turn: tuple[int, int]) -> Request:
    """The request of one of several workers, with its GPU or its share of the cores."""
    return replace(request, options=replace(request.options, turn=turn))


def _work(
    job: ConversionJob,
    place: OutputFolder,
    done: frozenset[int],
    taken: Path | None,
    progress: Progress,
) -> None:
    """Make the shards of the job's share that no other worker has ``taken``, in order."""
    size, limit = job.request.shard_rows, job.request.limit
    share, shares = job.request.share

    @cache
    def mine(shard: int) -> bool:
        in_share = shard % shares == share and shard not in done
        return in_share and (limit is None or shard * size < limit) and claim_shard(taken, shard)

    def wanted(number: int) -> bool:
        return mine(number // size) and (limit is None or number < limit)

    everything = taken is None and shares == 1 and not done and limit is None
    order = job.profile.own.order if job.request.to == "tsv" else None
    rows = typed_rows(
        job.adapter,
        job.split,
        job.located.files,
        None if everything or order else wanted,
        as_paired=job.profile.own.as_paired,
    )
    if order is not None:
        rows = (row for row in _in_order(rows, order) if wanted(row.number))
    if job.request.subject is not None:
        rows = (_if_of_subject(row, job.request.subject) for row in rows)
    rejected = len(_rejects(receipts(place).values()))
    with _without_cycle_search():
        for first in rows:
            # ``wanted`` accepts whole shards (or the first ``limit`` rows): no row is left out.
            number, left = first.number // size, size - first.number % size
            shard = islice(chain([first], rows), left)
            receipt = _shard(job, place, number, shard, rejected, progress)
            rejected += len(receipt["rejects"])
            commit(place, number, receipt)


def _in_order(
    rows: Iterator[NumberedRow], order: Callable[[int], list[int]]
) -> Iterator[NumberedRow]:
    """The rows in the order of the published file, numbered by it."""
    read = list(rows)
    for place, number in enumerate(order(len(read)) or range(len(read))):
        yield read[number]._replace(number=place)


def _if_of_subject(numbered: NumberedRow, subject: str) -> NumberedRow:
    """The row itself, or skipped if it is of another subject."""
    other = isinstance(numbered.row, Row) and getattr(numbered.row, "subject", None) != subject
    return numbered._replace(row=Skipped(OTHER_SUBJECT)) if other else numbered


@contextmanager
def _without_cycle_search() -> Iterator[None]:
    """Converting makes millions of objects and no cycles; searching them took 40 % of the time."""
    was_on = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if was_on:
            gc.enable()


def _shard(
    job: ConversionJob,
    place: OutputFolder,
    number: int,
    rows: Iterator[NumberedRow],
    before: int,
    progress: Progress,
) -> ShardReceipt:
    """Write one shard, after ``before`` rejects; its counts, its rejects, its file's digest."""
    counts: Counter[str] = Counter()
    rejects: list[dict[str, Any]] = []
    hashes = bytearray()
    form = FORMATS[job.request.to]
    path = place.staging / f"data-{number:05}.{form.suffix}"
    with atomic_file(path) as file:
        writer = form.writer(file, job.records, job.facts())
        while (chunk := converted_rows(job, islice(rows, CHUNK_ROWS))).counts["rows/read"]:
            if number and not counts and job.request.to == "tsv":
                _refuse_to_cut(job, chunk)
            counts.update(chunk.counts)
            rejects.extend(chunk.rejects)
            hashes += asked_by(chunk.converted, chunk.irregular, job.profile).tobytes()
            if before + len(rejects) > job.request.max_rejects:
                raise too_many(
                    [*_rejects(receipts(place).values()), *rejects], job, place.work / REJECTS
                )
            counts.update(writer.write(as_rows(chunk.converted, job.records, job.profile)))
            progress(number * job.request.shard_rows + counts["rows/read"])
        writer.close()
    with atomic_file(hashes_file(place, number)) as file:
        file.write(hashes)
    return {"counts": counts, "rejects": rejects, "file": _listed(path)}


def _refuse_to_cut(job: ConversionJob, chunk: Chunk) -> None:
    """UsageError if a shard's first answer is added to one in the shard before, in a TSV."""
    for first in chunk.converted[:1]:
        said = getattr(first.example, "published", None)
        if said is not None and said.appended and job.profile.own.template:
            raise UsageError(
                f"{job.adapter.name}/{job.split}: row {first.row}: profile {job.profile.name} adds "
                "its answer to that of the row before, which is in another shard; pass a greater "
                "--shard-rows"
            )


def converted_rows(job: ConversionJob, rows: Iterable[NumberedRow]) -> Chunk:
    """Convert the rows by the recipe; the error of a wrong adapter names the row's line."""
    try:
        return _converted(job, rows)
    except RowError as error:
        if not isinstance(error.raw, dict):
            raise
        line = _line(job, error.row, error.raw)
        where = error.dataset, error.split, error.row, error.field, error.reason, line
        raise RowError(*where) from error.__cause__


def _converted(job: ConversionJob, rows: Iterable[NumberedRow]) -> Chunk:
    if job.request.recipe == "clean" or not is_upstreams(job.adapter.name):
        least = job.request.min_confidence
        return convert_chunk(job.adapter, job.split, rows, job.profile, job.converter, least)
    records = convert_chunk(job.adapter, job.split, rows, job.profile, None)
    return as_upstream(records, job.adapter.name, job.profile, job.converter)


def _rejects(made: Iterable[ShardReceipt]) -> list[dict[str, Any]]:
    """The rejects of committed shards, in order."""
    return [line for receipt in made for line in receipt["rejects"]]


def _manifest(job: ConversionJob, described: dict[str, Any], place: OutputFolder) -> dict[str, Any]:
    """The job, the counts and every file's digest; writes the rejects and the dataset card."""
    made = all_receipts(place, job.request.share)
    counts: Counter[str] = Counter()
    for receipt in made:
        counts.update(receipt["counts"])
    lines = _rejects(made)
    if len(lines) > job.request.max_rejects:  # each of several workers may have had fewer
        raise too_many(lines, job, place.work / REJECTS)
    if not counts["rows/read"] and described["share"][1] == 1:
        raise SourceError(f"{described['dataset']}/{described['split']}: its files hold no rows")
    for why, what in ((OTHER_SPLIT, "split"), (OTHER_SUBJECT, "subject")):
        if counts["rows/read"] and counts["rows/read"] == counts[f"rows/skipped/{why}"]:
            raise SourceError(
                f"{described['dataset']}/{described['split']}: every row is {why}; give the files "
                f"that have its {what}"
            )
    counted = tree(counts)
    labelled = job.adapter.source.splits[job.split].labelled
    if not job.request.unlabelled:
        _refuse_unlabelled(job, counted["examples"], labelled=labelled)
    rejects = place.staging / REJECTS
    write_rejects(rejects, lines)
    with atomic_file(place.row_hashes) as file:
        for number in receipts(place):
            file.write(hashes_file(place, number).read_bytes())
    others = other_splits(place, described["split"], described["sample"])
    manifest = {
        **described,
        "counts": counted,
        "repeated": count_repeated(place.row_hashes, others),
        "row_hashes": sha256_of(place.row_hashes),
        "labelled": labelled,
        "split_size": _size(job, counted),
        **({"told": list(job.located.told)} if job.request.from_file is not None else {}),
        "files": [*(receipt["file"] for receipt in made), _listed(rejects)],
    }
    if FORMATS[job.request.to].dataset_card:
        text = card(job.adapter, manifest, arrow_schema(job.records, job.facts()))
        with atomic_file(place.staging / CARD) as file:
            file.write(text.encode("utf-8", "backslashreplace"))
        manifest["files"].append(_listed(place.staging / CARD))
    return {**manifest, "digest": manifest_digest(manifest)}


def _refuse_unlabelled(job: ConversionJob, examples: dict[str, int], *, labelled: bool) -> None:
    """SourceError if no row of a file has a label, but the split has them, or if rows seem to have
    their label under another name.

    The shards are kept: the same command with --unlabelled goes on from them.
    """
    if not examples["unlabelled"]:
        return
    nowhere = labelled and not examples["labelled"]
    for file in match_files(job.adapter, job.split, job.located.files):
        missing = missing_label(job.adapter, job.split, file, whole=labelled and not nowhere)
        if missing and (missing.golds or nowhere or (labelled and missing.every)):
            break
    else:
        return
    which = f"{job.adapter.name}/{job.split}"
    give = f"give the labels under the name that `uqa show {job.adapter.name}` prints"
    if job.request.from_file is not None:
        give = "name the column that has the labels with --gold"
    if nowhere or missing.every:
        told = f"none of the rows has a label{f', but {which} has labels' if labelled else ''}"
    else:
        told = f"row {missing.row} and others have no label"
    fields = f"the field {' and '.join(missing.empty)}" if missing.empty else "a field of labels"
    seen = ", ".join((missing.golds or missing.unread)[:8])
    raise SourceError(
        f"{which}: {file.path}: {told}; no value in {fields}"
        f"{f' (fields that are not read: {seen})' if seen else ''}; {give}, or pass --unlabelled "
        "if these rows are meant to have none"
    )


def _size(job: ConversionJob, counted: dict[str, Any]) -> SplitSize | None:
    """None for the embedded sample and a user's own file, whose rows are no part of a split."""
    if job.located.kind == "sample" or job.request.from_file is not None:
        return None
    if job.request.subject is not None:  # nobody has counted a subject's rows
        return split_size(counted["rows"], None, job.request.limit, job.request.share)
    known = job.adapter.source.splits[job.split].rows
    examples = example_count(counted["examples"])
    return split_size(counted["rows"], known, job.request.limit, job.request.share, examples)


def _listed(path: Path) -> dict[str, Any]:
    return {"path": path.name, "bytes": path.stat().st_size, "sha256": sha256_of(path)}
