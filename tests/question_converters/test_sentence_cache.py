"""The cache of sentences: shared by processes, whole batches, one sentence per key."""

import os
import signal
import sqlite3
import subprocess
import sys
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import closing
from multiprocessing import get_context
from pathlib import Path

import pytest
import started

from unifiedqa_convert.errors import OutputError
from unifiedqa_convert.question_converters.sentence_cache import Key, SentenceCache

KEY = Key("owner/model", "a" * 40, "transformers fp32")


def fill(path: Path, worker: int) -> dict[str, str]:
    """Add the same 50 prompts as every other worker, each with this worker's texts."""
    cache = SentenceCache(path)
    stood: dict[str, str] = {}
    for start in range(0, 50, 5):
        batch = {f"p{n}": f"worker {worker}, {n}" for n in range(start, start + 5)}
        stood |= cache.add(KEY, batch)
    return stood


def test_four_processes_agree_on_every_sentence(tmp_path: Path) -> None:
    path = tmp_path / "deep" / "cache.sqlite"
    with ProcessPoolExecutor(4, mp_context=get_context("spawn")) as pool:
        stood = list(pool.map(fill, [path] * 4, range(4)))
    assert stood[0] == stood[1] == stood[2] == stood[3]
    assert len(stood[0]) == 50
    assert SentenceCache(path).find(KEY, [f"p{n}" for n in range(50)]) == stood[0]


def test_each_part_of_the_key_counts(tmp_path: Path) -> None:
    cache = SentenceCache(tmp_path / "cache.sqlite")
    cache.add(KEY, {"p": "first"})
    for other in (
        KEY._replace(converter="x"),
        KEY._replace(revision="b"),
        KEY._replace(dtype="ct2 int8"),
    ):
        assert cache.find(other, ["p"]) == {}
        cache.add(other, {"p": f"{other}"})
    assert cache.find(KEY, ["p", "q"]) == {"p": "first"}
    assert cache.add(KEY, {"p": "second"}) == {"p": "first"}
    held = cache.info()["converters"]
    assert [entry["sentences"] for entry in held] == [1, 1, 1, 1]
    assert cache.clear("x") == 1
    assert cache.find(KEY, ["p"]) == {"p": "first"}
    assert cache.clear() == 3
    assert cache.info()["converters"] == []


def test_thousands_of_prompts_at_once(tmp_path: Path) -> None:
    cache = SentenceCache(tmp_path / "cache.sqlite")
    many = {f"prompt {n} ' \u2028 \" %": f"text {n}\n" for n in range(2_345)}
    assert cache.add(KEY, many) == many
    assert cache.find(KEY, ["absent", *many]) == many


def test_reading_creates_nothing(tmp_path: Path) -> None:
    cache = SentenceCache(tmp_path / "none" / "cache.sqlite")
    assert cache.find(KEY, ["p"]) == {}
    assert cache.info()["converters"] == []
    assert cache.clear() == 0
    assert not (tmp_path / "none").exists()


def test_kill_9_inside_a_batch_keeps_all_or_none_of_it(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    SentenceCache(path).add(KEY, {"before": "stands"})
    program = (
        "import os, signal, sys\n"
        "from pathlib import Path\n"
        "from unifiedqa_convert.question_converters.sentence_cache import Key, SentenceCache\n"
        "class Half(dict):\n"
        "    def items(self):\n"
        "        for n in range(100):\n"
        "            if n == 60: os.kill(os.getpid(), signal.SIGKILL)\n"
        "            yield f'p{n}', 'half'\n"
        f"SentenceCache(Path(sys.argv[1])).add(Key(*{tuple(KEY)!r}), Half())\n"
    )
    # executemany takes the rows one by one, inside the transaction.
    done = subprocess.run([sys.executable, "-c", program, path], env=os.environ)
    assert done.returncode == -signal.SIGKILL
    cache = SentenceCache(path)
    assert cache.find(KEY, ["before", *(f"p{n}" for n in range(100))]) == {"before": "stands"}
    assert cache.add(KEY, {"p1": "now"}) == {"p1": "now"}


def test_an_error_names_a_file_that_is_no_cache(tmp_path: Path) -> None:
    path = tmp_path / "cache.sqlite"
    path.write_bytes(b"not a database, but as long as one's header is" * 9)
    with pytest.raises(OutputError, match=r"cache\.sqlite: .*move the file away"):
        SentenceCache(path).find(KEY, ["p"])


def test_the_wait_for_a_locked_cache_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "cache.sqlite"
    SentenceCache(path).add(KEY, {"p": "x"})
    monkeypatch.setattr("unifiedqa_convert.question_converters.sentence_cache.LOCK_TIMEOUT", 0.1)
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    assert SentenceCache(path).find(KEY, ["p"]) == {"p": "x"}  # readers don't wait
    with pytest.raises(OutputError, match="locked"):
        SentenceCache(path).add(KEY, {"q": "y"})
    holder.close()


def test_a_signal_ends_the_wait_for_another_process(tmp_path: Path) -> None:
    path = tmp_path / "sentences.sqlite"
    SentenceCache(path).add(KEY, {"a prompt": "a text"})
    environment = {**os.environ, "UQA_CACHE": str(tmp_path)}
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("BEGIN IMMEDIATE")
        errors = tmp_path / "errors"
        given = {"env": environment, "files": started.Files(stderr=errors)}
        process = started.core.begin(["cache", "clear"], **given)
        time.sleep(1)
        process.terminate()
        process.join(5)
        process.kill()
    assert process.exitcode == 128 + signal.SIGTERM
    assert errors.read_text().startswith("uqa: stopped by SIGTERM")
    assert len(SentenceCache(path).find(KEY, ["a prompt"])) == 1
