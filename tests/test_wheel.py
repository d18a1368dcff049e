"""The wheel, built and installed outside the clone: it carries the samples and needs no torch."""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest
from conftest import ROOT

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("wheel")
    pip = [sys.executable, "-m", "pip", "--disable-pip-version-check", "-q"]
    build = ["wheel", "--no-deps", "--no-build-isolation", "-w", folder, ROOT]
    subprocess.run([*pip, *build], check=True)
    (wheel,) = folder.glob("*.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert "converters/samples/copa/superglue/validation.jsonl" in names
    assert "converters/references.bib" in names
    assert not [name for name in names if name.startswith(("tests", "data", "docs", "benchmarks"))]
    target = folder / "site"
    subprocess.run([*pip, "install", "--no-deps", "--target", target, wheel], check=True)
    return target


# Whatever else this machine has, an import of these fails.
BLOCKED = """
import sys
for name in ("torch", "transformers", "datasets", "sklearn", "accelerate", "sentencepiece"):
    sys.modules[name] = None
from unifiedqa_convert.cli import main
main()
"""


def run(installed: Path, cwd: Path, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-c", BLOCKED, *arguments],
        cwd=cwd,
        env={**os.environ, "PYTHONPATH": str(installed), "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
    )


def test_the_samples_come_from_the_wheel(installed: Path, tmp_path: Path) -> None:
    program = (
        "from unifiedqa_convert.datasets.sources import sample_folder\n"
        "from unifiedqa_convert.datasets.registry import load_adapter\n"
        "print(sample_folder(load_adapter('copa')))\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", program],
        cwd=tmp_path,
        env={**os.environ, "PYTHONPATH": str(installed)},
        capture_output=True,
        text=True,
        check=True,
    )
    assert Path(done.stdout.strip()) == installed / "converters" / "samples" / "copa"


@pytest.mark.parametrize("dataset", ["copa", "sciq", "wsc273"])
def test_the_core_converts_without_torch(installed: Path, tmp_path: Path, dataset: str) -> None:
    split = "test" if dataset == "wsc273" else "validation"
    done = run(installed, tmp_path, "convert", dataset, "--split", split, "--source", "sample")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / done.stdout.strip() / "manifest.json").is_file()


def test_the_module_trains_and_evaluates_from_any_folder(installed: Path, tmp_path: Path) -> None:
    env = {
        **os.environ,
        "PYTHONPATH": str(installed),
        "HF_HUB_OFFLINE": "1",
        "OMP_NUM_THREADS": "1",
    }
    env.pop("UQA_DATA_DIR", None)
    launch = [sys.executable, "-m", "accelerate.commands.launch", "--num_processes", "1", "--cpu"]
    sample = ["--allow-sample", "--device", "cpu"]

    def start(*words: str) -> None:
        done = subprocess.run(words, cwd=tmp_path, env=env, capture_output=True, text=True)
        assert done.returncode == 0, done.stderr

    where = "import vera_model.run; print(vera_model.run.__file__)"
    found = subprocess.run(
        [sys.executable, "-c", where], env=env, cwd=tmp_path, capture_output=True
    )
    assert Path(found.stdout.decode().strip()) == installed / "vera_model" / "run.py"
    tasks = ["--train_tasks", "copa", "--valid_tasks", "copa", "--run_name", "launched"]
    tiny = ["--preset", "tiny", "--steps", "1"]
    start(*launch, "-m", "vera_model.run", *tiny, *tasks, *sample)
    best = ["--mode", "eval", "--load_from_ckpt", "runs/launched/model/best", "--run_name", "e"]
    module = [sys.executable, "-m", "vera_model.run"]
    start(*module, *best, "--eval_tasks", "copa", *sample)
    assert (tmp_path / "runs" / "e" / "metrics.json").is_file()
    wrong = subprocess.run(
        [*module, "--data", "nosuch"], cwd=tmp_path, env=env, capture_output=True, text=True
    )
    assert wrong.returncode == 4
    assert wrong.stderr.startswith("uqa train: nosuch does not exist")


def test_training_without_the_extra_says_what_to_install(installed: Path, tmp_path: Path) -> None:
    run(installed, tmp_path, "convert", "copa", "--split", "validation", "--source", "sample")
    data = "data/converted/copa/validation.sample"
    done = run(installed, tmp_path, "train", "--data", data, "--allow-sample", "--out", "run")
    assert done.returncode == 2
    assert re.search(r"this needs \w+: pip install '/.*\.whl\[model\]'\n", done.stderr)
    assert "Traceback" not in done.stderr
