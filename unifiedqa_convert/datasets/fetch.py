"""`uqa fetch`: what a download will take, then the download, and a folder to carry elsewhere."""

import shutil
import time
from collections import Counter
from collections.abc import Generator, Sequence
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from threading import Event, Thread
from typing import Literal, NamedTuple, Protocol

from unifiedqa_convert.datasets import origins
from unifiedqa_convert.datasets.lock import Entry, Lock, LockedFile
from unifiedqa_convert.datasets.proof import prove
from unifiedqa_convert.errors import OutputError, UnreachableError, UqaError
from unifiedqa_convert.flags import LOCK
from unifiedqa_convert.hub import Pin
from unifiedqa_convert.schema import Adapter, PinnedFile
from unifiedqa_convert.storage import atomic_file, free_bytes, sha256_of
from unifiedqa_convert.transfers import HubDown, cache_places, reported

AT_ONCE = 4
"""Splits that are downloaded at the same time: more would annoy the hosts, not be faster."""
GRACE = 1.0
"""Seconds that stopped downloads get to end by themselves."""
BY_HAND = "by hand"


@dataclass(frozen=True)
class Wish:
    """A split that was asked for."""

    adapter: Adapter
    split: str

    def __str__(self) -> str:
        return f"{self.adapter.name}/{self.split}"


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
    pins: frozenset[Pin] = frozenset()
    """Its files, as far as they are known."""


class Plan(NamedTuple):
    """What a download will take."""

    splits: list[Planned]
    bytes: int
    """Still to come, as far as sizes are known; a file of several splits counts once."""
    unknown: int
    """Splits still to come of which a size is not known."""
    free: int
    """Free disk space where the files go."""

    def refuse_full_disk(self, copied_to: Path | None) -> None:
        """OutputError if the disk of the cache, or of the folder of copies, has too little room."""
        needed = dict.fromkeys(cache_places(), self.bytes)
        if copied_to is not None:
            pins = frozenset[Pin]().union(*(it.pins for it in self.splits))
            missing = [pin for pin in pins if not origins.carried_place(copied_to, pin).is_file()]
            needed[copied_to] = sum(pin.file.bytes or 0 for pin in missing)
        for place, size in needed.items():
            if size > free_bytes(place):
                raise OutputError(
                    f"{size:,} bytes are to come, but {free_bytes(place):,} are free for {place}: "
                    "free disk space, or set HF_HOME and UQA_CACHE to folders on another disk"
                )


class Watcher(Protocol):
    """Is told of downloads, from several threads."""

    def begun(self, wish: Wish, size: int | None, there: int) -> None:
        """A file begins, of which an earlier run left so many bytes."""

    def arrived(self, wish: Wish, number: int) -> None:
        """So many bytes arrived; a negative number: so many were discarded."""


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


def plan(wishes: Sequence[Wish], lock: Lock) -> Plan:
    """What the splits will take; no network."""
    splits = [_planned(wish.adapter, wish.split, lock) for wish in wishes]
    pins = frozenset[Pin]().union(*(it.pins for it in splits))
    to_come = [it for it in splits if not it.here and it.source != BY_HAND]
    return Plan(
        splits,
        sum(pin.file.bytes or 0 for pin in pins if not origins.cached(pin)),
        sum(it.bytes is None for it in to_come),
        min(map(free_bytes, cache_places())),
    )


def _planned(adapter: Adapter, split: str, lock: Lock) -> Planned:
    best = adapter.source.having(split)[:1]
    if not best:
        why = origins.by_hand(adapter)
        return Planned(adapter.name, split, BY_HAND, "-", None, None, here=False, why=why)
    proof = best[0].strength(split)
    try:
        origin = origins.known_origin(adapter, split, lock)
    except UqaError as error:  # of the lock: the others can be fetched all the same
        where = f"{best[0].host} {best[0].name}"
        return Planned(adapter.name, split, where, proof, None, None, here=False, why=str(error))
    if origin is None:
        at = f"@{best[0].commit[:8]}" if best[0].commit else ""
        known = best[0].files.get(split, ())
        where, number = f"{best[0].host} {best[0].name}{at}", len(known) or None
        return Planned(adapter.name, split, where, proof, number, _size(known), here=False)
    number, size = len(origin.files), _size(origin.files)
    here, pins = all(map(origins.cached, origin.pins())), frozenset(origin.pins())
    return Planned(*(adapter.name, split, str(origin), proof, number, size), here=here, pins=pins)


def _size(files: Sequence[PinnedFile]) -> int | None:
    """The files' bytes; None if that of one is not known."""
    sizes = [file.bytes for file in files if file.bytes is not None]
    return sum(sizes) if files and len(sizes) == len(files) else None


def fetch(wishes: Sequence[Wish], lock: Lock, watcher: Watcher) -> Generator[Outcome]:
    """Fetch the splits, a few at a time; yield each outcome as it ends.

    A UqaError ends its split only. Closing the iterator stops the downloads; those that wait for
    their host are left to themselves after ``GRACE`` seconds. What has arrived is kept, as after a
    kill, and the next call resumes there.
    """
    todo: SimpleQueue[Wish] = SimpleQueue()
    done: SimpleQueue[Outcome | BaseException] = SimpleQueue()
    stopped = Event()
    silent: Counter[str] = Counter()
    for wish in wishes:
        todo.put(wish)

    def work() -> None:
        while not stopped.is_set():
            try:
                done.put(_fetched(todo.get_nowait(), lock, watcher, stopped, silent))
            except Empty:
                return
            except BaseException as error:  # noqa: BLE001  # a bug, for the caller to see
                done.put(error)

    # Daemons: an executor's threads would be waited for at the end, however long their host is
    # silent.
    threads = [Thread(target=work, daemon=True) for _ in range(min(AT_ONCE, len(wishes)))]
    for thread in threads:
        thread.start()
    try:
        for _ in wishes:
            ended = done.get()
            if isinstance(ended, BaseException):
                raise ended
            yield ended
    finally:
        stopped.set()
        until = time.monotonic() + GRACE
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))


def _fetched(
    wish: Wish, lock: Lock, watcher: Watcher, stopped: Event, silent: Counter[str]
) -> Outcome:
    """``silent`` counts, by host, how often in a row it did not answer."""
    name, split, resumed, begun = wish.adapter.name, wish.split, 0, False
    host = wish.adapter.source.having(split)[0].host
    if silent[host] >= AT_ONCE and not _planned(wish.adapter, split, lock).here:
        why = f"not asked: {host} did not answer for {silent[host]} other splits; try again later"
        return Outcome(name, split, "failed", why=why, exit_code=HubDown.exit_code)

    def begin(size: int | None, there: int) -> None:
        nonlocal begun, resumed
        begun, resumed = True, resumed + there
        watcher.begun(wish, size, there)

    def note(number: int) -> None:
        if stopped.is_set():
            raise UnreachableError("stopped")  # ends the download in this thread
        watcher.arrived(wish, number)

    try:
        with reported(note, begin):
            found = origins.obtain(wish.adapter, split, lock)
    except UqaError as error:
        silent[host] += isinstance(error, HubDown)
        return Outcome(name, split, "failed", why=str(error), exit_code=error.exit_code)
    silent[host] = 0
    size = sum(path.stat().st_size for path in found.files)
    what: Literal["fetched", "here already"] = "fetched" if begun else "here already"
    told = (f"resumed after {resumed:,} bytes of a stopped run",) if resumed else ()
    return Outcome(name, split, what, found.files, size, (*told, *found.told))


def carry(wishes: Sequence[Wish], lock: Lock, folder: Path) -> None:
    """Copy the splits' files, which were fetched, to FOLDER, and record them in FOLDER/uqa.lock.

    ``--data-dir FOLDER`` reads and proves them by it. A file of several splits is copied once.
    """
    own = Lock(folder / LOCK)
    for wish in wishes:
        found = origins.obtain(wish.adapter, wish.split, lock)
        origin, files = found.origin, []
        for pin, path in zip(origin.pins(), found.files, strict=True):
            _copy(path, origins.carried_place(folder, pin))
            size = path.stat().st_size
            files.append(LockedFile(path=pin.file.path, bytes=size, sha256=sha256_of(path)))
        entry = lock.entry(wish.adapter.name, wish.split)
        if entry is None or origins.locked_origin(wish.adapter, entry, lock.path) != origin:
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
        before = own.entry(wish.adapter.name, wish.split)
        if before != entry:
            own.record(wish.adapter.name, wish.split, entry, before=before)


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
