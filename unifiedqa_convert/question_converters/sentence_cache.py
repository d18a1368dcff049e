"""Cache of the sentences that models have made: one SQLite file, shared by processes.

The key is (converter, revision, dtype, prompt); dtype includes the backend. A batch is one
transaction: a killed process loses the batch it was making and nothing else. If two processes make
a sentence for the same prompt, both use the one that was written first.
"""

import sqlite3
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, NamedTuple

from filelock import FileLock

from unifiedqa_convert.errors import OutputError
from unifiedqa_convert.storage import temporary_folder

LOCK_TIMEOUT = 60.0
"""Seconds to wait for another process's transaction."""
_ONCE = 1.0
"""Seconds of one wait: inside SQLite no signal is obeyed."""
_QUERY_PROMPTS = 500  # old versions of SQLite allow 999 parameters in a query

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
    """What, with the prompt, determines a sentence."""

    converter: str
    revision: str
    dtype: str


class SentenceCache:
    """One file of sentences. Raises OutputError if it can't be read or written."""

    def __init__(self, path: Path) -> None:
        """The file is opened or created at the first use."""
        self.path = path

    def find(self, key: Key, prompts: Sequence[str]) -> dict[str, str]:
        """Prompt → text, for the prompts that are in the cache."""
        if not self.path.is_file():
            return {}
        found: dict[str, str] = {}
        with self._open() as database:
            for start in range(0, len(prompts), _QUERY_PROMPTS):
                part = prompts[start : start + _QUERY_PROMPTS]
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
        """Store a batch, all or none of it; returns the texts that the cache now has for it."""
        with self._open() as database:
            _execute(database, "BEGIN IMMEDIATE")
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
        """The file's path and size, and the number of sentences per converter."""
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
        """Delete one converter's sentences, or all; returns their number."""
        if not self.path.is_file():
            return 0
        with self._open() as database:
            which, values = ("", ()) if converter is None else (" WHERE name = ?", (converter,))
            _execute(database, "BEGIN IMMEDIATE")
            with database:
                deleted = database.execute(
                    f"DELETE FROM sentence WHERE converter IN (SELECT id FROM converter{which})",
                    values,
                ).rowcount
                database.execute(f"DELETE FROM converter{which}", values)
            _execute(database, "VACUUM")
        return deleted

    def _files(self) -> list[Path]:
        return [self.path.with_name(self.path.name + end) for end in ("", "-wal", "-shm")]

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """A new connection per call, so that no fork or thread shares one."""
        try:
            if not self.path.is_file():
                self._make()
            connection = sqlite3.connect(self.path, timeout=_ONCE, isolation_level=None)
            with closing(connection) as database:
                database.execute("PRAGMA synchronous = NORMAL")
                yield database
        except (sqlite3.Error, OSError) as error:
            raise OutputError(
                f"the cache of sentences {self.path}: {error}; free disk space, or move the file "
                "away (sentences are made again), or set UQA_CACHE to another folder"
            ) from error

    def _make(self) -> None:
        """Create it under another name: SQLite's timeout does not cover switching WAL mode on."""
        self.path.parent.mkdir(parents=True, exist_ok=True)
        with FileLock(self.path.with_name(f".{self.path.name}.lock")):
            if self.path.is_file():
                return
            with temporary_folder(self.path) as temporary:
                staging = temporary / self.path.name
                with closing(sqlite3.connect(staging)) as database:
                    # Readers don't wait for a writer, and a commit is one append.
                    database.execute("PRAGMA journal_mode = WAL")
                    database.executescript(_TABLES)
                staging.replace(self.path)


def _execute(database: sqlite3.Connection, statement: str) -> None:
    """Execute what waits for another process's transaction, in short waits."""
    end = time.monotonic() + LOCK_TIMEOUT
    while True:
        try:
            database.execute(statement)
            return
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > end:
                raise
