"""``uqa.lock``: for each split that no shipped pin proves, exactly what was taken the first time.

A JSON document, written whole. Commit it beside a paper's code: whoever has it gets the same rows.
"""

import json
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    StringConstraints,
    ValidationError,
)

from unifiedqa_convert.errors import OutputError, SourceError
from unifiedqa_convert.schema import PinnedFile
from unifiedqa_convert.storage import write_json

VERSION = 1
PATIENCE = 30
"""Seconds to wait for another process that writes the same lock, which takes milliseconds."""
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
LARGEST = 2**23
"""Bytes of a lock file; all datasets need a fiftieth."""


def is_safe(path: str) -> bool:
    """True if it may become a path in the cache: inside its folder, and with names of files."""
    parts = path.split("/")
    return (
        path.isprintable()
        and "\\" not in path
        and all(part not in ("", ".", "..") and len(part.encode()) <= LONGEST for part in parts)
        and len(path) <= 500
    )


def _safe(path: str) -> str:
    if not is_safe(path):
        raise ValueError("it is not a path inside a repository")
    return path


SafePath = Annotated[str, AfterValidator(_safe)]
LONGEST = 200
"""Bytes of a file's name in the cache, which gets an ending while it is downloaded."""


class _Strict(BaseModel):
    model_config = ConfigDict(frozen=True, strict=True, extra="forbid")


class LockedFile(_Strict):
    """One file, by its path in the repository."""

    path: SafePath
    bytes: Annotated[int, Field(ge=0)]
    sha256: Sha256


class Entry(_Strict):
    """What was taken for one split."""

    host: Literal["hub", "github"]
    repository: Annotated[SafePath, StringConstraints(pattern=r"^[\w.-]+/[\w.-]+$")]
    commit: Commit
    branch: str | None = None
    """The branch that had this commit when it was looked up; None: the commit was pinned."""
    files: Annotated[list[LockedFile], Field(min_length=1)]
    rows: Annotated[int, Field(ge=1)]
    digest: Sha256
    """That of ``datasets/proof.py``."""
    adapter: Annotated[int, Field(ge=1)]
    """The version of the adapter that gave this digest."""

    def pinned(self) -> tuple[PinnedFile, ...]:
        """Its files, as an adapter would pin them."""
        return tuple(PinnedFile(file.path, file.bytes, file.sha256) for file in self.files)


class _Document(_Strict):
    uqa_lock: Literal[1]
    datasets: dict[str, dict[str, Entry]]


class Lock:
    """A lock file, which may not exist yet."""

    def __init__(self, path: Path, *, only: bool = False) -> None:
        self.path = path
        self.only = only
        """True under ``--locked``: what it does not have is refused."""

    def entry(self, dataset: str, split: str) -> Entry | None:
        """What it has for a split. SourceError, with the field, if it can't be read."""
        return self._read().get(dataset, {}).get(split)

    def entries(self) -> dict[str, dict[str, Entry]]:
        """Everything, by dataset and split."""
        return self._read()

    def record(self, dataset: str, split: str, entry: Entry | None, before: Entry | None) -> None:
        """Replace the entry ``before`` of a split; None: there is none. Other processes may write
        at the same time.

        SourceError if another one has recorded something else meanwhile.
        """
        from filelock import FileLock, Timeout

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_name(f".{self.path.name}.lock"), timeout=PATIENCE):
                entries = self._read()
                now = entries.setdefault(dataset, {}).pop(split, None)
                if now is not None and now not in (before, entry):
                    found = entry.commit if entry else "a pin"
                    raise SourceError(
                        f"{self.path}: another process has recorded {dataset}/{split} at commit "
                        f"{now.commit} meanwhile, this one found {found}; run the command "
                        "again, which takes what is recorded"
                    )
                if entry is not None:
                    entries[dataset][split] = entry
                write_json(self.path, _as_document(entries))
        except Timeout as error:
            raise OutputError(
                f"{self.path} is locked by another process for {PATIENCE} s: stop that, or name "
                "another file with --lock FILE"
            ) from error
        except OSError as error:
            named = error.strerror or error
            raise OutputError(
                f"{self.path} can't be written ({named}): name another file with --lock FILE"
            ) from error

    def _read(self) -> dict[str, dict[str, Entry]]:
        try:
            if self.path.exists() and not self.path.is_file():  # a pipe would never end
                raise SourceError(f"{self.path} is no file: name another with --lock FILE")
            with self.path.open("rb") as file:
                text = file.read(LARGEST + 1)
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise SourceError(f"{self.path}: {error.strerror or error}") from error
        if len(text) > LARGEST:
            raise SourceError(f"{self.path}: larger than {LARGEST:,} bytes, so it is no lock file")
        try:
            document = _Document.model_validate_json(text)
            json.loads(text, object_pairs_hook=_once)
        except KeyError as error:
            raise SourceError(
                f"{self.path}: {error.args[0]!r} stands twice; remove one of the two"
            ) from None
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            if not first["loc"]:
                raise SourceError(
                    f"{self.path}: not a lock file: {first['msg']}; correct it (did git leave a "
                    "merge conflict in it?), or restore an older one"
                ) from None
            place = ".".join(map(str, first["loc"]))
            raise SourceError(
                f"{self.path}: not a lock file of this version: {place}: {first['msg']} (found "
                f"{str(first['input'])[:80]!r}); correct it, or remove that entry"
            ) from None
        return document.datasets


def _once(pairs: list[tuple[str, Any]]) -> None:
    """KeyError for a name that stands twice: of two entries, which git may have merged, one would
    be taken without a word."""
    seen: set[str] = set()
    for name, _ in pairs:
        if name in seen:
            raise KeyError(name)
        seen.add(name)


def _as_document(entries: dict[str, dict[str, Entry]]) -> dict[str, Any]:
    return {
        "uqa_lock": VERSION,
        "datasets": {
            dataset: {split: entry.model_dump() for split, entry in splits.items()}
            for dataset, splits in entries.items()
            if splits
        },
    }
