"""A folder that is whole or absent, and can prove it: how a checkpoint takes its place.

Everything is written beside its place under a temporary name and flushed to disk; ``files.json``,
the digests of all files, is written last; then one rename, and the digests are read back.
"""

import json
import os
import shutil
from collections.abc import Callable
from pathlib import Path

from unifiedqa_convert.errors import ModelError
from unifiedqa_convert.files import flush, sha256_of, write_json

INDEX = "files.json"


def publish(folder: Path, fill: Callable[[Path], None]) -> None:
    """Let ``fill`` write into a temporary folder, then rename it to ``folder`` and verify it.

    An older ``folder`` stands until the new one is on disk. Raises ModelError where what was
    read back is not what was written.
    """
    fresh = folder.with_name(f".{folder.name}-{os.getpid()}")
    old = folder.with_name(f".{folder.name}-{os.getpid()}-old")
    shutil.rmtree(fresh, ignore_errors=True)
    try:
        fresh.mkdir(parents=True)
        fill(fresh)
        _seal(fresh)
        if folder.exists():
            folder.rename(old)  # a folder can't be renamed onto a full one
        fresh.rename(folder)
        flush(folder.parent)
        verify(folder)
    finally:
        shutil.rmtree(fresh, ignore_errors=True)
    shutil.rmtree(old, ignore_errors=True)


def verify(folder: Path) -> None:
    """Raise ModelError, naming the file, unless every file is there with its own bytes."""
    index = folder / INDEX
    try:
        listed = dict(json.loads(index.read_text(encoding="utf-8")))
    except (OSError, ValueError, TypeError) as error:
        raise ModelError(
            f"{index} can't be read, {folder} is not a whole checkpoint: {error}"
        ) from error
    for name, digest in sorted(listed.items()):
        path = folder / name
        if not path.is_file():
            raise ModelError(f"{path} is missing: use another checkpoint, or copy it anew")
        if sha256_of(path) != digest:
            raise ModelError(f"{path} was changed or cut: use another checkpoint, or copy it anew")


def point(link: Path, target: Path) -> None:
    """Let the symbolic link beside ``target`` name it, from one moment to the next."""
    fresh = link.with_name(f".{link.name}-{os.getpid()}")
    fresh.unlink(missing_ok=True)
    fresh.symlink_to(target.name)
    fresh.replace(link)
    flush(link.parent)


def _seal(folder: Path) -> None:
    files = sorted(path for path in folder.rglob("*") if path.is_file())
    mask = os.umask(0)
    os.umask(mask)
    for path in files:
        path.chmod(0o666 & ~mask)  # safetensors closes its files to others
        flush(path)
    write_json(folder / INDEX, {str(p.relative_to(folder)): sha256_of(p) for p in files})
    for inner in sorted((path for path in folder.rglob("*") if path.is_dir()), reverse=True):
        flush(inner)
    flush(folder)
