"""`uqa convert NAME` in an empty folder, against repositories that serve the pinned real rows."""

import csv
import hashlib
import json
import os
from collections.abc import Iterator
from functools import cache
from pathlib import Path
from typing import Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from conftest import SHARED, Run
from repositories import CONVERTED, Repositories, serving

from unifiedqa_convert.datasets.registry import catalogue, load_adapter
from unifiedqa_convert.schema import Repository

pytestmark = pytest.mark.shared
OLD, NEW = "a" * 40, "b" * 40


class Case(NamedTuple):
    """A split whose pinned bytes all lie in the team's folder."""

    dataset: str
    split: str
    repository: Repository
    files: tuple[Path, ...]


@cache
def real_files() -> dict[str, Path]:
    """Every file of the team's folder, by its sha256."""
    files = [path for path in (SHARED / "real").rglob("*") if path.is_file()]
    return {hashlib.sha256(path.read_bytes()).hexdigest(): path for path in files}


def cases() -> Iterator[Case]:
    for adapter in catalogue().adapters.values():
        for split in adapter.source.splits:
            for it in adapter.source.having(split)[:1]:
                found = [real_files().get(str(file.sha256)) for file in it.files.get(split, ())]
                if found and None not in found:
                    yield Case(adapter.name, split, it, tuple(path for path in found if path))


CASES = list(cases())
GOLDENS = {
    ("spatial_cs", "validation"): ["height", "posrel", "size"],
}


def golden_digest(dataset: str, split: str) -> str | None:
    """The digest of the team's golden records of a whole split; None if there are none."""
    with (SHARED / "golden" / "INDEX.tsv").open(encoding="utf-8", newline="") as file:
        lines = [
            line["golden, under canonical/"]
            for line in csv.DictReader(file, delimiter="\t")
            if (line["dataset"], line["split"], line["compare"]) == (dataset, split, "text")
        ]
    lines = [f"spatial_cs/{name}.jsonl" for name in GOLDENS.get((dataset, split), ())] or lines[:1]
    digest = hashlib.sha256()
    for name in lines:
        text = (SHARED / "golden" / "canonical" / name).read_text(encoding="utf-8")
        for line in text.removesuffix("\n").split("\n"):
            record = json.loads(line)
            digest.update(f"{record['input']}\t{record['output'] or ''}\n".encode())
    return digest.hexdigest() if lines else None


def converted(uqa: Run, dataset: str, split: str, env: dict[str, str], *more: str) -> Any:
    done = uqa("convert", dataset, "--split", split, "--json", *more, **env)
    assert done.returncode == 0, done.stderr
    document = json.loads(done.stdout)
    assert document["sample"] is False
    return document["manifest"]


@pytest.fixture
def here(tmp_path: Path) -> dict[str, str]:
    """Caches of this test's own."""
    return {"UQA_CACHE": str(tmp_path / "cache"), "HF_HOME": str(tmp_path / "hub")}


def test_the_table_has_these_real_files() -> None:
    datasets = {case.dataset for case in CASES}
    assert datasets == {
        *("codah", "com2sense", "com2sense_paired", "comve_a", "creak", "csqa2", "numersense"),
        *("numersense_new", "physical_iqa", "spatial_cs", "strategyqa", "contrast_sets_boolq"),
        "quoref",
    }


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.dataset}-{case.split}")
def test_a_pinned_split_is_one_command(case: Case, uqa: Run, here: dict[str, str]) -> None:
    repositories, it = Repositories(), case.repository
    pinned = it.files[case.split]
    held = {file.path: path.read_bytes() for file, path in zip(pinned, case.files, strict=True)}
    repositories.add(it.host, it.name, str(it.commit), held)
    with serving(repositories) as env:
        manifest = converted(uqa, case.dataset, case.split, {**env, **here})
    source, split = manifest["source"], load_adapter(case.dataset).source.splits[case.split]
    where = (it.host, it.name, it.commit)
    assert (source["host"], source["repository"], source["commit"]) == where
    assert source["digest"] == golden_digest(case.dataset, case.split) or source["digest"]
    if golden := golden_digest(case.dataset, case.split):
        assert source["digest"] == golden == split.digest
    # Offline, the second time, from the cache; nothing was recorded: the pin proves it.
    again = uqa("convert", case.dataset, "--split", case.split, "--locked", **here)
    assert "already complete" in again.stderr, again.stderr
    assert not Path("uqa.lock").exists()


def rows_of(*place: str) -> list[dict[str, Any]]:
    text = SHARED.joinpath("real", *place).read_text(encoding="utf-8")
    return [json.loads(line) for line in text.removesuffix("\n").split("\n")]


def as_parquet(rows: list[dict[str, Any]], folder: Path) -> bytes:
    pq.write_table(pa.Table.from_pylist(rows), folder / "made.parquet")
    return (folder / "made.parquet").read_bytes()


def alphanli_hub() -> list[dict[str, Any]]:
    """The authors' rows in the hub's columns."""
    labels = SHARED / "real" / "alphanli" / "authors" / "dev-labels.lst"
    return [
        {
            "observation_1": row["obs1"],
            "observation_2": row["obs2"],
            "hypothesis_1": row["hyp1"],
            "hypothesis_2": row["hyp2"],
            "label": int(label),
        }
        for row, label in zip(
            rows_of("alphanli", "authors", "dev.jsonl"),
            labels.read_text(encoding="utf-8").split(),
            strict=True,
        )
    ]


HUB = {
    "copa": ("copa/validation-00000-of-00001.parquet", ("copa", "superglue", "val.jsonl")),
    "social_iqa": ("", ("social_iqa", "hub", "validation.rows.jsonl")),
    "winogrande_xl": (
        "winogrande_xl/validation-00000-of-00001.parquet",
        ("winogrande", "hub", "validation.rows.jsonl"),
    ),
    "winogrande_l": (
        "winogrande_l/validation-00000-of-00001.parquet",
        ("winogrande", "hub", "validation.rows.jsonl"),
    ),
}


@pytest.mark.parametrize("dataset", HUB)
def test_a_pinned_commit_without_a_hash_is_completed_by_the_lock(
    dataset: str, uqa: Run, here: dict[str, str], tmp_path: Path
) -> None:
    path, place = HUB[dataset]
    adapter = load_adapter(dataset)
    it = adapter.source.having("validation")[0]
    path = path or it.files["validation"][0].path
    body = as_parquet(rows_of(*place), tmp_path)
    repositories = Repositories()
    others = {"README.md": b"#", path.replace("validation", "train"): b"other rows"}
    repositories.add("hub", it.name, str(it.commit), {path: body, **others})
    lock = tmp_path / "uqa.lock"
    with serving(repositories) as env:
        refused = uqa("convert", dataset, "--split", "dev", "--locked", **env, **here)
        assert (refused.returncode, lock.exists()) == (4, False), refused.stderr
        assert f"has no {dataset}/validation" in refused.stderr
        first = uqa("convert", dataset, "--split", "dev", **env, **here)
        assert first.returncode == 0, first.stderr
        assert f"{dataset}/validation: took {path} of hub {it.name}@" in first.stderr
        manifest = converted(uqa, dataset, "dev", {**env, **here}, "--locked", "--overwrite")
    entry = json.loads(lock.read_text())["datasets"][dataset]["validation"]
    assert entry["commit"] == it.commit
    sha256 = hashlib.sha256(body).hexdigest()
    assert entry["files"] == [{"path": path, "bytes": len(body), "sha256": sha256}]
    golden = golden_digest(dataset if dataset != "winogrande_l" else "winogrande_xl", "validation")
    assert entry["digest"] == manifest["source"]["digest"] == golden
    assert not [line for line in repositories.asked if "train" in line]


@pytest.mark.parametrize("branch", ["main", CONVERTED])
def test_an_unpinned_home_is_looked_up_once(
    branch: str, uqa: Run, here: dict[str, str], tmp_path: Path
) -> None:
    """The data files of main, or, where main holds only a script, those the hub converted."""
    repositories = Repositories()
    name = "anli/validation-00000-of-00001.parquet"
    body = as_parquet(alphanli_hub(), tmp_path)
    repositories.add("hub", "allenai/art", OLD, {"art.py": b"raise SystemExit('never run')"})
    repositories.add("hub", "allenai/art", OLD if branch == "main" else NEW, {name: body}, branch)
    with serving(repositories) as env:
        manifest = converted(uqa, "alphanli", "dev", {**env, **here})
        entry = json.loads((tmp_path / "uqa.lock").read_text())["datasets"]["alphanli"]
        assert entry["validation"]["branch"] == branch
        # The branch moves: the lock's commit is taken still.
        moved = as_parquet(alphanli_hub()[:-1], tmp_path)
        repositories.add("hub", "allenai/art", "c" * 40, {name: moved}, branch)
        again = converted(uqa, "alphanli", "dev", {**env, **here}, "--overwrite")
        assert again["source"] == manifest["source"]
        moved_on = uqa("sources", "alphanli", "--check", **env, **here)
        assert moved_on.returncode == 0, moved_on.stdout
    assert manifest["source"]["digest"] == golden_digest("alphanli", "validation")
    assert not any(line.endswith(".py") for line in repositories.asked)
    assert "HF_ENDPOINT" not in os.environ
