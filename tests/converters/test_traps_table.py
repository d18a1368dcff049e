"""docs/traps.md names tests that exist and sample rows that have their trap, and misses none."""

import re
import runpy
from collections.abc import Callable

import pytest
from conftest import ROOT
from test_traps_real import alike, listed, marked
from trap_rows import all_of, choices_of, sample

from unifiedqa_convert.records.converted import Converted

TOOL = runpy.run_path(str(ROOT / "tools" / "traps_bite.py"))
TRAPS = TOOL["table"]()

# As the team's list of traps in real rows calls the eight datasets. SciQ in MetaICL's shape is
# none of sciq's raw shapes.
EIGHT = re.compile(
    r"(copa|wsc273|sciq(?!_metaicl)|commonsenseqa|openbookqa|social_iqa|winogrande|csqa2).*"
)


def fields(item: Converted) -> list[str]:
    example = item.example
    choices = choices_of(item) if example.kind == "multiple_choice" else ()
    return [example.question, example.context or "", *choices]


def any_field(holds: Callable[[str], object]) -> Callable[[Converted], bool]:
    return lambda item: any(map(holds, fields(item)))


# On the example, whose texts are as published but where an adapter makes them of several fields.
HOLDS: dict[str, Callable[[Converted], object]] = {
    "double space in a field": any_field(lambda text: "  " in text),
    "outer white space in a field": any_field(lambda text: text != text.strip()),
    "tab in a field": any_field(lambda text: "\t" in text),
    "tab/newline inside a choice": lambda i: any("\t" in c or "\n" in c for c in choices_of(i)),
    "newline in context": lambda i: "\n" in (i.example.context or ""),
    "newline in question": lambda i: "\n" in i.example.question,
    "zero-width space": any_field(lambda text: "\u200b" in text),
    "question holds (x) letter marker": lambda i: marked(i.example.question),
    "context holds (x) letter marker": lambda i: marked(i.example.context),
    "choice holds (x) letter marker": lambda i: any(map(marked, choices_of(i))),
    "literal backslash-n": any_field(lambda text: r"\n" in text),
    "empty context": lambda i: not (i.example.context or "").strip(),
    "choices equal": alike,
    "choices equal up to case": lambda i: alike(i) and len({*choices_of(i)}) == len(choices_of(i)),
    "GOLD text equal to a distractor": lambda i: "conflicting-choices" in i.flags,
    "'all/none of the above' choice": lambda i: "all of the above" in choices_of(i),
    "no label": lambda i: i.question.output is None,
    "blank in question": lambda i: len(re.findall("_+", i.example.question)) == 1,
    "blank of 2+ underscores": lambda i: "__" in i.example.question,
    "2+ blanks in question": lambda i: len(re.findall("_+", i.example.question)) > 1,
}
# A whole field of WSC's is gone from its example, which is made of three.
OF_THE_FILE = {"wsc273": {"double space in a field", "outer white space in a field"}}


def test_the_page_is_read() -> None:
    lines = TOOL["PAGE"].read_text(encoding="utf-8").splitlines()
    rows = [line for line in lines if line.startswith("| ") and not line.startswith("| Trap ")]
    assert len(TRAPS) == len(rows) > 80


@pytest.mark.parametrize("trap", TRAPS, ids=lambda trap: f"{trap.kind}-{trap.place}-{trap.words}")
def test_its_test_and_its_sample_row_are_there(trap: tuple[str, ...]) -> None:
    kind, place, words, *_ = trap
    TOOL["arguments_of"](trap)  # KeyError where the file has no such test
    found = [i for i in all_of(place) if words in f"{i.example.question} {i.example.context}"]
    if kind == "identical row text repeated":
        assert len({i.question for i in found}) == 1 < len(found)
        return
    assert found, words
    if kind in OF_THE_FILE.get(place.split("/")[0], ()):
        assert "  " in sample(place)[2].read_text("latin-1")
    elif kind in HOLDS:
        assert any(HOLDS[kind](item) for item in found)


def test_every_way_to_take_a_handling_away_is_used() -> None:
    assert {trap.without for trap in TRAPS} == set(TOOL["EDITS"])


@pytest.mark.shared
def test_no_trap_of_the_eight_is_missing() -> None:
    there = {(trap.place.split("/")[0].split("_xl")[0], trap.kind) for trap in TRAPS}
    for line in listed():
        if found := EIGHT.fullmatch(line["dataset"]):
            assert (found[1], line["trap"]) in there, line


def test_every_edit_finds_its_text() -> None:
    """tools/traps_bite.py takes ten minutes: that it still can is checked here."""
    edits = [edit for edits in TOOL["EDITS"].values() for edit in edits]
    edits += [edit for _, edits in TOOL["FURTHER"].values() for edit in edits]
    assert len(edits) > 40
    for file, old, _ in edits:
        assert old in (ROOT / file).read_text(encoding="utf-8"), f"{file} lacks {old!r}"
