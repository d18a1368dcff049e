"""Mutation test of docs/traps.md: removes each handling and checks that its tests fail.

    python tools/traps_bite.py [--only collapsing]        # all of them take 4 minutes

Works on a copy of the project. Each row of the page names a sample row, a test and the handling
without which the test fails; EDITS below has the change that removes each handling. If the text to
change is not found any more, the tool stops: correct EDITS.
"""

import argparse
import ast
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).resolve().parent.parent
PAGE = ROOT / "docs" / "traps.md"
COPIED = ("unifiedqa_convert", "converters", "vera_model", "data", "tests", "pyproject.toml")
ROW = re.compile(r"\| ([^|]+) \| `([^`|]+)` ([^|]+) \| `(\w+\.py)::(\w+)` \| ([^|]+) \|")


class Trap(NamedTuple):
    """One row of the page."""

    kind: str
    place: str
    """``dataset/shape/split`` of its sample row."""
    words: str
    """Words of the sample row's question or context."""
    file: str
    test: str
    without: str
    """A key of EDITS."""


Edit = tuple[str, str, str]
"""A file, a text in it, and its replacement; with END as text, what is appended to the file."""
END = ""

C, U = "converters", "unifiedqa_convert"
CHUNK = f"{U}/conversion/chunk.py"
DRAFTS = f"{U}/question_converters/drafts.py"
ENCODE, SCHEMA = f"{U}/records/encode.py", f"{U}/schema.py"
CHOICES = f"{C}/shared/labelled_choices.py"
EDITS: dict[str, Sequence[Edit]] = {
    "collapsing": [
        (SCHEMA, 'return " ".join(text.split())', "return text"),
    ],
    "keeping what is not white space": [
        (SCHEMA, "    if text.isprintable()", '    text = text.replace("\\u200b", "")\n'
         "    if text.isprintable()"),
    ],
    "cutting at separators": [
        (ENCODE, "text.split(profile.separator)\n    choices",
         're.split(r" \\\\n | (?=\\([a-z]\\) )", text)\n    choices'),
    ],
    "flagging": [(CHUNK, END, "recovers = lambda *_: True")],
    "leaving an empty context out": [
        (ENCODE, "    if context:\n", "    if context is not None:\n"),
    ],
    "sciq's empty support": [
        (f"{C}/sciq.py", "row.support if row.support.strip() else None", "row.support"),
    ],
    "seeing equal choices": [
        (CHUNK, END, "_equal = lambda *_, **__: False"),
    ],
    "ignoring case": [
        (CHUNK, END, "_equal = lambda texts, **_: len(set(texts)) < len(texts)"),
    ],
    "masking": [(CHUNK, "place in same_choice or place in same)", "False)")],
    "seeing conflicts": [(CHUNK, "if key in true & false}", "if False}")],
    "keeping such choices": [
        (CHOICES, "choices=tuple(texts)",
         'choices=tuple(t for t in texts if "of the above" not in t)'),
    ],
    "counting choices": [
        (CHOICES, "len(labels) != len(texts) or len(texts) not in numbers",
         "False"),
        (f"{C}/social_iqa.py", 'Field(alias="answerC"', 'Field("", alias="answerC"'),
        (f"{C}/winogrande.py", "option2: Text = Field(", 'option2: Text = Field("", '),
        (f"{C}/wsc273.py", "option2: Text = Field(", 'option2: Text = Field("", '),
        (f"{C}/wsc273.py", "min_length=2, max_length=2, ", ""),
        (f"{C}/copa.py", "choice2: Text = Field(", 'choice2: Text = Field("", '),
        (f"{C}/sciq.py", "distractor3: Text = Field(", 'distractor3: Text = Field("", '),
    ],
    "hidden answers": [
        (f"{C}/commonsenseqa.py", "row.answer_key or None", 'row.answer_key or "A"'),
        (f"{C}/social_iqa.py", "None if self.label is None else int(self.label) - 1",
         'int(self.label or "1") - 1'),
        (f"{C}/winogrande.py", "(int(row.answer) - 1,) if row.answer else None",
         '(int(row.answer or "1") - 1,)'),
        (f"{C}/csqa2.py", "None if row.answer is None else ", ""),
        (f"{C}/copa.py", "None if self.label is None or self.label < 0 else (self.label,)",
         "(self.label or 0,)"),
    ],
    "unknown labels": [
        (DRAFTS, "return (None,) * len", "return (False,) * len"),
    ],
    "copa's -1": [(f"{C}/copa.py", " or self.label < 0", "")],
    "looking keys up": [(CHOICES, "labels.index(key)", 'ord(key) - ord("A")')],
    "stripping keys": [(f"{C}/openbookqa.py", "row.answer_key.strip()", "row.answer_key")],
    "counting from 1": [
        (f"{C}/social_iqa.py", "int(self.label) - 1", "int(self.label) % 3"),
        (f"{C}/winogrande.py", "int(row.answer) - 1", "int(row.answer) % 2"),
        (f"{C}/wsc273.py", "int(self.answer) - 1", "int(self.answer) % 2"),
        (f"{C}/copa.py", "int(self.plausible) - 1", "int(self.plausible) % 2"),
    ],
    "the answer's full stop": [(f"{C}/wsc273.py", '.removesuffix(".")', "")],
    "one choice a key": [
        (CHOICES, "labels.count(key)) != 1", "labels.count(key)) < 1"),
    ],
    "reading labels beside": [
        (f"{C}/social_iqa.py", '= CompanionFile((("", "{}-labels.lst"),), "label")', "= None"),
    ],
    "whole names": [
        (f"{U}/rows/companion_files.py", "stem = _unpacked(path.name)\n",
         'stem = path.name.split(".", 1)[0]\n'),
    ],
    "the same ids": [
        (f"{U}/rows/companion_files.py", "if fewer or len(more) > unknown:", "if False:"),
    ],
    "the letter": [
        (f"{C}/social_iqa.py", "(HubRow, LetterRow, AuthorsRow)", "(HubRow, AuthorsRow)"),
    ],
    "names that mean the gold": [
        (f"{U}/rows/typed_rows.py", "if means_gold(n) and", "if False and"),
    ],
    "refusing no labels": [
        (f"{U}/conversion/pipeline.py", "if not job.request.unlabelled:", "if False:"),
    ],
    "dropping qID": [
        (f"{C}/winogrande.py", "            question=row.sentence",
         '            id=getattr(row, "qid", None),\n            question=row.sentence'),
    ],
    "ordering by hash": [(f"{C}/sciq.py", "order_matters=False", "order_matters=True")],
    "keeping repeated rows": [
        (CHUNK, END, "_whole = convert_chunk\ndef convert_chunk(*given):\n"
         "    chunk = _whole(*given)\n"
         "    chunk.converted[:] = {item.question: item for item in chunk.converted}.values()\n"
         "    return chunk"),
    ],
    "numbered ids": [
        (CHUNK, END, "_whole = convert_chunk\ndef convert_chunk(*given):\n"
         "    chunk = _whole(*given)\n"
         "    chunk.converted[:] = [x._replace(id=x.question.input) for x in chunk.converted]\n"
         "    return chunk"),
    ],
    "the first 273": [(f"{C}/wsc273.py", "first = 273", "first = None")],
    "unpacking": [(f"{U}/rows/compression.py", 'case "gzip":', 'case ".gzip":')],
    "leaving the fact out": [
        (f"{C}/openbookqa.py", "= (HubRow, AuthorsRow)", "= (HubFactRow, AuthorsFactRow)"),
    ],
    "filling blanks": [(DRAFTS, "if blanks == 1 and ask.answer", "if False")],
    "the pronoun's blank": [(f"{C}/wsc273.py", '{before} _ {after}', "{before} {after}")],
    "runs of underscores": [(DRAFTS, r"(?<![\w])_+(?!", r"(?<![\w])_(?!")],
    "counting blanks": [(DRAFTS, "blanks == 1", "blanks >= 1")],
    "knowing questions": [(f"{C}/csqa2.py", " or QUESTION.match(text)", "")],
    "the full stop": [
        (f"{C}/csqa2.py", 'with_full_stop(text.rstrip(",;:/> "))', 'text.rstrip(",;:/> ")'),
    ],
    "the article": [(f"{C}/shared/english.py", 'return f"the {noun}" if', "return noun if")],
    "the article's case": [
        (f"{C}/shared/english.py", "return first.lower() + noun[len(first) :]", "return noun"),
    ],
}  # fmt: skip
# Handlings of files of one's own, of formats, models and services: no sample row shows them.
OWN = f"{U}/rows/own"
FURTHER: dict[str, tuple[str, Sequence[Edit]]] = {
    "one name, one column": (
        "rows/own/test_survey.py::test_one_name_for_two_columns_is_an_error_in_every_format",
        [(f"{OWN}/headers.py", "        if len(found) > 1:\n            numbers",
          "        if False:\n            numbers")],
    ),
    "empty cells at the end": (
        "rows/own/test_own_choices.py::"
        "test_empty_cells_at_the_end_are_no_choices_and_before_another_a_reject",
        [(f"{OWN}/choices.py", "while number and is_blank(texts[number - 1]):",
          "while False:")],
    ),
    "lists written as text": (
        "rows/own/test_own_choices.py::"
        "test_a_list_is_read_in_every_way_it_is_written_and_is_never_one_choice",
        [(f"{OWN}/choices.py", 'cell, form = _written(cell, column), "written"',
          "cell, form = [cell], None")],
    ),
    "letters of their own": (
        "rows/own/test_own_choices.py::test_letters_of_their_own_are_seen_and_stripped_if_asked",
        [(f"{OWN}/choices.py", "    if strip and marks:", "    if False:")],
    ),
    "names of classes": (
        "rows/own/test_survey.py::test_the_names_of_classes_are_heeded",
        [(f"{OWN}/survey.py",
          'classes = named.get(names.get(columns.gold or "", ""), ())',
          "classes: tuple[str, ...] = ()")],
    ),
    "names of classes in packed files": (
        "rows/own/test_survey.py::"
        "test_the_names_of_classes_are_heeded_in_packed_files_and_refused_as_choices",
        [(f"{OWN}/table_form.py", "schema = table_schema(path)",
          'schema = table_schema(path) if path.suffix == ".parquet" else None')],
    ),
    "columns that are not given": (
        "rows/own/test_survey.py::test_a_gold_that_is_a_column_which_is_not_given_is_refused",
        [(f"{OWN}/headers.py", "if wrong or not {*due}.isdisjoint(same):", "if wrong:")],
    ),
    "names out of order": (
        "rows/own/test_survey.py::test_a_name_of_another_choice_than_the_position_is_a_reject",
        [(f"{OWN}/gold.py", "if _out_of_order(names):", "if False:")],
    ),
    "hidden golds without choices": (
        "rows/own/test_survey.py::"
        "test_golds_without_choices_that_may_be_hidden_or_yes_and_no_are_told",
        [(f"{OWN}/survey.py", "if columns.gold_is is None and hidden and not found:",
          "if False:")],
    ),
    "normal form": (
        "rows/own/test_survey.py::test_texts_are_compared_in_normal_form_and_shown_as_written",
        [(f"{OWN}/gold.py", 'normalize("NFC", text)', "text"),
         (f"{OWN}/gold.py", 'collapse(normalize("NFKC", text))', "collapse(text)")],
    ),
    "pointers and pages": (
        "rows/test_magic.py::test_what_holds_no_rows_is_named_with_what_to_do",
        [(f"{U}/rows/magic.py", '(b"version https://git-lfs', '(b"zqxjk')],
    ),
    "what macOS adds": (
        "rows/test_magic.py::test_what_macos_adds_to_a_zip_is_passed_over",
        [(f"{U}/rows/compression.py",
          'any(part.startswith(".") or part == "__MACOSX" for part in parts)', "False")],
    ),
    "the sep= line": (
        "rows/test_magic.py::test_the_separator_is_told_from_header_and_rows",
        [(f"{U}/rows/tables.py", "(declared := _DECLARED.match(start))", "(declared := None)")],
    ),
    "labels named for other rows": (
        "rows/test_companion_files.py::test_given_labels_that_are_another_files_by_name_are_refused",
        [(f"{U}/rows/companion_files.py",
          "if by_line and (stem := _named_for(by_line, other)):", "if False:")],
    ),
    "golds that contradict": (
        "conversion/test_repeats.py::test_repeats_are_counted_across_shards_and_workers",
        [(f"{U}/conversion/repeats.py", "if len(labelled) > 1:", "if False:")],
    ),
    "rows in two splits": (
        "conversion/test_repeats.py::test_a_row_in_two_splits_is_told_by_the_later_one",
        [(f"{U}/conversion/repeats.py", "if other == split or", "if True or")],
    ),
    "the places of contradictions": (
        "check/test_check.py::test_rows_that_contradict_are_named_with_their_places",
        [(f"{U}/check/several_rows.py", 'self._add("contradictory-rows"', 'self._add("equal-row"')],
    ),
    "repeats counted again": (
        "check/test_repeated.py::test_an_edited_manifest_is_found",
        [(f"{U}/check/output.py", "if repeated[name] != number:", "if False:")],
    ),
    "the manifest's digest": (
        "check/test_repeated.py::test_an_edited_manifest_is_found",
        [(f"{U}/check/output.py", "digest != manifest_digest(manifest):", "False:")],
    ),
    "the digest of the rows": (
        "check/test_repeated.py::test_another_row_that_is_listed_anew_is_found",
        [(f"{U}/check/output.py", "if sha256(hashes).hexdigest() != digest:", "if False:")],
    ),
    "repeats of statements": (
        "check/test_repeated.py::test_every_format_has_the_same_checks",
        [(f"{U}/check/output.py", "true if labelled else None", "None"),
         (f"{U}/check/vera_json.py", "in_any_order(golds)), number", "None), number")],
    ),
    "a key twice in a body": (
        "service/test_service_bodies.py::test_a_key_that_occurs_twice_is_refused",
        [(f"{U}/service/api/responses.py", "        if repeated:  #", "        if False:  #")],
    ),
}  # fmt: skip


def table() -> list[Trap]:
    """The rows of docs/traps.md."""
    return [Trap(*row) for row in ROW.findall(PAGE.read_text(encoding="utf-8"))]


def remove_handling(without: str, copy: Path) -> None:
    for name, old, new in EDITS.get(without) or FURTHER[without][1]:
        path = copy / name
        text = path.read_text(encoding="utf-8")
        if old not in text:
            sys.exit(f"{without}: {name} no longer has {old!r}; correct EDITS in {__file__}")
        changed = text.replace(old, new) if old else f"{text}\n\n{new}\n"
        path.write_text(changed, encoding="utf-8")


def failures(tests: Iterable[str], copy: Path) -> list[str]:
    """The ids of the tests that fail in the copy."""
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-q", "-n", "0", "-rfE", "--tb=no", *sorted(tests)],
        cwd=copy,
        env={**os.environ, "PYTHONPATH": str(copy), "PYTHONDONTWRITEBYTECODE": "1"},
        capture_output=True,
        text=True,
    )
    return re.findall(r"^(?:FAILED|ERROR) tests/(?:converters/)?(.*)$", done.stdout, flags=re.M)


def arguments_of(trap: Trap) -> set[str]:
    """The names of the test's parameters; raises KeyError if there is no such test."""
    module = ast.parse((ROOT / "tests/converters" / trap.file).read_text(encoding="utf-8"))
    tests = {node.name: node for node in module.body if isinstance(node, ast.FunctionDef)}
    return {argument.arg for argument in tests[trap.test].args.args}


def has_failed(trap: Trap, failed: Iterable[str]) -> bool:
    """True if the test failed; a test of several sample rows must fail for this one."""
    names = arguments_of(trap)
    parameters = [trap.place] * ("place" in names) + [trap.words] * ("words" in names)
    start = f"{trap.file}::{trap.test}"
    return any(test.startswith(start) and all(p in test for p in parameters) for test in failed)


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawTextHelpFormatter
    )
    parser.add_argument("--only", choices=[*EDITS, *FURTHER], help="only this handling")
    only = parser.parse_args().only
    traps = [trap for trap in table() if only in (None, trap.without)]
    missed = 0
    for without in [only] if only else [*EDITS, *FURTHER]:
        mine = [trap for trap in traps if trap.without == without]
        tests = {f"tests/converters/{trap.file}::{trap.test}" for trap in mine}
        if without in FURTHER:
            tests = {f"tests/{FURTHER[without][0]}"}
        with tempfile.TemporaryDirectory() as folder:
            copy = Path(folder)
            for name in COPIED:
                place = shutil.copytree if (ROOT / name).is_dir() else shutil.copy2
                place(ROOT / name, copy / name)
            remove_handling(without, copy)
            failed = failures(tests, copy)
        if without in FURTHER:
            missed += not failed
            print(f"{'fails' if failed else 'PASSES':6} without {without}: {tests}", flush=True)
        for trap in mine:
            bites = has_failed(trap, failed)
            missed += not bites
            print(
                f"{'fails' if bites else 'PASSES':6} without {without}: {trap.kind}, {trap.place} "
                f"{trap.words}, {trap.test}",
                flush=True,
            )
    further = sum(only in (None, without) for without in FURTHER)
    print(f"{len(traps)} rows and {further} more; {missed} tests pass without their handling")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
