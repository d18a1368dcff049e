"""Many datasets in one go, and whom to cite for them."""

import json
import re
import subprocess
import unicodedata
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from conftest import ROOT

from unifiedqa_convert.conversion.groups import (
    UNIFIEDQA_GROUPS,
    SplitOutcome,
    convert_group,
    group_exit_code,
    members,
)
from unifiedqa_convert.conversion.pipeline import convert
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.datasets.catalogue import FORM, citations
from unifiedqa_convert.datasets.listing import canonical_split
from unifiedqa_convert.datasets.registry import catalogue
from unifiedqa_convert.errors import UqaError

Uqa = Callable[..., subprocess.CompletedProcess[str]]


def test_a_group_of_samples(uqa: Uqa) -> None:
    command = "convert --group vera-unseen --source sample --allow-sample -q --json"
    done = uqa(*command.split())
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert {it["outcome"] for it in found} == {"done"}
    assert {it["dataset"] for it in found} == {it.name for it in members("vera-unseen")}
    again = json.loads(uqa(*command.split()).stdout)
    assert {it["why"] for it in again} == {"invented sample rows; complete already"}


def test_a_failing_dataset_does_not_stop_the_others(uqa: Uqa, tmp_path: Path) -> None:
    """copa's file is broken, the other datasets' are absent: all are told, and the code is 4."""
    (folder := tmp_path / "rows" / "copa").mkdir(parents=True)
    (folder / "val.jsonl").write_text("no JSON\n")
    done = uqa(*"convert --group vera-unseen --split dev --data-dir rows".split())
    assert "copa/validation: failed\n" in done.stderr, "the table says why, once"
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert "failed" in lines["copa"]
    assert "not JSON" in lines["copa"]
    assert re.search("has no split|it has: test", lines["wsc273"])
    assert lines["alphanli"].endswith(
        " -     no dev.jsonl in --data-dir rows; `uqa sources alphanli` lists where it may lie, or "
        "give it with --raw"
    )
    outcomes = [line.split()[2] for line in done.stdout.splitlines()[1:-1]]
    assert outcomes == sorted(outcomes, key=("done", "skipped", "failed").index)
    assert done.returncode == 4
    assert re.search(r"\d+ failed", done.stdout.splitlines()[-1])


def test_samples_need_consent_and_one_dataset_excludes_a_group(uqa: Uqa) -> None:
    done = uqa(*"convert --group vera-unseen --source sample -q".split())
    assert (done.returncode, done.stdout) == (7, "")
    assert done.stderr == "uqa: --source sample with --group needs --allow-sample\n"
    for wrong in ("convert", "convert copa --group vera", "convert copa"):
        done = uqa(*wrong.split())
        assert done.returncode == 2
        assert "give one dataset" in done.stderr or "--split is missing" in done.stderr


@pytest.mark.parametrize(
    ("wrong", "why"),
    [
        ({"to": "tsv", "records": "both"}, "--to tsv can't hold --records both"),
        ({"data_dir": Path("nowhere"), "source": "auto"}, "--data-dir nowhere: no such folder"),
        ({"data_dir": Path()}, "--data-dir and --source sample exclude each other"),
        ({"profile": "mine"}, "no profile 'mine'"),
        ({"recipe": "vera", "profile": "canonical"}, "--recipe vera sets everything"),
        ({"num_shards": 2, "shard_index": 2}, "--shard-index 2 must be less"),
        ({"allow_sample": False}, "--source sample with --group needs --allow-sample"),
    ],
)
def test_what_is_wrong_for_every_dataset_is_told_once(wrong: dict[str, Any], why: str) -> None:
    def convert_one(one: Request) -> Any:
        raise AssertionError(one)

    asked = Request(**{"dataset": "", "split": "", "source": "sample", **wrong})
    with pytest.raises(UqaError, match=why):
        list(convert_group(asked, "all", None, convert_one))


def test_unifiedqas_groups_hold_what_it_was_trained_on_and_what_it_encodes() -> None:
    v1, v2, every = (
        {it.name for it in members(group)}
        for group in ("unifiedqa-v1", "unifiedqa-v2", "unifiedqa")
    )
    assert v1 < v2 < every < {it.name for it in members("all")}
    assert (len(v1), len(v2)) == (13, 25), "each name is a dataset's"
    assert every == set(UNIFIEDQA_GROUPS["unifiedqa"])


def test_list_names_a_groups_datasets(uqa: Uqa) -> None:
    listed = json.loads(uqa("list", "--group", "unifiedqa", "--json").stdout)
    assert [it["name"] for it in listed] == [it.name for it in members("unifiedqa")]


@pytest.mark.parametrize(
    ("split", "to", "records"),
    [
        (None, "arrow", "both"),
        ("train", "tsv", "declarative"),
        ("validation", "tsv", "question"),
        ("test", "arrow", "question"),
    ],
)
def test_every_sample_converts(tmp_path: Path, split: str | None, to: Any, records: Any) -> None:
    """Splits without labels and without a sample too: none fails, none is lost without a word."""
    asked = Request(
        dataset="", split="", source="sample", to=to, records=records, out=tmp_path, unlabelled=True
    )
    outcomes = list(convert_group(asked, "all", split, convert))
    assert [it for it in outcomes if it.outcome == "failed"] == []
    assert {it.dataset for it in outcomes} == set(catalogue().adapters)
    told = {it.why.split(";")[0] for it in outcomes if it.outcome == "skipped"}
    named = canonical_split(split) if split else ""
    expected = (
        {"it has no labelled split"}
        if split is None
        else {f"it has no split {split}", f"it has no sample of {named}"}
    )
    assert told <= expected


@pytest.mark.parametrize(("codes", "code"), [((0, 0), 0), ((7, 0, 7), 7), ((7, 3), 4)])
def test_the_exit_code(codes: tuple[int, ...], code: int) -> None:
    outcomes = [SplitOutcome("x", "y", "failed" if c else "done", exit_code=c) for c in codes]
    assert group_exit_code(outcomes) == code


def fields(entry: str) -> dict[str, str]:
    return dict(re.findall(r"^  (\w+) = \{(.*)\},$", entry, re.MULTILINE))


def plain(text: str) -> str:
    letters = unicodedata.normalize("NFD", text)
    return "".join(letter for letter in letters if not unicodedata.combining(letter))


def test_every_citation_has_a_real_entry_of_each_of_its_papers(uqa: Uqa) -> None:
    for it in citations([]):
        assert FORM.fullmatch(it.citation), it
        rest = it.citation
        assert len(it.bibtex) == len(re.findall(r" (?:19|20)\d\d\. ", it.citation)), it.dataset
        for entry in it.bibtex:
            own = fields(entry)
            assert own["title"].startswith("{"), "BibTeX leaves its capitals"
            paper = f"{own['year']}. {own['title'].strip('{}')}".replace("\\&", "&")
            before, rest = rest.split(paper)
            surnames = [name.split(",")[0].strip("{}") for name in own["author"].split(" and ")]
            cited = re.split(r", and |, | and ", re.split(r"[.:] ", before.strip())[-1])
            if cited[-1].endswith("al."):
                surnames, cited = surnames[:1], [cited[-1].removesuffix(" et al.")]
            assert [plain(name) for name in surnames] == [plain(name) for name in cited]
            firsts = [name for name in own["author"].split(" and ") if ", " not in name]
            assert all(name.startswith("{") for name in firsts), "organisations only"
            assert re.match(r"10\.\d+/\S+$|https?://\S+$", own.get("doi") or own["url"])
            kind = entry[1 : entry.index("{")]
            where = {"inproceedings": "booktitle", "article": "journal"}
            assert kind == "misc" or own[where[kind]]
    entries = uqa("cite", "--bibtex").stdout
    keys = re.findall(r"^@\w+\{(.+),$", entries, re.MULTILINE)
    assert len(keys) == len(set(keys)) >= 70
    assert sorted(keys, key=str.lower) == sorted(keys)
    done = uqa("cite", "copa", "copa", "--bibtex")
    assert "author = {Roemmele, Melissa and Bejan, Cosmin Adrian and Gordon, Andrew S.}," in (
        done.stdout
    )
    assert done.stdout.count("@inproceedings") == 1
    assert "Roemmele" in uqa("cite", "copa").stdout


def test_each_of_the_references_is_cited() -> None:
    file = (ROOT / "converters" / "references.bib").read_text(encoding="utf-8")
    used = {entry for it in citations([]) for entry in it.bibtex}
    assert {*re.findall(r"^@.*?^\}", file, re.MULTILINE | re.DOTALL)} == used


def test_a_package_without_references_has_surnames(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("unifiedqa_convert.datasets.catalogue._references", lambda _package: {})
    (copa,) = citations(["copa"])
    (entry,) = copa.bibtex
    assert entry.startswith("@misc{copa,")
    assert "  author = {Roemmele and Bejan and Gordon},\n" in entry
    assert "  year = {2011},\n" in entry


def test_the_citations_are_as_many_as_the_datasets(uqa: Uqa) -> None:
    assert len(json.loads(uqa("cite", "--json").stdout)) == len(catalogue().adapters)
    assert uqa("cite", "capo").returncode == 2
