"""A stranger's dataset: what docs/adding-a-dataset.md shows, installed and run as the doc says.

The tests that install with pip are slow; packages that must fail are put down by hand.
"""

import json
import os
import re
import runpy
import shutil
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
import started
from conftest import ROOT

pytestmark = pytest.mark.slow

EXAMPLE = ROOT / "docs" / "example-dataset"
DOC = (ROOT / "docs" / "adding-a-dataset.md").read_text(encoding="utf-8")
CONTRACT = ["python", "-m", "unifiedqa_convert.contract"]
Done = subprocess.CompletedProcess[str]
Run = Callable[..., Done]
Plugin = Callable[[str, dict[str, str]], Path]


def blocks(language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```$", DOC, flags=re.M | re.S)


def commands_of(block: str) -> list[str]:
    return [line for line in block.splitlines() if not line.startswith("#")]


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The example, built and installed by pip into a folder of its own."""
    folder = tmp_path_factory.mktemp("stranger")
    # A copy: a build may leave files beside its sources.
    shutil.copytree(EXAMPLE, folder / "source", ignore=shutil.ignore_patterns("__pycache__"))
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q", "install"]
    options = ["--no-deps", "--no-build-isolation", "--no-index", "--target"]
    subprocess.run([*pip, *options, str(folder / "site"), str(folder / "source")], check=True)
    return folder / "site"


@pytest.fixture
def sh(tmp_path: Path) -> Run:
    """Run a shell line with these folders installed, in an empty folder."""
    (tmp_path / "work").mkdir()

    def run(command: str, *folders: Path) -> Done:
        return subprocess.run(
            command,
            shell=True,
            cwd=tmp_path / "work",
            env=environment(*folders),
            capture_output=True,
            text=True,
            check=False,
        )

    return run


@pytest.fixture
def fork(tmp_path: Path) -> Run:
    """As ``sh``, for the two commands there are, and without their imports."""
    (tmp_path / "work").mkdir(exist_ok=True)
    module = partial(runpy.run_module, CONTRACT[-1], run_name="__main__", alter_sys=True)

    def run(command: str, *folders: Path) -> Done:
        words, given = command.split(), {"cwd": tmp_path / "work", "env": environment(*folders)}
        if words[:3] == CONTRACT:
            return started.core.run(words[3:], program=module, **given)
        assert words[0] == "uqa"
        return started.core.run(words[1:], **given)

    return run


def environment(*folders: Path) -> dict[str, str]:
    """Of a process for which these folders are installed."""
    binaries = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
    path = os.pathsep.join(map(str, folders))
    return {**os.environ, "PATH": binaries, "PYTHONPATH": path, "HF_HUB_OFFLINE": "1"}


@pytest.fixture
def plugin(tmp_path: Path) -> Plugin:
    """Put a package down as an installer would: its files and its entry point."""

    def put(name: str, files: dict[str, str]) -> Path:
        site = tmp_path / name
        facts = site / f"{name}-1.0.dist-info"
        facts.mkdir(parents=True)
        (facts / "METADATA").write_text(f"Metadata-Version: 2.1\nName: {name}\nVersion: 1.0\n")
        (facts / "entry_points.txt").write_text(
            f"[unifiedqa_convert.adapters]\n{name} = {name}\n", encoding="utf-8"
        )
        samples = EXAMPLE / "uqa_weather" / "samples"
        shutil.copytree(samples, site / name / "samples")
        (site / name / "__init__.py").touch()
        for file, text in files.items():
            (site / name / file).write_text(text, encoding="utf-8")
        return site

    return put


def edited(*edits: tuple[str, str]) -> dict[str, str]:
    """The example's module with something else in it."""
    text = (EXAMPLE / "uqa_weather" / "weather.py").read_text(encoding="utf-8")
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    return {"weather.py": text}


def test_the_docs_blocks_are_the_examples_files() -> None:
    shown = {
        "python": "uqa_weather/weather.py",
        "json": "uqa_weather/samples/weather/authors/validation.jsonl",
        "toml": "pyproject.toml",
    }
    for language, name in shown.items():
        assert blocks(language) == [(EXAMPLE / name).read_text(encoding="utf-8")], name
    # The doc says of these two what is in them.
    assert not (EXAMPLE / "uqa_weather" / "__init__.py").read_bytes()
    test = EXAMPLE / "uqa_weather" / "samples" / "weather" / "authors" / "test.jsonl"
    hidden = [json.loads(line)["answer"] for line in test.read_text("utf-8").splitlines()]
    assert set(hidden) == {None}
    others = {"uqa_weather/__init__.py", test.relative_to(EXAMPLE).as_posix()}
    files = [path for path in EXAMPLE.rglob("*") if path.is_file() and path.suffix != ".pyc"]
    names = {path.relative_to(EXAMPLE).as_posix() for path in files}
    assert names == {*shown.values(), *others}
    assert len(DOC.splitlines()) <= 120


def test_the_docs_commands_run_on_the_installed_package(
    site: Path, sh: Run, tmp_path: Path
) -> None:
    sample = site / "uqa_weather" / "samples" / "weather" / "authors" / "validation.jsonl"
    rows = sample.read_text(encoding="utf-8")
    (tmp_path / "work" / "my-rows.jsonl").write_text(rows * 2, encoding="utf-8")
    install, *commands = commands_of(blocks("sh")[0])
    assert install == "pip install -e ."
    outputs = {command.removeprefix("uqa "): sh(command, site) for command in commands}
    for command, done in outputs.items():
        assert done.returncode == 0, f"{command}\n{done.stderr}"
    listed, shown, from_sample, from_raw, contract = outputs.values()
    assert re.search(r"^weather +none +documentation only", listed.stdout, flags=re.M)
    assert re.search(r"^copa ", listed.stdout, flags=re.M)
    assert "(a) rain (b) coins (c) cats → rain" in shown.stdout
    for done, count in ((from_sample, 3), (from_raw, 6)):
        manifest = tmp_path / "work" / done.stdout.strip() / "manifest.json"
        found = json.loads(manifest.read_text(encoding="utf-8"))
        assert found["counts"]["rows"]["used"] == found["counts"]["rows"]["read"] == count
        assert found["sample"] is (done is from_sample)
    assert re.fullmatch(r"\d\d passed, 0 failed\n", contract.stderr)
    assert contract.stdout == ""


def test_the_docs_file_serves_in_this_repository_as_it_stands(sh: Run, tmp_path: Path) -> None:
    clone = tmp_path / "work"
    skip = shutil.ignore_patterns("__pycache__", "vera_model")
    for name in ("converters", "tests", "data/samples", "docs"):
        shutil.copytree(ROOT / name, clone / name, ignore=skip)
    shutil.copy(ROOT / "pyproject.toml", clone)
    shutil.copy(EXAMPLE / "uqa_weather" / "weather.py", clone / "converters")
    shutil.copytree(EXAMPLE / "uqa_weather" / "samples", clone / "data/samples", dirs_exist_ok=True)
    (command,) = commands_of(blocks("sh")[1])
    # Not the plugins of whatever else is installed: their imports alone take seconds.
    alone = f"PYTEST_DISABLE_PLUGIN_AUTOLOAD=1 {command} -p no:cacheprovider"
    for line in (alone, "uqa show weather"):
        done = sh(line, clone)
        assert done.returncode == 0, done.stdout + done.stderr
    written = clone / "tests" / "golden" / "weather" / "authors"
    assert {path.name for path in written.iterdir()} == {"validation.jsonl", "test.jsonl"}


def test_a_strangers_goldens(site: Path, fork: Run, tmp_path: Path) -> None:
    ask = "python -m unifiedqa_convert.contract weather"
    missed = fork(f"{ask} --goldens mine", site)
    assert missed.returncode == 4
    assert "samples_become_their_goldens" in missed.stdout
    assert fork(f"{ask} --goldens mine --update-goldens", site).returncode == 0
    assert fork(f"{ask} --goldens mine", site).returncode == 0
    assert (tmp_path / "work" / "mine" / "weather" / "authors" / "test.jsonl").is_file()
    lone = fork(f"{ask} --update-goldens", site)
    assert (lone.returncode, "needs --goldens" in lone.stderr) == (2, True)


def test_a_broken_plugin_leaves_the_others_working(fork: Run, plugin: Plugin, site: Path) -> None:
    folder = plugin("hail", {"hail.py": "import no_such_module\n"})
    listed = fork("uqa list", folder, site)
    assert listed.returncode == 0
    assert {"copa", "weather"} <= {line.split()[0] for line in listed.stdout.splitlines()}
    assert "hail" in listed.stderr
    assert "no_such_module" in listed.stderr
    assert "Traceback" not in listed.stderr
    for dataset in ("copa", "weather"):
        done = fork(f"uqa convert {dataset} --split validation --source sample", folder, site)
        assert done.returncode == 0, done.stderr
    assert fork("python -m unifiedqa_convert.contract weather", folder, site).returncode == 0
    shown = fork("uqa show hail", folder)
    assert shown.returncode == 4
    assert f"{folder}/hail/hail.py:1: " in shown.stderr
    assert "no_such_module" in shown.stderr


def test_the_contract_of_all_datasets_as_json_with_two_broken_plugins(
    fork: Run, plugin: Plugin, site: Path
) -> None:
    """What can't be imported or states no facts has failed; all others are asked, and pass."""
    hail = plugin("hail", {"hail.py": "import no_such_module\n"})
    gust = plugin("gust", edited(("    shapes: ClassVar = (AuthorsRow,)\n", "")))
    done = fork("python -m unifiedqa_convert.contract --json", hail, gust, site)
    found = json.loads(done.stdout)
    assert (done.returncode, found["failed"], found["breaches"]) == (4, 2, []), done.stdout
    assert found["passed"] > 5_000
    for said in ("no_such_module", "does not state its shapes"):
        assert said in done.stderr
    assert "Traceback" not in done.stderr


def test_two_packages_with_one_name_are_refused(fork: Run, plugin: Plugin, site: Path) -> None:
    folder = plugin("squall", edited())
    for command in (
        "uqa show weather",
        "uqa convert weather --split validation --source sample",
        "python -m unifiedqa_convert.contract weather",
    ):
        done = fork(command, folder, site)
        assert done.returncode == 4, done.stderr
        assert "squall.weather.Weather" in done.stderr
        assert "uqa_weather.weather.Weather" in done.stderr
        assert "Traceback" not in done.stderr
    assert fork("uqa show copa", folder, site).returncode == 0


@pytest.mark.parametrize(
    ("promise", "edits"),
    [
        # A text's hash(), and so any order taken from it, hangs on the process's hash seed.
        ("another_process_agrees", [("row.question,", "str(hash(row.question)),")]),
        ("facts_are_stated", [("version = 1", "version = 0")]),
        ("no_field_is_guessed", [('Literal["A", "B", "C"] | None', "Text | None")]),
        ("every_row_is_used", [("yield Multi", "raise KeyError(row.id)\n        yield Multi")]),
    ],
)
def test_a_broken_promise_is_reported_by_name(
    fork: Run, plugin: Plugin, promise: str, edits: list[tuple[str, str]]
) -> None:
    done = fork("python -m unifiedqa_convert.contract weather", plugin("gale", edited(*edits)))
    assert done.returncode == 4
    assert re.search(rf"^weather[\w/]*: {promise}: .", done.stdout, flags=re.M), done.stdout
    assert re.search(r"^\d+ passed, [1-9]\d* failed$", done.stderr, flags=re.M)
    assert "Traceback" not in done.stderr


def test_an_unknown_dataset_has_its_near_name(fork: Run) -> None:
    done = fork("python -m unifiedqa_convert.contract kopa")
    assert done.returncode == 2
    assert "did you mean copa" in done.stderr
