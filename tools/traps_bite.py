"""Mutation test of docs/traps.md: removes each handling and checks that its tests fail.

    python tools/traps_bite.py [--only collapsing]        # all of them take 10 minutes

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
COPIED = (
    "unifiedqa_convert", "converters", "vera_model", "data", "tests", "docs", "pyproject.toml"
)  # fmt: skip
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
    "masking": [(CHUNK, "masked=place in same_choice or place in same,", "masked=False,")],
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
DATA, TEXT = "vera_model/data", "vera_model/objectives/text.py"
UNSEEN, MASKS = "vera_model/data/test_unseen.py", "converters/test_traps_masks.py"
FORMS = f"{U}/records/published_forms.py"
CONTRACT = f"{U}/contract"
SAMPLES = f"{CONTRACT}/sample_promises.py"
LABELS, FIELDS = f"{CONTRACT}/label_promises.py", f"{CONTRACT}/field_promises.py"
PLANTED = "contract/test_planted_faults.py::test_a_wrong_gold_is_told_once"
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
    "a key twice in a row of a body": (
        "service/test_service_bodies.py::test_a_key_that_occurs_twice_is_refused",
        [(f"{U}/rows/json_rows.py",
          "    if not _may_repeat_keys(text, kept):\n        return None\n    found",
          "    return None\n    found")],
    ),
    # What a model does not see.
    "counting cut tokens": (
        f"{UNSEEN}::test_counts_are_by_dataset",
        [(f"{DATA}/tokenized.py", "lost = [max(len(ids) - most, 0) for", "lost = [0 for")],
    ),
    "counting unknown tokens": (
        f"{UNSEEN}::test_counts_are_by_dataset",
        [(f"{DATA}/tokenized.py", "[ids.count(unknown) for", "[0 for")],
    ),
    "what of a text was cut": (
        f"{UNSEEN}::test_whether_the_statement_itself_was_cut",
        [(f"{DATA}/tokenized.py", "own_cut.append(lost[row] > 0 and", "own_cut.append(False and")],
    ),
    "statements of the same tokens": (
        f"{UNSEEN}::test_statements_of_the_same_tokens_are_not_trained_on",
        [(f"{DATA}/tokenized.py", "and ids[row] == first)", "and False)")],
    ),
    "contexts only are cut": (
        f"{UNSEEN}::test_choices_and_statements_are_never_cut",
        [(TEXT, "    if named:\n", "    if False:\n")],
    ),
    "the answer in what is cut": (
        f"{UNSEEN}::test_a_context_is_cut_and_what_was_in_it_counted",
        [(TEXT, "    return not record.is_choice and answer in text", "    return False")],
    ),
    "choices of the same tokens": (
        f"{UNSEEN}::test_choices_of_the_same_tokens_are_not_trained_on",
        [(TEXT, "        if unknown[place] and", "        if False and")],
    ),
    "declarative records of the same tokens": (
        f"{UNSEEN}::test_declarative_records_of_the_same_tokens_are_not_trained_on",
        [(TEXT, "if len(labels[tuple(pairs[at].source)]) > 1)", "if False)")],
    ),
    "the same tokens in scores": (
        "service/test_service_vera.py::test_scores_equal_the_models",
        [(f"{U}/service/api/routes.py", "len(texts_of[digest]) > 1", "False")],
    ),
    # Known forms that were off.
    "an empty hidden answer": (
        f"{MASKS}::test_winograndes_hidden_answer_is_empty_as_published",
        [(FORMS, 'end=" ", unlabelled=""', 'end=" "')],
    ),
    "no support": (
        f"{MASKS}::test_rainiers_sciq_has_no_support",
        [(f"{U}/records/profiles.py", 'sciq/dev.tsv, by its size",\n        with_context=False',
          'sciq/dev.tsv, by its size",\n        with_context=True')],
    ),
    "choices as they are written": (
        f"{MASKS}::test_the_output_is_one_of_the_choices",
        [(f"{U}/records/arrow.py", '"choices": _choices_as_written(profile)',
          '"choices": _choices')],
    ),
    "TruthfulQA's stops": (
        f"{MASKS}::test_truthfulqas_table_of_2025_keeps_its_answers_as_they_are",
        [(f"{C}/truthfulqa.py", "if self.best_incorrect is not None:", "if False:")],
    ),
    "what upstream never encoded": (
        f"{MASKS}::test_a_dataset_that_upstream_never_encoded_is_told",
        [(f"{U}/records/profiles.py", "if dataset in self.datasets:", "if True:")],
    ),
    # What the contract tells of a wrong gold.
    **{what: (f"{PLANTED}[{name}]", [edit]) for what, name, edit in (
        ("labels that count", "circled",
         (f"{CONTRACT}/labels.py", "_sign(text) or _word(text) or Counting", "Counting")),
        ("the order of labels", "option1",
         (LABELS, "if places != sorted(places, reverse=backwards):", "if False:")),
        ("reversed labels", "reversed", (LABELS, '"reversed" in told)', "False)")),
        ("labels with one gold", "maybe is no", (LABELS, " or _clamped(answers)", "")),
        ("yes is yes", "entailment", (LABELS, "_swapped(answers, told) or ", "")),
        ("0 is yes", "0 is yes", (LABELS, 'said = said != ("0 is yes" in told)', "pass")),
        ("null is no answer", "null is no",
         (LABELS, "if known and _gold_field(sample, place):", "if False:")),
        ("texts that are golds", "the next text",
         (LABELS, "if labels[-len(TRIED[str]) :] == TRIED[str]:", "if False:")),
        ("keys in another order", "keys by letter",
         (LABELS, "if len(texts) == 2 and texts[0] != texts[1]", "if False")),
        ("marks beside choices", "marks turned",
         (LABELS, "if (place in example.golds) not in marks[text]:", "if False:")),
        ("several examples a row", "two labels a row",
         (LABELS, "trial.decided()", "trial.answers()")),
        ("values of other rows", "open vote",
         (FIELDS, "((raw, value, False) for value in there)", "()")),
        ("fields not used", "vote by text",
         (FIELDS, "isinstance(two, Refused) and not strange", "False")),
        ("fields that are used", "a choice twice", (FIELDS, "if found == {False})", "if False)")),
        ("wrong choices", "a wrong choice",
         (FIELDS, "here, golds = _having(example.choices),", "here, golds = set(),")),
        ("sentences of their choice", "sentences turned",
         (FIELDS, "if here and said and here != said", "if False")),
        ("empty choices", "empty ones dropped",
         (FIELDS, "if here and not here & golds", "if False")),
        ("truth values", "a truth value takes 1",
         (SAMPLES, "if {(bool, True), (bool, False)} & known:", "if False:")),
        ("fractions", "any float",
         (f"{CONTRACT}/labels.py", "    float: UNKNOWN_FRACTION,\n", "")),
    )},
    "0 is no hidden answer": (
        "contract/test_contract.py::test_a_broken_promise_is_noticed",
        [(LABELS, "if lost and not third:", "if False:")],
    ),
    "one cause in two shapes": (
        "contract/test_planted_faults.py::test_another_shapes_field_is_told_with_the_first",
        [(f"{CONTRACT}/__init__.py", "if shape and same:", "if False:")],
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
    every = [*EDITS, *FURTHER]
    parser.add_argument("--only", nargs="+", choices=every, help="only these handlings")
    chosen = parser.parse_args().only or every
    traps = [trap for trap in table() if trap.without in chosen]
    missed = 0
    for without in chosen:
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
    further = sum(without in FURTHER for without in chosen)
    print(f"{len(traps)} rows and {further} more; {missed} tests pass without their handling")
    sys.exit(bool(missed))


if __name__ == "__main__":
    main()
