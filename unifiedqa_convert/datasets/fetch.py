"""`uqa fetch`: what a download will take, then the download, and a folder to carry elsewhere."""

import shutil
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor, as_completed
from contextvars import copy_context
from dataclasses import dataclass
from pathlib import Path
from threading import Event
from typing import Literal, NamedTuple

from unifiedqa_convert.datasets import origins
from unifiedqa_convert.datasets.lock import Entry, Lock, LockedFile
from unifiedqa_convert.datasets.proof import prove
from unifiedqa_convert.errors import OutputError, UnreachableError, UqaError
from unifiedqa_convert.flags import LOCK
from unifiedqa_convert.hub import reported
from unifiedqa_convert.schema import Adapter
from unifiedqa_convert.storage import atomic_file, free_bytes, sha256_of

AT_ONCE = 4
"""Splits that are downloaded at the same time: more would annoy the hosts, not be faster."""


class Planned(NamedTuple):
    """One split to fetch, as far as it is known without asking a host."""

    dataset: str
    split: str
    source: str
    """The repository and commit, or ``by hand``."""
    proof: str
    files: int | None
    """None: to be looked up."""
    bytes: int | None
    """None: a file's size is not known before the host is asked."""
    here: bool
    """True if all its files are on this machine already."""
    why: str = ""
    """What to do instead, if it can't be fetched."""


class Outcome(NamedTuple):
    """What came of one split."""

    dataset: str
    split: str
    outcome: Literal["fetched", "here already", "failed"]
    files: tuple[Path, ...] = ()
    bytes: int = 0
    told: tuple[str, ...] = ()
    why: str = ""
    exit_code: int = 0


@dataclass(frozen=True)
class Wish:
    """A split that was asked for."""

    adapter: Adapter
    split: str


def plan(wishes: Sequence[Wish], lock: Lock) -> list[Planned]:
    """What each split will take; no network."""
    return [_planned(wish.adapter, wish.split, lock) for wish in wishes]


def _planned(adapter: Adapter, split: str, lock: Lock) -> Planned:
    best = adapter.source.having(split)[:1]
    if not best:
        why = origins.by_hand(adapter)
        return Planned(adapter.name, split, "by hand", "-", None, None, here=False, why=why)
    origin = origins.known_origin(adapter, split, lock)
    proof = best[0].strength(split)
    if origin is None:
        at = f"@{best[0].commit[:8]}" if best[0].commit else ""
        known = best[0].files.get(split)
        source, number = f"{best[0].host} {best[0].name}{at}", len(known) if known else None
        return Planned(adapter.name, split, source, proof, number, None, here=False)
    sizes = [file.bytes for file in origin.files]
    size = None if None in sizes else sum(size for size in sizes if size)
    here = all(origins.cached(pin) for pin in origin.pins())
    return Planned(adapter.name, split, str(origin), proof, len(sizes), size, here=here)


def fetch(
    wishes: Sequence[Wish], lock: Lock, report: Callable[[Wish, int], None]
) -> Iterator[Outcome]:
    """Fetch the splits, a few at a time; yield each outcome as it ends.

    ``report`` is called, from several threads, with each number of bytes that arrived. A UqaError
    ends its split only. A killed run resumes where it was.
    """
    stopped = Event()
    with ThreadPoolExecutor(AT_ONCE) as pool:
        # A context of its own for each, for the variables that the downloads' functions read.
        jobs = [
            pool.submit(copy_context().run, _fetched, wish, lock, report, stopped)
            for wish in wishes
        ]
        try:
            for job in as_completed(jobs):
                yield job.result()
        except BaseException:
            stopped.set()
            pool.shutdown(cancel_futures=True)
            raise


def _fetched(
    wish: Wish, lock: Lock, report: Callable[[Wish, int], None], stopped: Event
) -> Outcome:
    name, split, arrived = wish.adapter.name, wish.split, [0]

    def note(number: int) -> None:
        if stopped.is_set():
            raise UnreachableError("stopped")  # ends the download in this thread
        arrived[0] += number
        report(wish, number)

    try:
        with reported(note):
            found = origins.obtain(wish.adapter, split, lock)
    except UqaError as error:
        return Outcome(name, split, "failed", why=str(error), exit_code=error.exit_code)
    size = sum(path.stat().st_size for path in found.files)
    what: Literal["fetched", "here already"] = "fetched" if arrived[0] else "here already"
    return Outcome(name, split, what, found.files, size, found.told)


def carry(wishes: Sequence[Wish], lock: Lock, folder: Path) -> None:
    """Copy the splits' files, which were fetched, to FOLDER/<dataset>/<path in the repository>.

    ``FOLDER/uqa.lock`` tells their digests: ``--data-dir FOLDER`` reads and proves them by it.
    """
    own = Lock(folder / LOCK)
    for wish in wishes:
        found = origins.obtain(wish.adapter, wish.split, lock)
        origin, files = found.origin, []
        for pinned, path in zip(origin.files, found.files, strict=True):
            _copy(path, folder / wish.adapter.name / pinned.path)
            size = path.stat().st_size
            files.append(LockedFile(path=pinned.path, bytes=size, sha256=sha256_of(path)))
        proof = prove(wish.adapter, wish.split, found.files)
        entry = Entry(
            host=origin.host,
            repository=origin.repository,
            commit=origin.commit,
            files=files,
            rows=proof.rows,
            digest=proof.digest,
            adapter=wish.adapter.version,
        )
        name, split = wish.adapter.name, wish.split
        own.record(name, split, entry, before=own.entry(name, split))


def _copy(path: Path, target: Path) -> None:
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        if target.is_file() and sha256_of(target) == sha256_of(path):
            return
        with path.open("rb") as source, atomic_file(target) as file:
            shutil.copyfileobj(source, file, 2**20)
    except OSError as error:
        why = f"{error.strerror or error}; {free_bytes(target.parent):,} bytes are free"
        raise OutputError(f"{target} can't be written: {why}") from error
