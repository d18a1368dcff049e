"""What an error advises works where it is given."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from unifiedqa_convert.errors import UsageError, missing_library

ORIGINS = [
    (None, "pip install 'unifiedqa-convert[model]'"),
    (
        {"url": "file:///home/me/a%20clone", "dir_info": {"editable": True}},
        "pip install -e '/home/me/a clone[model]'",
    ),
    ({"url": "file:///w/uqa.whl", "archive_info": {}}, "pip install '/w/uqa.whl[model]'"),
    (
        {"url": "https://h/o/r", "vcs_info": {"vcs": "git", "commit_id": "c0ffee"}},
        "pip install 'unifiedqa-convert[model] @ git+https://h/o/r@c0ffee'",
    ),
]


@pytest.mark.parametrize(("origin", "command"), ORIGINS)
def test_an_extra_is_installed_beside_this_installation(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, origin: dict[str, Any] | None, command: str
) -> None:
    """``direct_url.json`` is what pip writes (PEP 610); none is there for an index's package."""
    info = tmp_path / "unifiedqa_convert-9.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: unifiedqa-convert\nVersion: 9\n")
    if origin is not None:
        (info / "direct_url.json").write_text(json.dumps(origin))
    monkeypatch.syspath_prepend(tmp_path)
    error = missing_library("torch", "model")
    assert isinstance(error, UsageError)
    assert str(error) == f"this needs torch: {command}"


def test_an_extra_of_a_checkout_that_is_not_installed() -> None:
    """``-S``: without site-packages, so that no package has metadata."""
    code = "from unifiedqa_convert.errors import install_command; print(install_command('model'))"
    done = subprocess.run(
        [sys.executable, "-S", "-c", code],
        env={"PYTHONPATH": str(ROOT)},
        capture_output=True,
        text=True,
    )
    assert done.stdout == f"pip install -e '{ROOT}[model]'\n", done.stderr
