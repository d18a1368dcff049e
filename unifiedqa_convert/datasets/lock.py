"""``uqa.lock``: for each split that no shipped pin proves, exactly what was taken the first time.

A JSON document, written whole. Commit it beside a paper's code: whoever has it gets the same rows.
"""

from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, StringConstraints, ValidationError

from unifiedqa_convert.errors import OutputError, SourceError
from unifiedqa_convert.schema import PinnedFile
from unifiedqa_convert.storage import write_json

VERSION = 1
Sha256 = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{64}$")]
Commit = Annotated[str, StringConstraints(pattern=r"^[0-9a-f]{40}$")]
# Becomes a path in the cache: no part of it may be "..", nor may it begin at the root.
SafePath = Annotated[
    str, StringConstraints(pattern=r"^[^/\\\x00-\x1f][^\\\x00-\x1f]*$", max_length=500)
]


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
    repository: Annotated[str, StringConstraints(pattern=r"^[\w.-]+/[\w.-]+$")]
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

    def record(self, dataset: str, split: str, entry: Entry) -> None:
        """Add or replace the entry of a split; other processes may write at the same time."""
        from filelock import FileLock

        try:
            self.path.parent.mkdir(parents=True, exist_ok=True)
            with FileLock(self.path.with_name(f".{self.path.name}.lock")):
                entries = self._read()
                entries.setdefault(dataset, {})[split] = entry
                write_json(self.path, _as_document(entries))
        except OSError as error:
            named = error.strerror or error
            raise OutputError(
                f"{self.path} can't be written ({named}): name another file with --lock FILE"
            ) from error

    def _read(self) -> dict[str, dict[str, Entry]]:
        try:
            text = self.path.read_bytes()
        except FileNotFoundError:
            return {}
        except OSError as error:
            raise SourceError(f"{self.path}: {error.strerror or error}") from error
        try:
            document = _Document.model_validate_json(text)
        except ValidationError as error:
            first = error.errors(include_url=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise SourceError(
                f"{self.path}: not a lock file of this version: {place}: {first['msg']} (found "
                f"{str(first['input'])[:80]!r}); correct it, or remove that entry"
            ) from None
        for splits in document.datasets.values():
            for entry in splits.values():
                _refuse_unsafe(self.path, entry)
        return document.datasets


def _refuse_unsafe(path: Path, entry: Entry) -> None:
    for file in entry.files:
        if ".." in file.path.split("/"):
            raise SourceError(f"{path}: {file.path!r} is not a path inside a repository")


def _as_document(entries: dict[str, dict[str, Entry]]) -> dict[str, Any]:
    return {
        "uqa_lock": VERSION,
        "datasets": {
            dataset: {split: entry.model_dump() for split, entry in splits.items()}
            for dataset, splits in entries.items()
        },
    }
