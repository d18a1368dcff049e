"""Which files are taken where no hash is pinned: branches, listings, parts, the next repository.

The rows are the embedded samples', repeated to the number that each split is known to have.
"""

import csv
import json
from collections.abc import Callable
from io import StringIO
from itertools import cycle, islice
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import ROOT, Run
from repositories import CONVERTED, Repositories, serving

from unifiedqa_convert.datasets.registry import load_adapter

SOME, OTHER = "a" * 40, "b" * 40
Files = dict[str, bytes]


def sample(place: str, number: int) -> list[dict[str, Any]]:
    path = ROOT / "data" / "samples" / place
    text = path.read_text(encoding="utf-8-sig")
    if path.suffix == ".csv":
        rows = list(csv.DictReader(StringIO(text)))
    else:
        rows = [json.loads(line) for line in text.splitlines()]
    return list(islice(cycle(rows), number))


def parquet(rows: list[dict[str, Any]], folder: Path) -> bytes:
    pq.write_table(pa.Table.from_pylist(rows), folder / "rows.parquet")
    return (folder / "rows.parquet").read_bytes()


def table(rows: list[dict[str, Any]]) -> bytes:
    text = StringIO()
    writer = csv.DictWriter(text, list(rows[0]))
    writer.writeheader()
    writer.writerows(rows)
    return text.getvalue().encode()


class Case(NamedTuple):
    """What a repository holds, and which of its files are the split."""

    dataset: str
    split: str
    place: tuple[str, str]
    commit: str
    held: Callable[[Path], Files]
    taken: tuple[str, ...]
    branch: str = "main"


def prost(_: Path) -> Files:
    rows = sample("prost/hub/test.jsonl", 18736)
    body = b"".join(json.dumps(row).encode() + b"\n" for row in rows)
    return {"data/default.jsonl": body, "prost.py": b"never run", "dummy/test.zip": b""}


def in_parts(folder: Path) -> Files:
    rows = sample("riddlesense/hub/validation.jsonl", 3510)
    parts = {f"default/train/000{n}.parquet": rows[n * 2000 : (n + 1) * 2000] for n in (0, 1)}
    other = parquet(rows[:3], folder)
    return {
        **{name: parquet(part, folder) for name, part in parts.items()},
        "default/validation/0000.parquet": other,
        "default/test/0000.parquet": other,
    }


def trial(_: Path) -> Files:
    rows = [
        {"id": str(number), "sent0": f"He ate {number} nails", "sent1": "He ate bread"}
        for number in range(2021)
    ]
    answers = "".join(f"{number},{number % 2}\n" for number in range(2021)).encode()
    task_b = {
        "Trial Data/taskB_trial_data.csv": b"id,x\n",
        "Trial Data/taskB_trial_answer.csv": b"",
    }
    return {
        "Trial Data/taskA_trial_data.csv": table(rows),
        "Trial Data/taskA_trial_answer.csv": answers,
        **task_b,
    }


CASES = [
    Case("prost", "test", ("hub", "corypaik/prost"), SOME, prost, ("data/default.jsonl",)),
    Case(
        "riddlesense",
        "train",
        ("hub", "INK-USC/riddle_sense"),
        SOME,
        in_parts,
        ("default/train/0000.parquet", "default/train/0001.parquet"),
        CONVERTED,
    ),
    Case(
        "copa",
        "balanced_dev",
        ("hub", "pkavumba/balanced-copa"),
        "813bd03cd6e07d9bd8d7333896ad5d40abb95ea9",
        lambda _: {"train.csv": table(sample("copa/hub/balanced_dev.csv", 1000)), "test.csv": b""},
        ("train.csv",),
    ),
    Case(
        "comve_a",
        "trial",
        ("github", "wangcunxiang/SemEval2020-Task4-Commonsense-Validation-and-Explanation"),
        "ce9430a7721651f0a126b0cce3a942faadf4fadb",
        trial,
        ("Trial Data/taskA_trial_data.csv", "Trial Data/taskA_trial_answer.csv"),
    ),
]


@pytest.fixture
def here(tmp_path: Path) -> dict[str, str]:
    return {"UQA_CACHE": str(tmp_path / "cache"), "HF_HOME": str(tmp_path / "hub")}


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.dataset}-{case.split}")
def test_a_splits_files_are_found_in_the_listing(
    case: Case, uqa: Run, here: dict[str, str], tmp_path: Path
) -> None:
    repositories = Repositories()
    host, name = case.place
    if case.branch != "main":
        repositories.add(host, name, OTHER, {"script.py": b"never run", "README.md": b"#"})
    repositories.add(host, name, case.commit, case.held(tmp_path), case.branch)
    with serving(repositories) as env:
        done = uqa("convert", case.dataset, "--split", case.split, "--json", **env, **here)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    entry = json.loads((tmp_path / "uqa.lock").read_text())["datasets"][case.dataset][case.split]
    assert tuple(file["path"] for file in entry["files"]) == case.taken
    rows = load_adapter(case.dataset).source.splits[case.split].rows
    assert entry["rows"] == document["manifest"]["counts"]["rows"]["read"] == rows
    assert document["manifest"]["source"]["digest"] == entry["digest"]
    assert not any(line.endswith((".py", ".zip")) for line in repositories.asked)


def test_a_repository_that_is_gone_is_passed_over_with_a_word(
    uqa: Run, here: dict[str, str], tmp_path: Path
) -> None:
    """WSC273's pinned commit may be on no branch; the Parquet mirror has the same rows."""
    rows = parquet(sample("wsc273/hub/test.jsonl", 273), tmp_path)
    repositories = Repositories()
    repositories.add("hub", "ErnestSDavis/winograd_wsc", OTHER, {"winograd_wsc.py": b"no"})
    path = "wsc273/test-00000-of-00001.parquet"
    repositories.add("hub", "lighteval/winograd_wsc", SOME, {path: rows})
    with serving(repositories) as env:
        done = uqa("convert", "wsc273", "--split", "test", **env, **here)
        again = uqa("convert", "wsc273", "--split", "test", "--locked", **env, **here)
    assert done.returncode == again.returncode == 0, done.stderr + again.stderr
    assert "hub ErnestSDavis/winograd_wsc@726df897" in done.stderr
    assert "no such commit any more" in done.stderr
    assert f"took {path} of hub lighteval/winograd_wsc@aaaaaaaa" in done.stderr


@pytest.mark.parametrize("missing", ["0000.parquet", "0001.parquet"])
def test_a_split_with_a_missing_part_is_refused(
    missing: str, uqa: Run, here: dict[str, str], tmp_path: Path
) -> None:
    repositories, held = Repositories(), in_parts(tmp_path)
    del held[f"default/train/{missing}"]
    repositories.add("hub", "INK-USC/riddle_sense", SOME, {"script.py": b""})
    repositories.add("hub", "INK-USC/riddle_sense", OTHER, held, CONVERTED)
    with serving(repositories) as env:
        done = uqa("convert", "riddlesense", "--split", "train", **env, **here)
    assert done.returncode == 4
    assert "parts of this split are missing" in done.stderr or "3510 is known" in done.stderr
    assert not (tmp_path / "uqa.lock").exists()


def test_a_host_that_is_down_is_passed_over_for_another_proven_one(
    uqa: Run, here: dict[str, str]
) -> None:
    """CREAK is proven at GitHub; the hub's copy would need a lock, which is not written then."""
    repositories = Repositories()
    rows = table(sample("copa/hub/balanced_dev.csv", 4))
    repositories.add("hub", "amydeng2000/CREAK", SOME, {"train.json": rows})
    with serving(repositories) as env:
        down = {**env, "UQA_GITHUB_RAW": "http://127.0.0.1:9"}
        done = uqa("convert", "creak", "--split", "train", "--no-sample", **down, **here)
        assert (done.returncode, repositories.asked) == (7, [])
        # PIQA's train is proven by the hub's sha256 and by GitHub's blob id: the second is asked.
        down = {**env, "HF_ENDPOINT": "http://127.0.0.1:9"}
        done = uqa("convert", "piqa", "--split", "train", "--no-sample", **down, **here)
    assert done.returncode == 7
    assert any("/ybisk/ybisk.github.io/" in line for line in repositories.asked), done.stderr
