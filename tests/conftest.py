"""Fixtures that every test file may use."""

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import settings

# Two workers share two cores, and upstream recorded its numbers with one thread: more threads add
# in another order. Processes that tests start inherit it.
os.environ.setdefault("OMP_NUM_THREADS", "1")

ROOT = Path(__file__).resolve().parent.parent
LONGEST = (
    "test_docs test_planted_signal test_faulty_hosts test_model_kills test_kills test_fetch "
    "test_lock test_tampering test_damaged_files test_service_vera test_run test_published "
    "test_train test_models test_page test_plan test_stranger test_hub test_distributed "
    "test_killed_runs test_resume test_groups"
).split()
"""Files by the time they take, the longest first. One that is missing costs balance, no more."""
SHARED = Path(os.environ.get("UQA_SHARED", ROOT.parent / "shared"))


def pytest_configure(config: pytest.Config) -> None:
    settings.load_profile("ci")  # the same examples in each run, none against the clock
    # xdist hands out the files with most tests first, and so those with a few long tests last.
    if hasattr(config.option, "loadscopereorder"):
        config.option.loadscopereorder = False


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    # The longest files first, then those with slow tests: no worker is left alone with one at the
    # end.
    slow = {item.path for item in items if "slow" in item.keywords}
    longest = {name: place for place, name in enumerate(LONGEST)}
    last = len(LONGEST)
    items.sort(key=lambda it: longest.get(it.path.stem, last + (it.path not in slow)))
    if SHARED.is_dir():
        return
    absent = pytest.mark.skip(reason=f"{SHARED} is absent: the team's real rows are not here")
    for item in items:
        if "shared" in item.keywords:
            item.add_marker(absent)


@pytest.fixture
def shared() -> Path:
    """The team's folder of real rows and goldens."""
    return SHARED


Run = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture
def uqa(tmp_path: Path) -> Run:
    """Run `uqa` in an empty folder, in a process of its own whose imports are done already."""
    import started

    def run(*arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
        env = {**os.environ, "HF_HUB_OFFLINE": "1", **environment}
        return started.core.run(arguments, cwd=tmp_path, env=env)

    return run


@pytest.fixture
def script(tmp_path: Path) -> Run:
    """Run the installed `uqa` script in an empty folder: what only a fresh interpreter shows."""

    def run(*arguments: object, **environment: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [Path(sys.executable).with_name("uqa"), *map(str, arguments)],
            cwd=tmp_path,
            env={**os.environ, "HF_HUB_OFFLINE": "1", **environment},
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture(autouse=True)
def _own_cache(tmp_path_factory: pytest.TempPathFactory, monkeypatch: pytest.MonkeyPatch) -> None:
    """Token files go where pytest cleans up, not into the user's cache."""
    monkeypatch.setenv("UQA_CACHE", str(tmp_path_factory.getbasetemp() / "uqa-cache"))


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--update-goldens", action="store_true", help="rewrite tests/golden/")
