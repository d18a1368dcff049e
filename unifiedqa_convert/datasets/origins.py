"""From which repository a split's files come, at which commit, and the files themselves, proven.

A pin that the adapter ships wins if it has hashes; else the lock's entry is taken, exactly; else
the files are looked up once, checked, and recorded in the lock.
"""

import shlex
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Literal, NamedTuple

from unifiedqa_convert import hub, transfers
from unifiedqa_convert.datasets import github
from unifiedqa_convert.datasets.listing import TAKEN, Wanted, files_of
from unifiedqa_convert.datasets.lock import Entry, Lock, LockedFile, is_safe
from unifiedqa_convert.datasets.proof import Proof, prove
from unifiedqa_convert.errors import SourceError, UnreachableError
from unifiedqa_convert.flags import LOCK
from unifiedqa_convert.hub import Pin, is_commit
from unifiedqa_convert.rows.companion_files import expected_names
from unifiedqa_convert.schema import Adapter, PinnedFile, Repository, Split
from unifiedqa_convert.storage import sha256_of
from unifiedqa_convert.transfers import Gone, Home, HubDown

CONVERTED = "refs/convert/parquet"
"""The branch into which the hub converts the rows of a repository with a loading script."""

MOST_LISTED = 100_000
"""Files whose names are compared with a split's, which takes 60 µs each."""


class Origin(NamedTuple):
    """The files of a split in a repository at a commit, and what they must hold, if it is known."""

    host: Literal["hub", "github"]
    repository: str
    commit: str
    files: tuple[PinnedFile, ...]
    rows: int | None = None
    digest: str | None = None
    lock: Path | None = None
    """The lock file that tells this; None: the adapter does."""

    def __str__(self) -> str:
        return f"{self.host} {self.repository}@{self.commit[:8]}"

    def pins(self) -> list[Pin]:
        """One pin for each of its files."""
        return [Pin(self.host, self.repository, self.commit, file) for file in self.files]


class Obtained(NamedTuple):
    """A split's files on this machine."""

    origin: Origin
    files: tuple[Path, ...]
    told: tuple[str, ...] = ()
    """What was taken, if it was looked up now; which repositories were tried in vain before."""
    proven: bool = False
    """True if the rows were read and checked just now, to be recorded."""


def shipped(adapter: Adapter, repository: Repository, split: str) -> Origin | None:
    """What the adapter pins with hashes; None if a lock must complete it."""
    if repository.commit is None or repository.strength(split) not in ("sha256", "git blob"):
        return None
    known = adapter.source.splits[split]
    where = repository.host, repository.name, repository.commit
    return Origin(*where, repository.files[split], digest=known.digest)


def locked_origin(adapter: Adapter, entry: Entry, lock: Path) -> Origin:
    """What an entry of a lock names; no digest if another version of the adapter gave it."""
    where = entry.host, entry.repository, entry.commit
    digest = entry.digest if entry.adapter == adapter.version else None
    return Origin(*where, entry.pinned(), entry.rows, digest, lock)


def known_origin(adapter: Adapter, split: str, lock: Lock) -> Origin | None:
    """What ``obtain`` would take first, without a look at the network; None if it must look."""
    for repository in _in_order(adapter, split, lock)[:1]:
        return _known(adapter, split, repository, lock)
    return None


def obtain(adapter: Adapter, split: str, lock: Lock) -> Obtained:
    """The split's files, from the cache or else fetched, with the bytes that are known of them.

    From the best proven repository that still has them. Raises UnreachableError if none can be
    reached, SourceError where something differs from what is pinned or locked.
    """
    repositories, failed = _in_order(adapter, split, lock), list[UnreachableError]()
    if not repositories:
        raise UnreachableError(f"{adapter.name}/{split}: no address is known for its files")
    for repository in repositories:
        # A host that is down for an hour is no reason to record another repository for ever.
        down = any(isinstance(error, HubDown) for error in failed)
        try:
            if down and _known(adapter, split, repository, lock) is None:
                continue
            found = _from(adapter, split, repository, lock)
        except (Gone, HubDown) as error:
            failed.append(error)
        else:
            return found._replace(told=(*map(str, failed), *found.told))
    kind = Gone if all(isinstance(error, Gone) for error in failed) else HubDown
    raise kind("; ".join(map(str, failed)))


def _in_order(adapter: Adapter, split: str, lock: Lock) -> list[Repository]:
    """The repositories to try: those with hashes, then what is locked; without an entry, all.

    What is locked is never replaced by another repository's files.
    """
    repositories = adapter.source.having(split)
    entry = lock.entry(adapter.name, split)
    if entry is None:
        return repositories
    proven = [it for it in repositories if shipped(adapter, it, split)]
    named = [it for it in repositories if (it.host, it.name) == (entry.host, entry.repository)]
    if not proven and not named:
        differs = contradiction(adapter, split, entry)
        raise SourceError(
            f"{lock.path}: {adapter.name}/{split} is locked to {differs}; {_renew(adapter, lock)}"
        )
    return [*proven, *(it for it in named if it not in proven)]


def _known(adapter: Adapter, split: str, repository: Repository, lock: Lock) -> Origin | None:
    """The pinned or locked files of the repository; None if they must be looked up.

    SourceError if the lock contradicts a pin, unless that pin proves the files by itself; under
    ``--locked``, always, and also if the lock has nothing.
    """
    pinned, entry = shipped(adapter, repository, split), lock.entry(adapter.name, split)
    differs = entry and _conflict(adapter, repository, split, entry)
    if differs and (lock.only or pinned is None):
        raise SourceError(
            f"{lock.path}: {adapter.name}/{split} is locked to {differs}; {_renew(adapter, lock)}"
        )
    if pinned is not None:
        return pinned
    if entry is not None:
        return locked_origin(adapter, entry, lock.path)
    if lock.only:
        raise SourceError(
            f"{lock.path} has no {adapter.name}/{split}: run the command once without --locked, "
            "and keep the file that it writes"
        )
    return None


def _renew(adapter: Adapter, lock: Lock) -> str:
    return f"renew the entry: uqa sources {adapter.name} --update --lock {lock.path}"


def contradiction(adapter: Adapter, split: str, entry: Entry) -> str | None:
    """How an entry contradicts the repository of its name: both values; None if it doesn't."""
    repositories = adapter.source.having(split)
    named = [it for it in repositories if (it.host, it.name) == (entry.host, entry.repository)]
    if not named:
        known = ", ".join(f"{it.host} {it.name}" for it in repositories) or "none"
        return f"{entry.host} {entry.repository}, but its repositories are {known}"
    return _conflict(adapter, named[0], split, entry)


def _conflict(adapter: Adapter, repository: Repository, split: str, entry: Entry) -> str | None:
    """How an entry contradicts what the adapter ships: both values; None if it doesn't."""
    if entry.adapter > adapter.version:
        return f"version {entry.adapter} of its adapter, but this is version {adapter.version}"
    if (entry.host, entry.repository) != (repository.host, repository.name):
        mine = f"{repository.host} {repository.name}"
        return f"{entry.host} {entry.repository}, but {mine} is pinned"
    if repository.commit not in (None, entry.commit):
        return f"commit {entry.commit}, but {repository.commit} is pinned"
    held = {file.path: file for file in entry.pinned()}
    for file in repository.files.get(split, ()):
        if file.path not in held:
            return f"{', '.join(held)}, but {file.path} is pinned"
        for fact in ("bytes", "sha256"):
            mine, theirs = getattr(file, fact), getattr(held[file.path], fact)
            if mine not in (None, theirs):
                return f"{file.path} with {fact} {theirs}, but {mine} is pinned"
    return None


def _from(adapter: Adapter, split: str, repository: Repository, lock: Lock) -> Obtained:
    origin = _known(adapter, split, repository, lock)
    if origin is not None:
        try:
            return Obtained(origin, fetched(adapter, origin))
        except Gone as error:
            if shipped(adapter, repository, split):
                raise
            raise SourceError(
                f"{lock.path}: {adapter.name}/{split} is locked to commit {origin.commit} of "
                f"{origin.host} {origin.repository}, which does not have these files any more"
                f"{_now_at(adapter, repository)} ({error}); {_renew(adapter, lock)}"
            ) from error
    origin, branch = looked_up(adapter, split, repository)
    return _recorded(adapter, split, examined(adapter, split, origin, branch), lock)


def _now_at(adapter: Adapter, repository: Repository) -> str:
    """Where the repository's own branch is, as a part of a sentence; empty if it isn't told."""
    branch = replace(repository, commit=None)
    try:
        commit, _ = files_at(branch, None, home_of(adapter, repository))
    except SourceError:
        return ""
    return f"; its newest commit is {commit}"


class Examined(NamedTuple):
    """What was looked up, fetched and checked, to be recorded in a lock."""

    entry: Entry
    files: tuple[Path, ...]
    rejected: int


def examined(adapter: Adapter, split: str, origin: Origin, branch: str | None) -> Examined:
    """Fetch what was looked up, and check that it is the split; otherwise the files are removed."""
    before = {path for pin in origin.pins() if (path := cached(pin))}
    try:
        files = fetched(adapter, origin)
        proof = checked(adapter, split, files)
    except UnreachableError:
        raise  # what has arrived is resumed
    except SourceError as error:
        for path in {path for pin in origin.pins() if (path := cached(pin))} - before:
            forget(path)
        raise SourceError(f"{origin}: {error}; nothing was recorded") from error
    entry = Entry(
        host=origin.host,
        repository=origin.repository,
        commit=origin.commit,
        branch=branch,
        files=[
            LockedFile(path=it.path, bytes=path.stat().st_size, sha256=sha256_of(path))
            for it, path in zip(origin.files, files, strict=True)
        ],
        rows=proof.rows,
        digest=proof.digest,
        adapter=adapter.version,
    )
    return Examined(entry, files, proof.rejected)


def _recorded(adapter: Adapter, split: str, found: Examined, lock: Lock) -> Obtained:
    """Record in the lock what it does not have yet, and tell it."""
    entry, files, rejected = found
    lock.record(adapter.name, split, entry, before=None)
    origin, branch = locked_origin(adapter, entry, lock.path), entry.branch
    names, size = ", ".join(file.path for file in entry.files), sum(f.bytes for f in entry.files)
    some = f" ({rejected:,} of them rejected)" if rejected else ""
    told = (
        f"{adapter.name}/{split}: took {names} of {origin}{f' ({branch})' if branch else ''}, "
        f"{size:,} bytes, {entry.rows:,} rows{some}; recorded in {lock.path}"
    )
    return Obtained(origin, files, (told,), proven=True)


def checked(
    adapter: Adapter, split: str, files: Iterable[Path], origin: Origin | None = None
) -> Proof:
    """What the files hold. SourceError, with both values, if it is not what is known of them.

    Known is what the adapter states of the split, and what the lock has of ``origin``.
    """
    proof = prove(adapter, split, files)
    known: list[Origin | Split] = [adapter.source.splits[split]]
    if origin is not None:
        # A pin proves the bytes, whatever is stated of their rows; a lock can be edited.
        known = [origin] if origin.rows is None else [*known, origin]
    for it in known:
        lock = it.lock if isinstance(it, Origin) else None
        for what, found, expected in (
            ("rows", proof.rows, it.rows),
            ("digest", proof.digest, it.digest),
        ):
            if expected is not None and found != expected:
                raise SourceError(
                    f"{adapter.name}/{split}: the files have {what} {found}, but {expected} is "
                    f"known{f' by {lock}' if lock else ''}; if you trust them, give them with --raw"
                )
    return proof


def looked_up(adapter: Adapter, split: str, repository: Repository) -> tuple[Origin, str | None]:
    """The split's files by the repository's listing, and the branch; None: of the pinned commit."""
    home = home_of(adapter, repository)
    branches: tuple[str | None, ...] = (None,)
    if repository.host == "hub" and repository.commit is None:
        branches = (None, CONVERTED)
    seen: list[str] = []
    for branch in branches:
        try:
            commit, listed = files_at(repository, branch, home)
        except Gone:
            if branch is None:
                raise
            continue  # the hub has not converted it
        if not is_commit(commit):
            raise SourceError(f"{repository.host} {repository.name}: {commit!r} is not a commit")
        if files := _files(adapter, split, repository, listed):
            _refuse_listed(repository, split, commit, files)
            named = None if repository.commit else branch or "main"
            return Origin(repository.host, repository.name, commit, files), named
        seen += [file.path for file in listed]
    shown = ", ".join(seen[:8]) + (" …" if len(seen) > 8 else "")
    raise Gone(
        f"{repository.host} {repository.name}: no data file for {adapter.name}/{split} among its "
        f"files ({shown or 'none'}); {home.instead}"
    )


def _refuse_listed(
    repository: Repository, split: str, commit: str, files: tuple[PinnedFile, ...]
) -> None:
    """SourceError if a listed file has an unsafe path, or is not what is pinned of it."""
    where = f"{repository.host} {repository.name}@{commit[:8]}"
    pinned = {file.path: file for file in repository.files.get(split, ())}
    for file in files:
        if not is_safe(file.path):
            raise SourceError(f"{where}: {file.path[:80]!r} is not a path inside a repository")
        if found := differing(pinned.get(file.path, file), file):
            raise SourceError(f"{where} {file.path}: {found}; nothing was downloaded")


def differing(pinned: PinnedFile, listed: PinnedFile) -> str | None:
    """Which fact of a listed file is not the pinned one: both values; None if none differs."""
    for fact in ("bytes", "sha256", "git_blob"):
        then, now = getattr(pinned, fact), getattr(listed, fact)
        if None not in (then, now) and then != now:
            return f"{fact} {now} instead of {then}"
    return None


def files_at(
    repository: Repository, branch: str | None, home: Home
) -> tuple[str, list[PinnedFile]]:
    """The commit and all files of the repository, at its pinned commit or the branch's newest."""
    if repository.host == "github":
        commit = repository.commit or github.newest_commit(repository.name, home)
        return commit, github.files_at(repository.name, commit, home)
    info = hub.describe(repository.name, repository.commit or branch, home)
    if repository.commit not in (None, info.sha):
        raise SourceError(
            f"hub {repository.name}: commit {info.sha} is offered, but {repository.commit} is "
            "pinned; nothing was downloaded"
        )
    files = [
        PinnedFile(it.rfilename, it.size, it.lfs.sha256)
        if it.lfs
        else PinnedFile(it.rfilename, it.size, git_blob=it.blob_id)
        for it in info.siblings or ()
    ]
    return str(info.sha), files


def _files(
    adapter: Adapter, split: str, repository: Repository, listed: list[PinnedFile]
) -> tuple[PinnedFile, ...]:
    """The split's files in a listing: by the pinned paths, the authors' names, or its own name."""
    by_path = {file.path: file for file in listed}
    if pinned := repository.files.get(split):
        there = all(file.path in by_path for file in pinned)
        return tuple(by_path[file.path] for file in pinned) if there else ()
    if len(by_path) > MOST_LISTED:
        raise SourceError(
            f"{repository.host} {repository.name}: {len(by_path):,} files, more than the "
            f"{MOST_LISTED:,} among which a split is looked for; {by_hand(adapter)}"
        )
    known = adapter.source.splits[split]
    named = [path for path in by_path for name in known.names if f"/{path}".endswith(f"/{name}")]
    if len(named) == 1:
        beside = [shape.beside for shape in adapter.shapes if shape.beside]
        folder = Path(named[0]).parent
        others = [str(folder / n) for it in beside for n in expected_names(it, Path(named[0]))]
        paths = [named[0], *(path for path in dict.fromkeys(others) if path in by_path)]
    else:
        others = [repository.calls(name) for name in adapter.source.splits if name != split]
        wanted = Wanted(repository.calls(split), tuple(others), repository.config)
        paths = list(files_of(wanted, by_path))
    return tuple(by_path[path] for path in paths)


def carried(adapter: Adapter, split: str, folder: Path) -> tuple[Origin, tuple[Path, ...]] | None:
    """The split's files in a folder of `uqa fetch --to`; None if it doesn't have them.

    SourceError, with both values, if they are not what the folder's lock or a shipped pin says.
    """
    lock = Lock(folder / LOCK, only=True)
    entry = lock.entry(adapter.name, split) if lock.path.is_file() else None
    if entry and not (folder / entry.repository).is_dir():
        return None  # the lock of a folder in which `uqa convert` ran
    origin = known_origin(adapter, split, lock) if entry else None
    if entry is None or origin is None:
        return None
    again = (
        f"copy the folder again, or make it again: uqa fetch {adapter.name} --split {split} --to"
    )
    held, paths = {file.path: file for file in entry.pinned()}, []
    for pin in origin.pins():
        path, file = carried_place(folder, pin), pin.file
        if not path.is_file():
            raise SourceError(f"{path} is missing, but {lock.path} lists it; {again} {folder}")
        if found := github.difference(path, held[file.path]) or github.difference(path, file):
            raise SourceError(f"{path}: {found} by {lock.path}; {again} {folder}")
        paths.append(path)
    return origin, tuple(paths)


def carried_place(folder: Path, pin: Pin) -> Path:
    """Where a file lies in a folder to carry: another repository or commit has another file."""
    return folder / pin.repository / pin.commit / pin.file.path


def home_of(adapter: Adapter, repository: Repository) -> Home:
    """The repository's page, and what to do without it."""
    on_github = repository.host == "github"
    root = "https://github.com" if on_github else f"{hub.endpoint()}/datasets"
    return Home(f"{root}/{repository.name}", by_hand(adapter), "run `uqa sources --check`")


def by_hand(adapter: Adapter) -> str:
    """What to do for rows that can't be downloaded, as the end of an error's sentence."""
    source = adapter.source
    return source.ask or f"download the rows from {source.homepage} and give them with --raw"


def cached(pin: Pin) -> Path | None:
    """The file on this machine, unverified; no network."""
    return github.cached(pin) if pin.host == "github" else hub.cached(pin)


def fetched(adapter: Adapter, origin: Origin) -> tuple[Path, ...]:
    """The origin's files, from the cache or else downloaded; SourceError if the bytes differ."""
    here = Repository(host=origin.host, name=origin.repository)
    try:
        return tuple(fetch_proven(pin, home_of(adapter, here)) for pin in origin.pins())
    except UnreachableError:
        raise
    except SourceError as error:
        if origin.lock is None:
            raise
        raise SourceError(f"{origin.lock}: {error}") from error


def fetch_proven(pin: Pin, home: Home) -> Path:
    """One file, from the cache or else downloaded; SourceError if its bytes are not the pinned."""
    if not is_commit(pin.commit):
        raise SourceError(f"{pin}: {pin.commit!r} is not a commit, and a branch may move")
    if not pin.file.path.lower().endswith(TAKEN):
        raise SourceError(f"{pin}: {pin.file.path} is not a data file; nothing else is downloaded")
    try:
        path = cached(pin)
        fresh = path is None
        if path is None:
            get = github.fetch_file if pin.host == "github" else hub.fetch_file
            path = get(pin, home)
        found = _difference(path, pin)
    except OSError as error:
        raise transfers.storage(error) from error
    if found is None:
        return path
    if fresh:
        forget(path)
        raise SourceError(f"{pin} {pin.file.path}: {found}; the file was discarded")
    # Removing only the file would leave its blob, which huggingface_hub would link again.
    stored = next((up for up in path.parents if up.name.startswith("datasets--")), path)
    raise SourceError(f"{path}: {found}; remove it with: rm -r {shlex.quote(str(stored))}")


def _difference(path: Path, pin: Pin) -> str | None:
    """What is wrong with a file in the cache; None if nothing is."""
    if pin.commit not in path.parts:
        return f"a changed revision: not of the pinned commit {pin.commit}"
    if found := github.difference(path, pin.file):
        return found
    # huggingface_hub names a file's blob by the announced hash, but never verifies it.
    blob = path.readlink().name if path.is_symlink() else ""
    announced = PinnedFile(
        pin.file.path,
        sha256=blob if len(blob) == 64 else None,
        git_blob=blob if len(blob) == 40 else None,
    )
    found = github.difference(path, announced) if announced.sha256 or announced.git_blob else None
    return found and found.replace("is pinned", "was announced")


def forget(path: Path) -> None:
    """Remove a file from the cache, and the bytes that it links to."""
    stored = path.resolve()
    path.unlink(missing_ok=True)
    stored.unlink(missing_ok=True)
