"""Several workers at one output: each shard made once, by whoever comes first; the same bytes."""

import os
import signal
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from outputs import digest, raw_file, request

from unifiedqa_convert.conversion import workers
from unifiedqa_convert.conversion.output_folder import (
    OutputFolder,
    all_receipts,
    claim_shard,
    claims_folder,
    commit,
    receipts,
)
from unifiedqa_convert.conversion.pipeline import convert
from unifiedqa_convert.conversion.workers import beside
from unifiedqa_convert.errors import OutputError, TooManyRejects


def test_workers_shares_and_one_process_give_the_same_shards(tmp_path: Path) -> None:
    raw = raw_file(tmp_path, 1050, broken=777)
    alone = convert(request(raw, tmp_path / "one", max_rejects=1))
    together = convert(request(raw, tmp_path / "two", max_rejects=1, workers=2))
    assert digest(together.folder) == digest(alone.folder)
    shards = {}
    read = 0
    for index in range(3):
        part = convert(
            request(raw, tmp_path / "three", max_rejects=1, shard_index=index, num_shards=3)
        )
        assert part.folder.name == f"train.{index:05}-of-00003"
        shards |= {n: h for n, h in digest(part.folder).items() if n.startswith("data-")}
        read += part.manifest["counts"]["rows"]["read"]
    assert read == 1050
    whole_shards = {n: h for n, h in digest(alone.folder).items() if n.startswith("data-")}
    assert shards == whole_shards


def test_a_worker_takes_what_nobody_has_taken(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Here the first one stands still in its first shard until the other has made five."""
    monkeypatch.setattr(workers, "CHECK_SECONDS", 0.01)
    raw, place = (
        raw_file(tmp_path, 1050, broken=777),
        OutputFolder(tmp_path / "two" / "copa" / "train"),
    )

    def stand_still(_rows: int) -> None:
        patience = time.monotonic() + 120
        while place.work.exists() and len(receipts(place)) < 5:
            assert time.monotonic() < patience, "the other one makes nothing"
            time.sleep(0.01)

    together = convert(request(raw, tmp_path / "two", max_rejects=1, workers=2), stand_still)
    alone = convert(request(raw, tmp_path / "one", max_rejects=1))
    assert digest(together.folder) == digest(alone.folder)


def test_a_shard_is_taken_once(tmp_path: Path) -> None:
    place = OutputFolder(tmp_path / "train")
    place.work.mkdir()
    taken = claims_folder(place)
    with ThreadPoolExecutor(8) as pool:
        won = list(pool.map(lambda number: claim_shard(taken, number // 8), range(80)))
    assert sum(won) == 10


def take_long(folder: Path) -> None:
    (folder / "begun").touch()
    time.sleep(30)  # unless somebody stops it
    (folder / "ended").touch()


def fail_beside(folder: Path) -> None:
    wait_for(folder / "begun")
    raise TooManyRejects("in the other worker")


def wait_for(path: Path) -> None:
    until = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < until
        time.sleep(0.01)


# SIGTERM is a SystemExit, by the command line's handler.
@pytest.mark.parametrize(
    "error", [TooManyRejects("in the first"), SystemExit(143)], ids=["error", "term"]
)
def test_what_ends_the_first_worker_ends_the_others(tmp_path: Path, error: BaseException) -> None:
    def body() -> None:
        with beside([partial(take_long, tmp_path)], lambda: None):
            wait_for(tmp_path / "begun")
            raise error

    with pytest.raises(type(error)) as told:
        body()
    assert told.value is error
    assert not (tmp_path / "ended").exists()


def test_what_ends_one_worker_ends_the_others(tmp_path: Path) -> None:
    tasks = [partial(take_long, tmp_path), partial(fail_beside, tmp_path)]
    with pytest.raises(TooManyRejects, match="in the other"), beside(tasks, lambda: None):
        pass
    assert not (tmp_path / "ended").exists()


def interrupt_oneself(folder: Path) -> None:
    os.kill(os.getpid(), signal.SIGINT)
    (folder / "ended").touch()


def test_an_interrupt_is_for_the_first_process_alone(tmp_path: Path) -> None:
    """A terminal sends Ctrl-C to all of them, and each would show its own traceback."""
    with beside([partial(interrupt_oneself, tmp_path)], lambda: None):
        assert signal.SIGINT not in signal.pthread_sigmask(signal.SIG_BLOCK, [])
    assert (tmp_path / "ended").exists()


def test_a_shard_that_nobody_made_is_an_error(tmp_path: Path) -> None:
    place = OutputFolder(tmp_path / "train")
    place.work.mkdir()
    for number in (1, 4, 10):
        commit(
            place,
            number,
            {"counts": {}, "rejects": [], "file": {"path": "data.arrow", "sha256": "0"}},
        )
    with pytest.raises(OutputError, match="no shard 7; run the same command again"):
        all_receipts(place, (1, 3))


def test_a_reject_in_a_worker_is_told_like_one_here(tmp_path: Path) -> None:
    raw = raw_file(tmp_path, 500, broken=142)
    with pytest.raises(TooManyRejects, match=r"copa/train row 142 \(line 143\), field label"):
        convert(request(raw, tmp_path / "out", workers=2))
