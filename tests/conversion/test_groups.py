"""Many datasets in one go, and whom to cite for them."""

import json
import re
import subprocess
from collections.abc import Callable

import pytest

from unifiedqa_convert.conversion.groups import SplitOutcome, group_exit_code, members
from unifiedqa_convert.datasets.catalogue import FORM, bibtex, citations
from unifiedqa_convert.datasets.registry import catalogue

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
    told = uqa(*"convert --group vera-unseen --split dev --data-dir nowhere".split())
    assert "copa/validation: failed\n" in told.stderr, "the table says why, once"


def test_a_failing_dataset_does_not_stop_the_others(uqa: Uqa, tmp_path: object) -> None:
    """copa's file is broken, the other datasets' are absent: all are told, and the code is 4."""
    (folder := tmp_path / "rows" / "copa").mkdir(parents=True)  # type: ignore[operator]
    (folder / "val.jsonl").write_text("no JSON\n")
    done = uqa(*"convert --group vera-unseen --split dev --data-dir rows -q".split())
    lines = {line.split()[0]: line for line in done.stdout.splitlines()}
    assert "failed" in lines["copa"]
    assert "not JSON" in lines["copa"]
    assert re.search("has no split|it has: test", lines["wsc273"])
    assert "no dev.jsonl" in lines["alphanli"]
    assert done.returncode == 4
    assert re.search(r"\d+ failed", done.stdout.splitlines()[-1])


def test_samples_need_consent_and_one_dataset_excludes_a_group(uqa: Uqa) -> None:
    done = uqa(*"convert --group vera-unseen --source sample -q".split())
    assert done.returncode == 7
    assert "--allow-sample" in done.stdout
    for wrong in ("convert", "convert copa --group vera", "convert copa"):
        done = uqa(*wrong.split())
        assert done.returncode == 2
        assert "give one dataset" in done.stderr or "--split is missing" in done.stderr


@pytest.mark.parametrize(("codes", "code"), [((0, 0), 0), ((7, 0, 7), 7), ((7, 3), 4)])
def test_the_exit_code(codes: tuple[int, ...], code: int) -> None:
    outcomes = [SplitOutcome("x", "y", "failed" if c else "done", exit_code=c) for c in codes]
    assert group_exit_code(outcomes) == code


def test_every_citation_has_authors_year_and_title(uqa: Uqa) -> None:
    for it in citations([]):
        assert FORM.fullmatch(it.citation), it
        assert f"@misc{{{it.dataset}," in bibtex(it)
    done = uqa("cite", "copa", "--bibtex")
    assert "author = {Roemmele and Bejan and Gordon}," in done.stdout
    assert "year = {2011}," in done.stdout
    assert "Roemmele" in uqa("cite", "copa").stdout
    assert len(json.loads(uqa("cite", "--json").stdout)) == len(catalogue().adapters)
    assert uqa("cite", "capo").returncode == 2
