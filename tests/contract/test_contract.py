"""What every adapter promises (unifiedqa_convert/contract/), asked of each and of each sample.

The goldens in tests/golden/ hold what the samples must become. After a change that is meant:
``pytest tests/contract/test_contract.py --update-goldens``, then read the difference.
The second half breaks each promise in a copy of the documentation's example, and it must notice.
"""

import importlib
import json
import shutil
from collections.abc import Callable, Iterable, Mapping
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
from unifiedqa_convert.records.converted import Converted, Record
from unifiedqa_convert.rows.shapes import raw_names
from unifiedqa_convert.schema import Adapter

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


Label = str | int | bool | None


class Sin(NamedTuple):
    """Edits of the example's module and sample, and the promise they break."""

    promise: str
    edits: Mapping[str, str] = MappingProxyType({})
    files: Mapping[str, str] = MappingProxyType({})
    """By their path in samples/weather/."""


def row(number: str, answer: Label, options: str = "x y z", note: str = "seen") -> str:
    asked = {"id": number, "question": f"Is it {number}?", "options": options.split()}
    return json.dumps({**asked, "answer": answer, "note": note})


def rows(numbers: str, answers: Iterable[Label]) -> dict[str, str]:
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

ANSWER = f"answer: {CLOSED}"
MAYBE_GOLD = f"golds=None if row.answer is None else {GOLD}"
NUMBERED = "answer: Annotated[Literal[0, 1, 2, -1], NotBool] | None"
NUMBERS_IN = {
    "import ClassVar": "import Annotated, ClassVar",
    "MultipleChoice, Row": "MultipleChoice, NotBool, Row",
    ANSWER: NUMBERED,
}
FIXED = {"min_length=3, max_length=3, ": ""}
YES_NO = {
    "Source, Split, Text": "Source, Split, Text, YesNo",
    "yield MultipleChoice(": "yield YesNo(",
    "            choices=tuple(row.options),\n": "",
}
NOTE = '    note: Text = Field("", description="not used: who wrote it")\n'
UNUSED = {"    answer: Lit": f"{NOTE}    answer: Lit"}
LEFT_OUT = {
    "        yield Multi": "        if row.answer is None:\n            return\n        yield Multi"
}


OWN = """
def own(label):
    if label not in (0, 1, 2):
        raise FieldError("answer", "no such label")
    return (0, 1, 2).index(label)


"""


def yes_no(kind: str, answer: str) -> dict[str, str]:
    return {**YES_NO, CLOSED: f"{kind} | None", MAYBE_GOLD: f"answer={answer}"}


def hidden(answers: Iterable[Label]) -> dict[str, str]:
    return {**rows("1 2 3 4 5 6", answers), "authors/test.jsonl": row("1", None)}


def mixed(*of: tuple[str, str]) -> dict[str, str]:
    """Rows with other numbers of options."""
    lines = [row(str(at), answer, options) for at, (answer, options) in enumerate(of, start=1)]
    return {"authors/validation.jsonl": "\n".join(lines) + "\n"}


FREE = {
    "MultipleChoice, Row": "FreeText, Row",
    "yield MultipleChoice(": "yield FreeText(",
    "min_length=3, max_length=3, ": "",
    "choices=tuple(row.options)": "answers=tuple(row.options)",
    f"            {MAYBE_GOLD},\n": "",
    f'    {ANSWER} = Field(None, description="gold; null where hidden")\n': "",
}
NOT_BLANK = {**FREE, "tuple(row.options)": "tuple(o for o in row.options if o.strip())"}
QUOTED = {"authors/validation.jsonl": row("1", None)[:-1] + ', "answer_start": [0, 2, 4]}'}
QUOTES = '    def quotes(self):\n        return [(self.options[0], 7, "x")]\n\n\nclass Weather('

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
    Sin("samples_show_each_answer", files=rows("1 2 3", "BBB")),
    Sin("samples_show_each_answer", files=rows("1 2 3 4", "ABAB")),
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
    # Free text: a blank answer, one twice, and the mark of none.
    Sin("references_are_answers", FREE),
    Sin("references_are_answers", NOT_BLANK, {"authors/test.jsonl": row("1", None, "x y x")}),
    Sin(
        "references_are_answers",
        NOT_BLANK,
        {"authors/test.jsonl": row("1", None, "<No_Answer> y z").replace("_", " ")},
    ),
    Sin("quoted_answers_are_told", NOT_BLANK, QUOTED),
    Sin("quoted_answers_are_told", {**NOT_BLANK, "\n\nclass Weather(": f"\n{QUOTES}"}, QUOTED),
    Sin("a_labelled_split_has_labels", {"labelled=False": "labelled=True"}),
    # Off by one, where no sample row has the last label; and down.
    Sin(
        "every_label_gives_a_gold",
        {GOLD: '("ABC".index(row.answer) + 1,)'},
        rows("1 2 3 4", "ABBA"),
    ),
    Sin(
        "every_label_gives_a_gold",
        {GOLD: '("ABC".index(row.answer) - 1,)'},
        rows("1 2 3 4", "BCCB"),
    ),
    Sin(
        "labels_mean_what_they_say",
        {GOLD: '(("ABC".index(row.answer) + 1) % 3,)'},
    ),
    # 0 read as hidden; -1 as the last choice.
    Sin(
        "every_label_gives_a_gold",
        {**NUMBERS_IN, "row.answer is None": "row.answer in (None, -1, 0)", GOLD: "(row.answer,)"},
        hidden((1, 2, 1, 2, 1, 0)),
    ),
    Sin(
        "every_label_gives_a_gold",
        {
            **NUMBERS_IN,
            "None if row.answer is None else ": "",
            GOLD: "(row.answer,) if row.answer and row.answer > 0 else None",
        },
        hidden((1, 2, 1, 2, 1, 2)),
    ),
    Sin(
        "hidden_answers_are_kept",
        {**NUMBERS_IN, GOLD: "(range(3)[row.answer],)"},
        hidden((0, 1, 2, 0, 1, 2)),
    ),
    # Two labels clamped to one gold.
    Sin("labels_mean_what_they_say", {GOLD: '(min("ABC".index(row.answer), 1),)'}),
    Sin("labels_mean_what_they_say", {GOLD: '(int(row.answer != "A"),)'}, rows("1 2", "AB")),
    Sin("labels_mean_what_they_say", {GOLD: '({"A": 0, "B": 2, "C": 2}[row.answer],)'}),
    # Yes and no swapped.
    Sin(
        "labels_mean_what_they_say",
        yes_no('Literal["yes", "no"]', 'None if row.answer is None else row.answer == "no"'),
        hidden(("yes", "no", "no", "yes", "no", "yes")),
    ),
    Sin(
        "labels_mean_what_they_say",
        yes_no("bool", "None if row.answer is None else not row.answer"),
        hidden((True, False, True, False, True, False)),
    ),
    Sin(
        "labels_mean_what_they_say",
        yes_no('Literal["0", "1"]', 'None if row.answer is None else row.answer == "0"'),
        hidden("010101"),
    ),
    Sin(
        "labels_mean_what_they_say",
        yes_no(
            'Literal["yes", "no", "maybe"]', 'None if row.answer is None else row.answer == "yes"'
        ),
        hidden(("yes", "no", "maybe", "yes", "no", "yes")),
    ),
    # `return` on a row without a label.
    Sin(
        "every_row_is_used",
        LEFT_OUT,
    ),
    Sin(
        "hidden_answers_are_kept",
        LEFT_OUT | {', "test": Split(labelled=False)': ""},
        {"authors/test.jsonl": ""},
    ),
    # The gold always last, or first in all rows but one.
    Sin(
        "samples_show_each_answer",
        {**FIXED, GOLD: "(len(row.options) - 1,)"},
        mixed(("A", "x y z"), ("B", "x y"), ("C", "x y z")),
    ),
    Sin(
        "samples_show_each_answer",
        {**FIXED, GOLD: "(len(row.options) - 1,)"},
        mixed(("A", "x y z"), ("B", "x y"), ("C", "x y z"), ("A", "x")),
    ),
    Sin(
        "samples_show_each_answer",
        {**FIXED, GOLD: "(int(row.id == '3'),)"},
        mixed(("A", "x y"), ("B", "x y"), ("B", "v w"), ("A", "x y"), ("B", "x y")),
    ),
    Sin("used_fields_change_something", {GOLD: "(ord(row.id[-1]) % 3,)"}),
    # The same where the gold is a field of its own, put last among the choices.
    Sin(
        "samples_show_each_answer",
        {**FIXED, "tuple(row.options)": "(*row.options, row.note)", GOLD: "(len(row.options),)"}
        | {"    answer: Lit": '    note: Text = Field(description="gold")\n    answer: Lit'},
        mixed(("A", "x y z"), ("B", "x y"), ("C", "x y v")),
    ),
    # A field described as not used, in the context.
    *(
        Sin(
            "unused_fields_change_nothing",
            {**UNUSED, "=row.question,": f"=row.question, {where}"},
        )
        for where in ("context=row.note,", "cue=row.note,")
    ),
    Sin(
        "unknown_labels_are_refused",
        {CLOSED: "Literal[0, 1, 2] | None", GOLD: "(row.answer,)"},
        hidden((0, 1, 2, 1, 2, 0)),
    ),
    # The same for labels without a closed type.
    Sin(
        "every_label_gives_a_gold",
        {CLOSED: "int | None", GOLD: "(own(row.answer) + 1,)"}
        | {
            "Example, Multi": "Example, FieldError, Multi",
            "class Weather(": f"{OWN}class Weather(",
        },
        hidden((0, 1, 0, 1, 0, 1)),
    ),
    Sin(
        "labels_mean_what_they_say",
        {CLOSED: "Text | None", GOLD: "(own(row.answer),)"}
        | {"Example, Multi": "Example, FieldError, Multi"}
        | {"class Weather(": OWN.replace("(0, 1, 2)", 'tuple("ACB")') + "class Weather("},
    ),
    Sin(
        "labels_mean_what_they_say",
        {CLOSED: "bool | None", GOLD: "(int(row.answer),)", "tuple(row.options)": '("yes", "no")'},
        hidden((True, False, True, False, True, False)),
    ),
    # Choices swapped, or turned round.
    Sin(
        "labels_mean_what_they_say",
        {"tuple(row.options)": "(row.options[1], row.options[0], row.options[2])"},
    ),
    Sin("labels_mean_what_they_say", {"tuple(row.options)": "tuple(row.options[::-1])"}),
    Sin("labels_mean_what_they_say", {GOLD: '("CBA".index(row.answer),)'}),
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
    Sin(
        "texts_are_what_they_are_called",
        {"choices=": 'sentences=tuple(f"It is {o}." for o in row.options[::-1]), choices='},
    ),
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


@pytest.mark.parametrize("sin", SINS, ids=lambda sin: sin.promise)
def test_one_cause_is_told_once(sinner: Load, sin: Sin) -> None:
    told = contract.told_once(broken(sinner(sin)))
    samples = [breach for breach in told if breach.sample is not None]
    assert told
    assert len(samples) <= 1


def test_two_causes_are_both_told(sinner: Load) -> None:
    edits = {GOLD: '(min("ABC".index(row.answer), 1),)', "=row.question,": "=row.id,"}
    both = {**edits, **UNUSED, "id=row.id": "context=row.note"}
    told = contract.told_once(broken(sinner(Sin("none", both))))
    assert [breach.promise for breach in told] == [
        "labels_mean_what_they_say",
        "unused_fields_change_nothing",
    ]


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
