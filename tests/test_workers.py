"""Several processes at one job: whoever stops it, for whatever reason, stops them all."""

import time
from functools import partial
from pathlib import Path

import pytest

from unifiedqa_convert.errors import UqaError
from unifiedqa_convert.workers import beside

SHARE = 30.0
"""Seconds that a task takes that nobody stops."""


def take_long(folder: Path) -> None:
    (folder / "begun").touch()
    time.sleep(SHARE)
    (folder / "ended").touch()


def fail_beside(folder: Path) -> None:
    wait_for(folder / "begun")
    raise UqaError("of the other task")


def wait_for(path: Path) -> None:
    until = time.monotonic() + 60
    while not path.exists():
        assert time.monotonic() < until
        time.sleep(0.01)


@pytest.mark.parametrize("error", [UqaError("of the body"), SystemExit(143)], ids=["error", "term"])
def test_what_ends_the_body_ends_the_others_too(tmp_path: Path, error: BaseException) -> None:
    """SIGTERM is a SystemExit, by the command line's handler."""

    def body() -> None:
        with beside([partial(take_long, tmp_path)], lambda: None):
            wait_for(tmp_path / "begun")
            raise error

    with pytest.raises(type(error)) as told:
        body()
    assert told.value is error
    assert not (tmp_path / "ended").exists()


def test_what_ends_one_of_them_ends_the_others_too(tmp_path: Path) -> None:
    tasks = [partial(take_long, tmp_path), partial(fail_beside, tmp_path)]
    with pytest.raises(UqaError, match="of the other task"), beside(tasks, lambda: None):
        pass
    assert not (tmp_path / "ended").exists()
