"""A downloaded zip or tar: which plain files it holds, and some of them as files in the cache.

Only files that are asked for are written, once, to ``<cache>/unpacked/<sha256 of the archive>/``.
Members that are no plain files, or whose names lead elsewhere, do not exist for us.
"""

import re
import shutil
import stat
import tarfile
import zipfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path
from typing import IO, cast

from unifiedqa_convert.errors import SourceError
from unifiedqa_convert.rows.compression import (
    BROKEN,
    ZIP,
    broken,
    is_hidden,
    most_bytes,
    open_decompressed,
    open_member,
    open_zip,
    packed_as,
    too_many_bytes,
)
from unifiedqa_convert.storage import atomic_file, cache_folder, sha256_of

ENDINGS = (".zip", ".tar", ".tar.gz", ".tgz", ".tar.bz2")
MOST_MEMBERS = 200_000
LARGEST_HEADER = 2**18
"""Maximum bytes of what a tar says of a member, its name and attributes."""
_COPY = re.compile(r" ?\(\d+\)\Z")


def archive_name(path: Path) -> str | None:
    """The name without suffix and without the `` (1)`` of a second download; None if no archive."""
    for ending in ENDINGS:
        if path.name.lower().endswith(ending):
            return _COPY.sub("", path.name[: -len(ending)])
    return None


def is_plain(name: str) -> bool:
    """True if a relative path has only components that can be a file's name and lead nowhere."""
    parts = name.split("/")
    leads = "." in parts or ".." in parts or set(name) & set("\\:")
    return all(parts) and not is_hidden(name) and name.isprintable() and not leads


class Archive:
    """A zip or tar file. Raises SourceError, naming it, where it is broken or too large."""

    def __init__(self, path: Path) -> None:
        self.path, self.name = path, archive_name(path) or path.name

    def __str__(self) -> str:
        return str(self.path)

    @cached_property
    def paths(self) -> list[str]:
        """The names of its plain files, in order."""
        return list(self._members)

    def has(self, name: str) -> bool:
        """True if it holds that file."""
        return name in self._members

    @cached_property
    def _members(self) -> dict[str, zipfile.ZipInfo | tarfile.TarInfo | None]:
        """Name → member; None if the name occurs twice."""
        found: dict[str, zipfile.ZipInfo | tarfile.TarInfo | None] = {}
        for number, (name, member) in enumerate(self._listed(), start=1):
            if number > MOST_MEMBERS:
                raise SourceError(f"{self.path}: more than {MOST_MEMBERS} files; unpack it")
            if member is not None and is_plain(name):
                found[name] = None if name in found else member
        return found

    def files(self, names: Iterable[str]) -> tuple[Path, ...]:
        """These members as files in the cache, under their own names, in the same order."""
        names = tuple(names)
        folder = cache_folder() / "unpacked" / self._digest
        sizes = {name: self._size(name) for name in names}
        if sum(sizes.values()) > most_bytes(self.path):
            raise too_many_bytes(self.path)
        missing = {name for name, size in sizes.items() if not _is_there(folder / name, size)}
        if missing:
            self._unpack(missing, folder)
        return tuple(folder / name for name in names)

    @cached_property
    def _digest(self) -> str:
        return sha256_of(self.path)

    def _size(self, name: str) -> int:
        member = self._members[name]
        if member is None:
            raise SourceError(f"{self.path} holds {name} twice; unpack it, and give one with --raw")
        if isinstance(member, tarfile.TarInfo):
            return member.size
        return member.file_size

    def _listed(self) -> Iterator[tuple[str, zipfile.ZipInfo | tarfile.TarInfo | None]]:
        """Each member's name, and the member if it is a file with bytes of its own."""
        if packed_as(self.path) == "zip":
            with self._zip() as archive:
                for info in archive.infolist():
                    kind = stat.S_IFMT(info.external_attr >> 16)
                    is_file = kind in (0, stat.S_IFREG) and not info.is_dir()
                    yield _name(info.filename), info if is_file else None
        else:
            for _, member in self._tar():
                is_file = member.isreg() and not member.issparse()
                yield _name(member.name), member if is_file else None

    def _unpack(self, names: set[str], folder: Path) -> None:
        if packed_as(self.path) == "zip":
            with self._zip() as archive:
                for name in sorted(names):
                    info = self._members[name]
                    assert isinstance(info, zipfile.ZipInfo)
                    with open_member(self.path, archive, info) as file:
                        _write(folder / name, file)
        else:
            with self._told():
                for tar, member in self._tar():
                    name = _name(member.name)
                    if name in names and (content := tar.extractfile(member)):
                        _write(folder / name, content)

    @contextmanager
    def _zip(self) -> Iterator[zipfile.ZipFile]:
        with self._told(), open_zip(self.path) as archive:
            yield archive

    def _tar(self) -> Iterator[tuple[tarfile.TarFile, tarfile.TarInfo]]:
        """The tar and each member, in order; its content can be read until the next one is."""
        # As a stream: whatever is read, skipped members included, counts towards most_bytes.
        with self._told(), open_decompressed(self.path) as stream:
            source = _Headers(stream)
            with tarfile.open(
                fileobj=cast(IO[bytes], source), mode="r|", tarinfo=_Member
            ) as archive:
                for member in archive:
                    if member.size > most_bytes(self.path):
                        raise too_many_bytes(self.path)
                    source.most = archive.offset + LARGEST_HEADER
                    member.pax_headers = {}  # nobody needs them
                    yield archive, member

    @contextmanager
    def _told(self) -> Iterator[None]:
        """What a broken archive raises, as SourceError; an OSError with a number is the disk's."""
        try:
            yield
        except (*BROKEN, *ZIP, tarfile.TarError) as error:
            if isinstance(error, OSError) and error.errno is not None:
                raise
            raise broken(self.path, error) from None


class _Headers:
    """A tar's bytes. ReadError if a header goes on without end, which tarfile reads at once."""

    def __init__(self, stream: IO[bytes]) -> None:
        self._stream = stream
        self._read = 0
        self.most = LARGEST_HEADER
        """How far may be read until the next member is known."""

    def read(self, size: int) -> bytes:
        content = self._stream.read(size)
        self._read += len(content)
        if self._read > self.most + size:
            raise tarfile.ReadError(f"a header of more than {LARGEST_HEADER // 2**10} KiB")
        return content


class _Member(tarfile.TarInfo):
    """A member, whose damaged header is an error: for tarfile, it ends the archive like no other.

    Members after it would be lost without a word.
    """

    @classmethod
    def frombuf(cls, buf: bytes | bytearray, encoding: str, errors: str) -> "_Member":
        if len(buf) == tarfile.BLOCKSIZE and not any(buf):  # the end
            return super().frombuf(buf, encoding, errors)
        try:
            return super().frombuf(buf, encoding, errors)
        except tarfile.HeaderError as error:
            raise tarfile.ReadError(f"{error} of a member") from None


def _name(member: str) -> str:
    return member.removeprefix("./")


def _write(path: Path, content: IO[bytes]) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    with atomic_file(path) as file:
        shutil.copyfileobj(content, file, 2**20)


def _is_there(path: Path, size: int) -> bool:
    return path.is_file() and path.stat().st_size == size
