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


def test_training_without_the_extra_says_what_to_install(installed: Path, tmp_path: Path) -> None:
    run(installed, tmp_path, "convert", "copa", "--split", "validation", "--source", "sample")
    data = "data/converted/copa/validation.sample"
    done = run(installed, tmp_path, "train", "--data", data, "--allow-sample", "--out", "run")
    assert done.returncode == 2
    assert re.search(r"this needs \w+: pip install '/.*\.whl\[model\]'\n", done.stderr)
    assert "Traceback" not in done.stderr
