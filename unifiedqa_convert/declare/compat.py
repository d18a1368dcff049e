r"""Upstream Vera's prepare_data.py (liujch1998/vera, d722244), its defects included. Pure.

A TSV line is ``question \n (A) … (B) … \n context ⇥ answer`` for multiple choice and ``question ⇥
yes`` for yes/no tasks, where ``\n`` is a backslash and an n. What upstream does wrong is done here
too, since its data was trained on; each place says so. What it prints, or swallows, comes back as
data.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

from unifiedqa_convert.declare import Ask

_PLAIN = ("copa", "swag", "hellaswag", "codah", "story_cloze_test")
"""Question and choice side by side: no converter, no final stop, no context."""
_STATED = ("com2sense", "creak")
"""The text is the statement."""
_ASKED = ("spatial_cs", "csqa2", "strategyqa")
"""The statement is the question answered with yes."""

_CHOICE = (
    "atomic2020_3d genericskb_3d openbookqa arc_easy arc_hard ai2_science_elementary "
    "ai2_science_middle commonsenseqa qasc physical_iqa social_iqa winogrande_xl com2sense_paired "
    "sciq quarel quartz cycic_mc comve_a wsc273 copa numersense prost swag hellaswag codah "
    "story_cloze_test alphanli"
)
_YES_NO = "csqa2 symkd_anno gengen_anno spatial_cs strategyqa creak rainier_anno com2sense"
TASKS: dict[str, Literal["mc", "bool"]] = {
    **dict.fromkeys(_CHOICE.split(), "mc"),
    # com2sense has its branch upstream, but is not registered there: its author ran an older file.
    **dict.fromkeys(_YES_NO.split(), "bool"),
}

Kind = Literal["columns", "no choices", "label", "no branch for the task"]
UPSTREAM: dict[Kind, str] = {
    "columns": "ValueError",
    "no choices": "IndexError",
    "label": "AssertionError",
    "no branch for the task": "UnboundLocalError",
}
"""The exception that upstream's bare ``except`` swallowed, by what was wrong."""


class SkippedLine(Exception):
    """Upstream leaves this line out, and says so on stdout only."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(f"{kind} ({UPSTREAM[kind]} upstream)")
        self.kind = kind


@dataclass(frozen=True)
class Draft:
    """A statement to be: ready text, or an ask whose answer is to be put into its place."""

    text: str = ""
    ask: Ask | None = None
    before: str | None = None
    """The sentences before the one that asks; they never reach the converter."""
    context: str | None = None
    finish: bool = True
    blanks: bool = False
    """Upstream prints "Number of blanks is not 1" for it."""

    def said(self, answer: Callable[[Ask], str]) -> str:
        """The statement: upstream's final stop, its context in front."""
        text = self.text if self.ask is None else answer(self.ask)
        if not self.finish:
            return text
        if self.before is not None:
            text = f"{self.before} {text}"
        if not text.endswith((".", "!")):  # so that '."' gets another stop
            text = text.rstrip("?") + "."
        return text if self.context is None else f"{self.context} {text}"


@dataclass(frozen=True)
class Line:
    """One problem: the drafts of its true and its false statements."""

    golds: tuple[Draft, ...]
    distractors: tuple[Draft, ...]

    def drafts(self) -> Iterator[Draft]:
        """Golds first, then distractors in the order of the choices: upstream's order."""
        yield from self.golds
        yield from self.distractors


def read_line(task: str, line: str) -> Line:
    """A TSV line, without its end, as upstream reads it; raises SkippedLine."""
    fields = line.split("\t")
    if len(fields) != 2:
        raise SkippedLine("columns")
    text, answer = (field.strip(" ") for field in fields)
    # Parts beyond the third are lost.
    parts = [part.strip(" ") for part in text.split("\\n")[:3]]
    if TASKS[task] == "bool":
        return _yes_no(task, text, parts, answer)
    if len(parts) < 2:
        raise SkippedLine("no choices")
    question, context = parts[0] or None, parts[2] if len(parts) > 2 else None
    # The gold is a text: a distractor of the same text disappears, and a gold that differs from
    # its choice by a letter's case stands among the distractors too.
    wrong = [choice for choice in split_choices(parts[1]) if choice != answer]
    return Line(
        (draft(task, question, answer, context),),
        tuple(draft(task, question, choice, context) for choice in wrong),
    )


def _yes_no(task: str, text: str, parts: list[str], label: str) -> Line:
    if label not in ("yes", "no"):
        raise SkippedLine("label")
    if len(parts) > 1:  # meant for TruthfulQA; a context lands here as the choice
        made = draft(task, parts[0], parts[1], None)
    elif task in _STATED:
        made = draft(task, None, text, None)
    elif task in _ASKED:
        made = draft(task, text, "yes", None)
    else:
        raise SkippedLine("no branch for the task")
    return Line((made,), ()) if label == "yes" else Line((), (made,))


def split_choices(text: str) -> list[str]:
    """Cut at ``(B)``, ``(C)`` …, or at small letters where no ``(A)`` occurs anywhere.

    Each piece loses its first three characters, whether they are a marker or not.
    """
    first = "A" if "(A)" in text else "a"
    choices, letter = [], ord(first) + 1
    while (cut := text.find(f"({chr(letter)})")) >= 0:
        choices.append(text[3:cut].strip(" "))
        text, letter = text[cut:], letter + 1
    return [*choices, text[3:].strip(" ")]


def draft(task: str, question: str | None, choice: str, context: str | None) -> Draft:
    """What upstream's ``qa2d`` does with one choice, short of asking the converter."""
    if question is None:
        return Draft(choice, finish=False)
    if task in _PLAIN:
        return Draft(f"{question} {choice}", finish=False)
    filled, blanks = None, 0
    if _has_blank(question):
        if question[0] == "_" and question[1].isalpha():
            question = f"_ {question[1:]}"
        filled, blanks = fill(question, choice)
        if blanks == 1:
            return Draft(filled, context=context)
    *earlier, last = question.split(". ")
    before = ". ".join(earlier) + "." if earlier else None
    return Draft(ask=Ask(last, choice), before=before, context=context, blanks=filled is not None)


def _has_blank(question: str) -> bool:
    """A blank has a space beside it; or the question begins with one that is glued to a word."""
    if len(question) < 2:
        return False
    glued = question[0] == "_" and question[1].isalpha()
    return glued or " _" in question or "_ " in question


def fill(question: str, choice: str) -> tuple[str, int]:
    """The question with its blanks filled, and how many upstream counted.

    It counts in the text that it has begun to fill, so underscores of the choice count too, and a
    run of more than twenty counts twice.
    """
    counted = 0
    for run in ("_" * length for length in range(20, 0, -1)):
        for blank, filling in ((f" {run}", f" {choice}"), (f"{run} ", f"{choice} ")):
            counted += question.count(blank)
            question = question.replace(blank, filling)
    return question, counted
