"""A person who converts published splits: their folder, lock and caches, and what is refused."""

import hashlib
import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from conftest import Run
from repositories import Repositories

OLD, NEW = "a" * 40, "b" * 40
Done = subprocess.CompletedProcess[str]
Env = dict[str, str]


def sha256(body: bytes) -> str:
    return hashlib.sha256(body).hexdigest()


class Desk:
    """A person's folder with a lock, two caches, and the repositories they fetch from."""

    def __init__(self, folder: Path, uqa: Run, repositories: Repositories, env: Env) -> None:
        self.uqa, self.repositories, self.lock = uqa, repositories, folder / "uqa.lock"
        self.env = {**env, "UQA_CACHE": str(folder / "cache"), "HF_HOME": str(folder / "hub")}

    def convert(self, dataset: str, split: str, *more: str) -> Done:
        return self.uqa("convert", dataset, "--split", split, *more, "--overwrite", **self.env)

    def ok(self, dataset: str, split: str, *more: str) -> str:
        done = self.convert(dataset, split, *more)
        assert done.returncode == 0, done.stderr
        return done.stderr

    def refused(self, dataset: str, split: str, *more: str, code: int = 4) -> str:
        """Convert: one message, the lock untouched; what it says."""
        before = self.lock.read_bytes() if self.lock.exists() else None
        done = self.convert(dataset, split, *more)
        assert done.returncode == code, (done.returncode, done.stderr)
        assert "Traceback" not in done.stderr
        assert len(done.stderr) < 2_500
        assert (self.lock.read_bytes() if self.lock.exists() else None) == before
        return done.stderr

    def nothing_left(self) -> None:
        assert in_caches(self.env) == []


def in_caches(env: Mapping[str, str]) -> list[str]:
    """The files that a later run could use: all in the two caches but what guards or marks them."""
    return [
        path.name
        for cache in ("HF_HOME", "UQA_CACHE")
        for path in sorted(Path(env[cache]).rglob("*"))
        if (path.is_file() or path.is_symlink())
        and path.suffix not in (".lock", ".TAG", ".part", ".incomplete")
    ]


def edited(lock: Path, *place: str | int, to: Any) -> None:
    """Write another value into a lock file, as by hand."""
    document = json.loads(lock.read_text(encoding="utf-8"))
    inner = document
    for step in place[:-1]:
        inner = inner[step]
    inner[place[-1]] = to
    lock.write_text(json.dumps(document), encoding="utf-8")
