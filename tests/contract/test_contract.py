"""What every adapter promises (unifiedqa_convert/contract/), asked of each and of each sample.

The goldens in tests/golden/ hold what the samples must become. After a change that is meant:
``pytest tests/contract/test_contract.py --update-goldens``, then read the difference.
The second half breaks each promise in a copy of the documentation's example, and it must notice.
"""

import importlib
import json
import shutil
from collections.abc import Callable, Mapping
from itertools import count
from pathlib import Path
from types import MappingProxyType
from typing import NamedTuple

import pytest
from conftest import ROOT

from unifiedqa_convert import contract
from unifiedqa_convert.contract import Breach, Case, breaches, cases, sample_promises
from unifiedqa_convert.contract.sample import Sample, chunk_of
from unifiedqa_convert.datasets.registry import catalogue
from unifiedqa_convert.rows.shapes import raw_names
from unifiedqa_convert.schema import Adapter, Converted, Record

GOLDENS = ROOT / "tests" / "golden"
EXAMPLE = ROOT / "docs" / "example-dataset" / "uqa_weather"


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test per adapter, sample and promise; none at all fails (empty_parameter_set_mark)."""
    if "case" in metafunc.fixturenames:
        update = metafunc.config.getoption("--update-goldens")
        adapters = catalogue().adapters.values()
        every = [case for adapter in adapters for case in cases(adapter, GOLDENS, update)]
        metafunc.parametrize("case", every, ids=str)


def test_the_promise_is_kept(case: Case) -> None:
    assert not list(case.broken())


def test_every_adapter_is_asked_everything() -> None:
    assert not catalogue().errors
    every = {promise.__name__ for promise in contract.PROMISES}
    every |= {"samples_become_their_goldens", "goldens_have_their_sample"}
    for adapter in catalogue().adapters.values():
        assert {case.promise for case in cases(adapter, GOLDENS)} == every, adapter.name


def test_every_golden_has_its_adapter() -> None:
    assert {path.name for path in GOLDENS.iterdir()} <= set(catalogue().adapters)


def test_a_promise_says_what_and_why() -> None:
    assert len(set(contract.PROMISES)) == len(contract.PROMISES)
    for promise in contract.PROMISES:
        assert len((promise.__doc__ or "").strip()) > 40, promise


def test_raw_names_are_what_the_file_says() -> None:
    from converters.wsc273 import AuthorsXmlRow

    assert raw_names(AuthorsXmlRow)["before"] == "text.txt1"


class Sin(NamedTuple):
    """Edits of the example's module and sample, and the promise they break."""

    promise: str
    edits: Mapping[str, str] = MappingProxyType({})
    files: Mapping[str, str] = MappingProxyType({})
    """By their path in samples/weather/."""


def row(number: str, answer: str | None) -> str:
    asked = f"Is it {number}?"
    return json.dumps(
        {"id": number, "question": asked, "options": ["x", "y", "z"], "answer": answer}
    )


def rows(numbers: str, answers: str) -> dict[str, str]:
    lines = map(row, numbers.split(), answers)
    return {"authors/validation.jsonl": "\n".join(lines) + "\n"}


WEATHER = (EXAMPLE / "weather.py").read_text(encoding="utf-8")
SHAPE = 'shape = "authors"\n'
GOLD = '("ABC".index(row.answer),)'
CLOSED = 'Literal["A", "B", "C"] | None'
IMPORT = "from pydantic import Field\n"
LENIENT = (
    'Annotated[Literal["A", "B", "C"] | None, '
    'BeforeValidator(lambda v: v if v in ("A", "B", "C", None) else "A")]'
)
SECOND_SHAPE = (
    '\n\nclass CopyRow(AuthorsRow):\n    """A copy."""\n\n    shape = "copy"\n\n\nclass Weather('
)

REPOSITORY = {"Row, Source": "PinnedFile, Repository, Row, Source"}

SINS = [
    Sin("facts_are_stated", {"version = 1": "version = 0"}),
    Sin("facts_are_stated", {"version = 1": "version = True"}),
    Sin("facts_are_stated", {"    version = 1\n": ""}),
    Sin("facts_are_stated", {"CC-BY-4.0": ""}),
    Sin("facts_are_stated", {"Doe 2026. Weather.": " "}),
    Sin("facts_are_stated", {"https://": "http://"}),
    Sin("facts_are_stated", {'name = "weather"': 'name = "Weather"'}),
    Sin("facts_are_stated", {"documentation only": "I looked"}),
    Sin("facts_are_stated", {"version = 1": 'version = 1\n    partition = "mine"'}),
    Sin(
        "facts_are_stated",
        {"Which of three answers to a question": "", " about the weather is right?": ""},
    ),
    Sin("other_names_are_its_own", {"version = 1": 'version = 1\n    aliases = ("The Weather",)'}),
    Sin("other_names_are_its_own", {"version = 1": 'version = 1\n    aliases = ("copa",)'}),
    Sin("other_names_are_its_own", {"version = 1": 'version = 1\n    aliases = ("piqa",)'}),
    Sin("other_names_are_its_own", {"version = 1": 'version = 1\n    aliases = ("wsc",)'}),
    Sin("other_names_are_its_own", {"version = 1": 'version = 1\n    unclear = {"w": "weather"}'}),
    *(
        Sin("pins_are_whole", {"license=": f"repositories=({wrong},), license=", **REPOSITORY})
        for wrong in (
            'Repository(host="hub", name="weather")',
            'Repository(host="hub", name="a/b", commit="0a1b2c", evidence="seen")',
            f'Repository(host="hub", name="a/b", commit="{"0" * 40}")',
            'Repository(host="hub", name="a/b", splits={"train": "train"})',
            'Repository(host="hub", name="a/b", files={"test": (PinnedFile("a", sha256="0a"),)})',
        )
    ),
    Sin("pins_are_whole", {"rows=1200": 'digest="0a1b2c"'}),
    Sin("fields_say_where_they_go", {'Field(description="question")': "Field()"}),
    Sin("fields_say_where_they_go", {'"""The authors\' JSON lines;': '"""""";"""'}),
    Sin("shapes_give_the_sources_splits", {SHAPE: f'{SHAPE}    splits = ("train", "test")\n'}),
    Sin("shapes_give_the_sources_splits", {SHAPE: f'{SHAPE}    splits = ("validation",)\n'}),
    Sin("shapes_give_the_sources_splits", {'"test": Split(': '"dev": Split('}),
    Sin("every_shape_and_only_they_have_a_sample", {SHAPE: 'shape = "hub"\n'}),
    Sin("every_shape_and_only_they_have_a_sample", files={"authors/notes.txt": "none"}),
    Sin("every_shape_and_only_they_have_a_sample", files={"old/test.jsonl": row("1", "A")}),
    Sin("samples_show_more_than_one_answer", files=rows("1 2 3", "BBB")),
    Sin("examples_is_short", {"        assert ": "        pass\n" * 40 + "        assert "}),
    Sin("a_dataset_is_pure", {IMPORT: f"{IMPORT}import os\n"}),
    Sin("a_dataset_is_pure", {IMPORT: f"{IMPORT}from unifiedqa_convert.errors import UqaError\n"}),
    Sin("a_dataset_is_pure", {"=row.question": "=row.question or open('x').read()"}),
    Sin(
        "a_dataset_is_pure",
        {IMPORT: f"{IMPORT}from . import helper\n"},
        {"../../helper.py": "from random import random\n"},
    ),
    Sin(
        "the_sample_has_the_shape_of_its_folder",
        {"\n\nclass Weather(": SECOND_SHAPE, "(AuthorsRow,)": "(AuthorsRow, CopyRow)"},
        {"copy/validation.jsonl": row("1", "A")},
    ),
    Sin("every_row_is_used", files=rows("1 2 3", "ABD")),
    Sin("every_row_is_used", {"yield Multi": "if not row.id: yield Multi"}),
    Sin("every_row_is_used", {"yield Multi": "raise KeyError(row.id)\n        yield Multi"}),
    Sin("rows_are_strict_and_frozen", {SHAPE: f'{SHAPE}    model_config = {{"frozen": False}}\n'}),
    Sin("rows_are_strict_and_frozen", {SHAPE: f'{SHAPE}    model_config = {{"strict": False}}\n'}),
    Sin("examples_are_pure", {"        assert ": "        row.options.reverse()\n        assert "}),
    Sin(
        "examples_are_pure",
        {IMPORT: f"{IMPORT}SEEN = []\n", "tuple(row.options)": "(*row.options, str(len(SEEN)))"}
        | {"        assert ": "        SEEN.append(row)\n        assert "},
    ),
    Sin("own_ids_say_nothing", files=rows("a-x-1 b-y-2 c-x-3 d-y-4", "ABAB")),
    Sin("own_ids_say_nothing", files=rows("5a-a-7 8b-b c-3d", "ABC")),
    Sin("golds_are_positions", {GOLD: "()"}),
    Sin("golds_are_positions", {GOLD: "(1, 1)"}),
    Sin("golds_are_positions", {GOLD: "(2, 0)"}),
    Sin("golds_are_positions", {GOLD: '("ABC".index(row.answer) + 1,)'}),
    Sin("a_labelled_split_has_labels", {"labelled=False": "labelled=True"}),
    Sin(
        "unknown_labels_are_refused",
        {CLOSED: LENIENT, IMPORT: "from pydantic import BeforeValidator, Field\n"}
        | {"import ClassVar": "import Annotated, ClassVar"},
    ),
    Sin("no_field_is_guessed", {CLOSED: "Text | None"}),
    Sin("no_field_is_guessed", {CLOSED: "Text | None", GOLD: '(int(row.answer == "A"),)'}),
    Sin("missing_fields_are_named", {"question: Text": "question: Text | None"}),
    Sin(
        "unknown_keys_change_nothing", {SHAPE: f'{SHAPE}    model_config = {{"extra": "forbid"}}\n'}
    ),
    Sin("labels_stay_out_of_the_question", {"id=row.id": 'id=f"{row.id}{row.answer}"'}),
    Sin("labels_stay_out_of_the_question", {"row.question,": "f'{row.question} {row.answer}',"}),
    Sin("given_sentences_are_sentences", {"choices=": "sentences=tuple(row.options), choices="}),
]
NUMBERS = count()
Load = Callable[[Sin], Adapter]


@pytest.fixture
def sinner(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Load:
    """The example dataset with a sin in it, loaded as a package of its own."""
    monkeypatch.syspath_prepend(tmp_path)

    def load(sin: Sin) -> Adapter:
        package = tmp_path / f"uqa_sinner_{next(NUMBERS)}"
        shutil.copytree(EXAMPLE, package, ignore=shutil.ignore_patterns("__pycache__"))
        text = WEATHER
        for old, new in sin.edits.items():
            assert old in text, old
            text = text.replace(old, new)
        (package / "weather.py").write_text(text, encoding="utf-8")
        for name, content in sin.files.items():
            path = package / "samples" / "weather" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="utf-8")
        importlib.invalidate_caches()
        adapter: Adapter = importlib.import_module(f"{package.name}.weather").Weather()
        return adapter

    return load


def broken(adapter: Adapter, goldens: Path | None = None, update: bool = False) -> list[Breach]:
    """But for other processes: a package that is not installed is not there."""
    every = cases(adapter, goldens, update)
    asked = [case for case in every if case.promise != "another_process_agrees"]
    return [breach for case in asked for breach in breaches(case)]


def test_the_example_itself_keeps_every_promise(sinner: Load) -> None:
    assert not broken(sinner(Sin("none")))


@pytest.mark.parametrize("sin", SINS, ids=lambda sin: sin.promise)
def test_a_broken_promise_is_noticed(sinner: Load, sin: Sin) -> None:
    assert sin.promise in {breach.promise for breach in broken(sinner(sin))}


def test_every_promise_is_broken_once() -> None:
    """These four are broken below, and another_process_agrees in test_stranger.py."""
    ours = {"written_ids_are_unique_and_say_nothing", "records_parse_back_or_are_flagged"}
    ours |= {"records_are_one_line", "another_process_agrees"}
    assert {sin.promise for sin in SINS} | ours == {p.__name__ for p in contract.PROMISES}
    assert not {sin.promise for sin in SINS} & ours


def test_what_only_we_could_break_is_noticed_too(
    sinner: Load, monkeypatch: pytest.MonkeyPatch
) -> None:
    sample: Sample = contract.samples(sinner(Sin("none")))[0]
    first, second, *_ = chunk_of(sample).converted

    def messages(promise: contract.Promise, *items: Converted) -> list[str]:
        chunk = chunk_of(sample)._replace(converted=[*items])
        with monkeypatch.context() as patched:
            patched.setattr(sample_promises, "chunk_of", lambda _: chunk)
            return [*promise(sample)]

    ids = sample_promises.written_ids_are_unique_and_say_nothing
    assert not messages(ids, first, second)
    assert messages(ids, first, first) == ["an id occurs twice"]
    assert messages(ids, first, second._replace(id="weather-validation-A"))
    for text in ("a\tb", "a\nb", "a\rb", "a\u2028b", " "):
        assert messages(
            sample_promises.records_are_one_line, first._replace(question=Record(text, "b"))
        )
    assert messages(
        sample_promises.records_are_one_line, first._replace(question=Record("a", "b\n"))
    )
    back = sample_promises.records_parse_back_or_are_flagged
    assert messages(back, first._replace(flags=("ambiguous-record",)))
    assert messages(back, first._replace(question=second.question))


def test_goldens_are_written_kept_and_missed(sinner: Load, tmp_path: Path) -> None:
    adapter, goldens = sinner(Sin("none")), tmp_path / "goldens"
    assert {breach.promise for breach in broken(adapter, goldens)} == {
        "samples_become_their_goldens"
    }
    assert not broken(adapter, goldens, update=True)
    assert not broken(adapter, goldens)
    shutil.copy(goldens / "weather/authors/test.jsonl", goldens / "weather/authors/train.jsonl")
    assert [b.promise for b in broken(adapter, goldens)] == ["goldens_have_their_sample"]
    changed = sinner(Sin("none", {"row.options": "row.options[::-1]"}))
    assert {b.sample for b in broken(changed, goldens)} >= {"weather/authors/validation"}


def test_an_adapter_that_fails_breaks_promises_and_no_run(sinner: Load) -> None:
    failing = sinner(Sin("none", {"yield Multi": "raise KeyError(row.id)\n        yield Multi"}))
    assert any("KeyError" in breach.message for breach in broken(failing))
    assert broken(sinner(Sin("none", {"    shapes: ClassVar = (AuthorsRow,)\n": ""})))
