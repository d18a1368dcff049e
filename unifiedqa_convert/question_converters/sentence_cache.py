"""Sentences that a model has made already, in one SQLite file that several processes share.

The key is (converter, revision, dtype, prompt); dtype is written with its backend. A batch is one
transaction: a killed process loses the batch it was making and nothing else. Where two processes
made the same prompt's sentence, the first one's stands for both.
"""

import sqlite3
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock

from unifiedqa_convert.errors import OutputError

PATIENCE = 60.0
"""Seconds to wait for another process's transaction."""
_AT_ONCE = 500  # parameters of one query; SQLite's oldest limit is 999

_TABLES = """
CREATE TABLE IF NOT EXISTS converter (
    id INTEGER PRIMARY KEY,
    name TEXT NOT NULL, revision TEXT NOT NULL, dtype TEXT NOT NULL,
    UNIQUE (name, revision, dtype)
);
CREATE TABLE IF NOT EXISTS sentence (
    converter INTEGER NOT NULL REFERENCES converter (id),
    prompt TEXT NOT NULL,
    text TEXT NOT NULL,
    PRIMARY KEY (converter, prompt)
) WITHOUT ROWID;
"""


class Key(NamedTuple):
    """Whose sentences: what, with the prompt, decides a sentence."""

    converter: str
    revision: str
    dtype: str


class SentenceCache:
    """One file of sentences. Raises OutputError where it can't be read or written."""

    def __init__(self, path: Path) -> None:
        """Nothing is opened or made before the first use."""
        self.path = path

    def find(self, key: Key, prompts: Sequence[str]) -> dict[str, str]:
        """The texts of those prompts that are there."""
        if not self.path.is_file():
            return {}
        found: dict[str, str] = {}
        with self._open() as database:
            for start in range(0, len(prompts), _AT_ONCE):
                part = prompts[start : start + _AT_ONCE]
                marks = ",".join("?" * len(part))
                found.update(
                    database.execute(
                        "SELECT prompt, text FROM sentence JOIN converter ON id = converter"
                        f" WHERE (name, revision, dtype) = (?, ?, ?) AND prompt IN ({marks})",
                        (*key, *part),
                    )
                )
        return found

    def add(self, key: Key, texts: Mapping[str, str]) -> dict[str, str]:
        """Keep a batch, all or none of it; returns what now stands under its prompts."""
        with self._open() as database:
            database.execute("BEGIN IMMEDIATE")
            with database:
                database.execute("INSERT OR IGNORE INTO converter VALUES (NULL, ?, ?, ?)", key)
                (number,) = database.execute(
                    "SELECT id FROM converter WHERE (name, revision, dtype) = (?, ?, ?)", key
                ).fetchone()
                database.executemany(
                    "INSERT OR IGNORE INTO sentence VALUES (?, ?, ?)",
                    [(number, prompt, text) for prompt, text in texts.items()],
                )
        return self.find(key, list(texts))

    def info(self) -> dict[str, Any]:
        """Where it is, how large, and how many sentences of which converter it holds."""
        held: list[dict[str, Any]] = []
        if self.path.is_file():
            with self._open() as database:
                names = ("converter", "revision", "dtype", "sentences")
                query = (
                    "SELECT name, revision, dtype, count(prompt) FROM converter"
                    " LEFT JOIN sentence ON id = converter GROUP BY id ORDER BY name, revision"
                )
                held = [dict(zip(names, row, strict=True)) for row in database.execute(query)]
        size = sum(path.stat().st_size for path in self._files() if path.is_file())
        return {"path": str(self.path), "bytes": size, "converters": held}

    def clear(self, converter: str | None = None) -> int:
        """Forget one converter's sentences, or all; how many they were."""
        if not self.path.is_file():
            return 0
        with self._open() as database:
            which, values = ("", ()) if converter is None else (" WHERE name = ?", (converter,))
            database.execute("BEGIN IMMEDIATE")
            with database:
                gone = database.execute(
                    f"DELETE FROM sentence WHERE converter IN (SELECT id FROM converter{which})",
                    values,
                ).rowcount
                database.execute(f"DELETE FROM converter{which}", values)
            database.execute("VACUUM")
        return gone

    def _files(self) -> list[Path]:
        return [self.path.with_name(self.path.name + end) for end in ("", "-wal", "-shm")]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A connection of this call's own, so that no fork or thread shares one."""
        try:
            if not self.path.is_file():
                self._make()
            connection = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
            with closing(connection) as database:
                database.execute("PRAGMA synchronous = NORMAL")
                yield database
        except (sqlite3.Error, OSError) as error:
            raise OutputError(
                f"the cache of sentences {self.path}: {error}; make room, or move the file away "
                "(it can be made again), or set UQA_CACHE to another folder"
            ) from error

    def _make(self) -> None:
        """Make the file under another name: SQLite does not wait where two turn on its log."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path.with_name(f".{self.path.name}.lock")):
            if self.path.is_file():
                return
            growing = self.path.with_name(f".{self.path.name}.growing")
            growing.unlink(missing_ok=True)
            with closing(sqlite3.connect(growing)) as database:
                # Readers don't wait for a writer, and a commit is one append.
                database.execute("PRAGMA journal_mode = WAL")
                database.executescript(_TABLES)
            growing.replace(self.path)
