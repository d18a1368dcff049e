"""Names that people type: which dataset each is taken for, which are refused, what is suggested."""

import json
import re
from collections.abc import Callable
from pathlib import Path
from subprocess import CompletedProcess
from typing import ClassVar

import pytest

from unifiedqa_convert.conversion.preview import shown
from unifiedqa_convert.conversion.request import Request, resolve
from unifiedqa_convert.datasets import names
from unifiedqa_convert.datasets.registry import catalogue, completions, load_adapter
from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.rows.own.columns import Columns
from unifiedqa_convert.schema import Adapter

Uqa = Callable[..., "CompletedProcess[str]"]
ADAPTERS = catalogue().adapters
ALIASES = [(alias, adapter.name) for adapter in ADAPTERS.values() for alias in adapter.aliases]
UNCLEAR = [
    (name, adapter.name, other)
    for adapter in ADAPTERS.values()
    for name, other in adapter.unclear.items()
]

TAKEN = {
    "physical_iqa": ("piqa", "PIQA", "ybisk/piqa", "baber/piqa", "lighteval/piqa:plain_text"),
    "social_iqa": ("siqa", "Social-IQa", "social_i_qa", "allenai/social_i_qa", "lighteval/siqa"),
    "commonsenseqa": ("csqa", "CommonsenseQA", "commonsense_qa", "tau/commonsense_qa"),
    "openbookqa": ("obqa", "OpenBookQA", "allenai/openbookqa:main", "openbookqa:main"),
    "openbookqa_fact": ("allenai/openbookqa:additional",),
    "arc_easy": ("arc-easy", "ARC-Easy", "ARC Easy", "allenai/ai2_arc:ARC-Easy", "arc_e"),
    "arc_hard": ("arc_challenge", "ARC-Challenge", "ARC-c", "ai2_arc:ARC-Challenge"),
    "copa": ("COPA", "aps/super_glue:copa", "super_glue:copa", "superglue-copa"),
    "winogrande_xl": ("winogrande", "WinoGrande", "allenai/winogrande:winogrande_xl"),
    "winogrande_l": ("winogrande:winogrande_l", "WinoGrande-L"),
    "alphanli": ("art", "allenai/art", "abductive_nli", "art:anli"),
    "story_cloze_test": ("story_cloze", "storycloze", "Story Cloze Test", "SCT"),
    "sciq": ("SCIQ", "allenai/sciq", "AllenAI/SciQ"),
    "csqa2": ("commonsense_qa_2", "CSQA_2", "tasksource/commonsense_qa_2.0"),
    "hellaswag": ("Rowan/hellaswag", "HellaSwag"),
    "swag": ("allenai/swag", "allenai/swag:regular"),
    "numersense": ("INK-USC/numer_sense", "numer-sense"),
    "com2sense": ("tasksource/com2sense", "Com2Sense"),
    "wsc273": ("wsc_273", "WSC-273", "winograd", "winograd_wsc:wsc273"),
}
# What is refused, and what its message must name.
REFUSED = {
    "anli": ("alphanli", "Adversarial NLI"),
    "ANLI": ("alphanli", "Adversarial NLI"),
    "wsc": ("wsc273", "SuperGLUE"),
    "winograd_wsc": ("wsc273", "WSC285"),
    "truthful_qa": ("truthfulqa_mc1", "truthfulqa_mc2", "free answers"),
    "truthfulqa-mc": ("truthfulqa_mc1", "truthfulqa_mc2"),
    "truthfulqa/truthful_qa": ("truthfulqa_mc1", "truthfulqa_mc2"),
    "truthful_qa:multiple_choice": ("truthfulqa_mc1", "truthfulqa_mc2"),
    "arc": ("arc_easy", "arc_hard"),
    "ai2_arc": ("arc_easy", "arc_hard"),
    "allenai/ai2_arc": ("arc_easy", "arc_hard"),
    "allenai/openbookqa": ("openbookqa", "openbookqa_fact"),
    "allenai/winogrande": tuple(name for name in ADAPTERS if name.startswith("winogrande_")),
    "ai2_science": ("ai2_science_elementary", "ai2_science_middle"),
    "AI2 Science Questions": ("ai2_science_elementary", "ai2_science_middle"),
    "aps/super_glue": ("boolq", "copa", "a task of SuperGLUE"),
    "pkavumba/balanced-copa": ("copa", "balanced_dev"),
    "atomic": ("atomic2020_3d", "Sap et al. 2019"),
}
NEAR = {
    "siqaa": "social_iqa",
    "piqaa": "physical_iqa",
    "obqaa": "openbookqa",
    "hellaswg": "hellaswag",
    "arc_challange": "arc_hard",
    "someone/piqa": "physical_iqa",
    "super_glue/copa": "copa",
    "allenai/winogrande:xl": "winogrande_xl",
    "sciq:test": "sciq",
}


@pytest.mark.parametrize(("alias", "dataset"), ALIASES)
def test_an_alias_is_taken_for_its_dataset(alias: str, dataset: str) -> None:
    for typed in (alias, alias.upper(), alias.replace("_", "-")):
        assert load_adapter(typed).name == dataset


@pytest.mark.parametrize(
    ("typed", "dataset"), [(typed, name) for name, every in TAKEN.items() for typed in every]
)
def test_what_people_type_is_taken(typed: str, dataset: str) -> None:
    assert load_adapter(typed).name == dataset


@pytest.mark.parametrize("typed", REFUSED)
def test_a_name_with_several_meanings_is_refused_with_each(typed: str) -> None:
    with pytest.raises(UsageError) as raised:
        load_adapter(typed)
    assert str(raised.value).startswith(f"{typed!r} can mean {REFUSED[typed][0]}")
    assert [part for part in REFUSED[typed] if part not in str(raised.value)] == []
    assert ": type " in str(raised.value)


@pytest.mark.parametrize(("typed", "dataset", "other"), UNCLEAR)
def test_every_unclear_name_is_refused(typed: str, dataset: str, other: str) -> None:
    with pytest.raises(UsageError, match="can mean") as raised:
        load_adapter(typed)
    assert dataset in str(raised.value)
    assert other in str(raised.value)


@pytest.mark.parametrize("typed", NEAR)
def test_a_near_miss_is_suggested_by_alias_too(typed: str) -> None:
    with pytest.raises(UsageError, match=f"no dataset '{typed}': did you mean {NEAR[typed]}"):
        load_adapter(typed)


def test_nothing_is_suggested_for_what_is_like_nothing() -> None:
    for typed in ("qwertzui", "k8s", "xyz", "a" * 5000):
        with pytest.raises(UsageError, match="': `uqa list` shows all"):
            load_adapter(typed)


def test_a_datasets_own_name_goes_before_an_alias() -> None:
    class Siqa(type(ADAPTERS["sciq"])):  # type: ignore[misc]
        name = "siqa"

    adapters: dict[str, Adapter] = {**ADAPTERS, "siqa": Siqa()}
    assert names.taken_for("SIQA", adapters) == "siqa"
    assert names.near("siqa_", adapters)[0] == "siqa"


def test_an_alias_of_two_adapters_is_refused_with_both() -> None:
    class Other(type(ADAPTERS["sciq"])):  # type: ignore[misc]
        name = "other"
        aliases = ("piqa", "mine")

    adapters: dict[str, Adapter] = {**ADAPTERS, "other": Other()}
    assert names.taken_for("mine", adapters) == "other"
    with pytest.raises(UsageError, match="'piqa' can mean physical_iqa or other: type the one"):
        names.taken_for("piqa", adapters)


def test_a_subclass_has_other_names_than_its_parent() -> None:
    class Parent(type(ADAPTERS["sciq"])):  # type: ignore[misc]
        aliases = ("mine",)
        unclear: ClassVar = {"ours": "yours"}

    class Child(Parent):
        name = "child"

    assert (Parent.aliases, Parent.unclear) == (("mine",), {"ours": "yours"})
    assert not Child.aliases
    assert not Child.unclear


def test_a_shell_completes_names_and_aliases() -> None:
    assert completions("") == sorted(ADAPTERS)
    assert completions("piq") == ["piqa"]
    assert completions("story") == ["story_cloze", "story_cloze_test", "storycloze"]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("sciq", "sciq is a known dataset"),
        ("piqa", "piqa is a name of physical_iqa, a known dataset"),
        ("arc", "arc is a name of arc_easy and arc_hard, a known dataset"),
    ],
)
def test_an_own_file_gets_a_name_of_its_own(tmp_path: Path, name: str, said: str) -> None:
    request = Request(
        dataset=name, split="train", from_file=tmp_path / "a.csv", columns=Columns(question="q")
    )
    with pytest.raises(UsageError, match=f"^{said}; choose another name for yours"):
        resolve(request)


def test_below_the_command_line_the_own_name_is_used(capsys: pytest.CaptureFixture[str]) -> None:
    pytest.importorskip("fastapi")
    from unifiedqa_convert.service.api.catalogue import adapter_named

    assert adapter_named("siqa") is ADAPTERS["social_iqa"]
    request = Request(dataset="SIQA", split="dev", source="sample", out=Path("x"))
    assert resolve(request).place().final == Path("x/social_iqa/validation.sample")
    assert resolve(request).facts()["dataset"] == "social_iqa"
    facts = shown("siqa", None, (), 0)
    assert (facts["name"], "siqa" in facts["aliases"]) == ("social_iqa", True)
    assert capsys.readouterr() == ("", "")


@pytest.mark.parametrize("command", ["show", "cite", "sources", "fetch --plan", "plan convert"])
def test_what_a_name_is_taken_for_is_told(uqa: Uqa, command: str) -> None:
    done = uqa(*command.split(), "PIQA", "--json")
    assert (done.returncode, done.stderr) == (0, "PIQA: taken as physical_iqa\n")
    assert "taken as" not in done.stdout
    own = uqa(*command.split(), "physical_iqa", "--json")
    free = r'"(disk_)?free(_bytes)?": \d+'  # of the disk
    assert re.sub(free, "", own.stdout) == re.sub(free, "", done.stdout)
    assert own.stderr == ""


def test_a_conversion_goes_by_the_own_name(uqa: Uqa) -> None:
    asked = *"convert PIQA --split dev --source sample --to jsonl --json --out".split(), "x"
    done = uqa(*asked)
    assert done.returncode == 0
    assert done.stderr.splitlines()[0] == "PIQA: taken as physical_iqa"
    assert json.loads(done.stdout)["folder"] == "x/physical_iqa/validation.sample"
    assert json.loads(done.stdout)["manifest"]["dataset"] == "physical_iqa"
    assert "taken as" not in uqa(*asked, "--quiet", "--overwrite").stderr
    lacking = uqa("convert", "PIQA")
    assert lacking.returncode == 2
    assert "--split is missing: physical_iqa has train, validation" in lacking.stderr
