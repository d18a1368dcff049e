"""A package with a dataset of our own, ``sky``: any rows, in a repository of each host."""

import json
from pathlib import Path

from conftest import ROOT
from repositories import Repositories

OLD = "a" * 40
WEATHER = (ROOT / "docs" / "example-dataset" / "uqa_weather" / "weather.py").read_text("utf-8")
SOURCE = """        splits={"train": Split(), "validation": Split(), "test": Split(labelled=False)},
        repositories=(
            Repository(host="hub", name="sky/hub", files={"train": (PinnedFile("train.jsonl"),)}),
            Repository(host="github", name="sky/git", splits={"validation": "dev"}),
        ),
"""


def install(folder: Path) -> dict[str, str]:
    """Put the package there; the environment of a process that has it."""
    text = WEATHER.replace("Weather", "Sky").replace('"weather"', '"sky"')
    text = text.replace("import Adapter", "import PinnedFile, Repository, Adapter")
    start = text.index("        splits=")
    text = text[:start] + SOURCE + text[text.index("        license=") :]
    (folder / "uqa_sky").mkdir()
    (folder / "uqa_sky" / "__init__.py").write_text("")
    (folder / "uqa_sky" / "sky.py").write_text(text)
    facts = folder / "uqa_sky-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: uqa-sky\nVersion: 1.0\n")
    (facts / "entry_points.txt").write_text("[unifiedqa_convert.adapters]\nsky = uqa_sky\n")
    return {"PYTHONPATH": str(folder)}


def rows(number: int, length: int = 10) -> bytes:
    """So many rows with a question of at least this length."""
    lines = (
        {"id": str(n), "question": f"{n}".rjust(length, "?"), "options": ["a", "b", "c"]}
        | {"answer": "ABC"[n % 3]}
        for n in range(number)
    )
    return "".join(json.dumps(line) + "\n" for line in lines).encode()


def held(train: bytes, dev: bytes) -> Repositories:
    """The repositories with these files."""
    found = Repositories()
    found.add("hub", "sky/hub", OLD, {"train.jsonl": train})
    found.add("github", "sky/git", OLD, {"data/dev.jsonl": dev})
    return found
