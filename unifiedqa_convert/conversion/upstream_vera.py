r"""Upstream Vera's prepare_data.py (liujch1998/vera, d722244), its defects included. Pure.

A TSV line is ``question \n (A) … (B) … \n context ⇥ answer`` for multiple choice and ``question ⇥
yes`` for yes/no tasks, where ``\n`` is a backslash and an n. What upstream does wrong is done here
too, since its data was trained on; each place says so. What it prints, or swallows, comes back as
data.
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import IO, Any, Literal

from unifiedqa_convert.conversion.chunk import Chunk, count
from unifiedqa_convert.errors import SourceError, UsageError
from unifiedqa_convert.question_converters.base import Ask, QuestionConverter, Sentence
from unifiedqa_convert.question_converters.model import ModelConverter
from unifiedqa_convert.question_converters.select import answers
from unifiedqa_convert.records.encode import declarative_record
from unifiedqa_convert.records.profiles import Profile
from unifiedqa_convert.schema import Converted, MultipleChoice, Statement


def raw_sentences(converter: QuestionConverter, asks: Sequence[Ask]) -> dict[Ask, Sentence]:
    """The same, with what a model says as it says it: a final stop is upstream Vera's to set."""
    distinct = list(dict.fromkeys(asks))
    if isinstance(converter, ModelConverter):
        texts = converter.texts(distinct)
        return {
            ask: Sentence(text, converter.name) for ask, text in zip(distinct, texts, strict=True)
        }
    return answers(converter, distinct)


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
class DraftedProblem:
    """One problem: the drafts of its true and its false statements."""

    golds: tuple[Draft, ...]
    distractors: tuple[Draft, ...]
    places: tuple[int, ...] = ()
    """Where the distractors stand among the choices as upstream cuts them."""

    def drafts(self) -> Iterator[Draft]:
        """Golds first, then distractors in the order of the choices: upstream's order."""
        yield from self.golds
        yield from self.distractors


def read_line(task: str, line: str) -> DraftedProblem:
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
    wrong = [(n, choice) for n, choice in enumerate(split_choices(parts[1])) if choice != answer]
    return DraftedProblem(
        (upstream_draft(task, question, answer, context),),
        tuple(upstream_draft(task, question, choice, context) for _, choice in wrong),
        tuple(place for place, _ in wrong),
    )


def _yes_no(task: str, text: str, parts: list[str], label: str) -> DraftedProblem:
    if label not in ("yes", "no"):
        raise SkippedLine("label")
    if len(parts) > 1:  # meant for TruthfulQA; a context lands here as the choice
        made = upstream_draft(task, parts[0], parts[1], None)
    elif task in _STATED:
        made = upstream_draft(task, None, text, None)
    elif task in _ASKED:
        made = upstream_draft(task, text, "yes", None)
    else:
        raise SkippedLine("no branch for the task")
    return DraftedProblem((made,), ()) if label == "yes" else DraftedProblem((), (made,))


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


def upstream_draft(task: str, question: str | None, choice: str, context: str | None) -> Draft:
    """What upstream's ``qa2d`` does with one choice, short of asking the converter."""
    if question is None:
        return Draft(choice, finish=False)
    if task in _PLAIN:
        return Draft(f"{question} {choice}", finish=False)
    filled, blanks = None, 0
    if _has_blank(question):
        if question[0] == "_" and question[1].isalpha():
            question = f"_ {question[1:]}"
        filled, blanks = upstream_fill(question, choice)
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


def upstream_fill(question: str, choice: str) -> tuple[str, int]:
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


# Recipe ``vera``: a chunk's statements as upstream's prepare_data.py makes them of its records.
# The record is written as a TSV line and read back as upstream reads it (declare/compat.py),
# defects included; the context stays apart from the sentence, for whoever writes the two
# together.

UNLABELLED = "upstream has labelled rows only"


def is_upstreams(dataset: str) -> bool:
    """Whether upstream knows the dataset; of others recipe ``vera`` says what ``clean`` says."""
    return dataset in TASKS


def as_upstream(
    chunk: Chunk, dataset: str, profile: Profile, converter: QuestionConverter | None
) -> Chunk:
    """The chunk with upstream's statements in place of its own, counted anew."""
    lines = [_line(dataset, item, profile) for item in chunk.converted]
    drafts = [
        draft for line in lines if isinstance(line, DraftedProblem) for draft in line.drafts()
    ]
    asks = [draft.ask for draft in drafts if draft.ask is not None]
    said = {} if converter is None else raw_sentences(converter, asks)
    counts = Counter({key: n for key, n in chunk.counts.items() if key.startswith("rows/")})
    counts["asks/asked"] = len(asks)
    counts["asks/distinct per chunk"] = len(set(asks)) if converter else 0
    if converter is None:
        counts["statements/not made/no question converter"] = len(asks)
    converted = []
    for item, line in zip(chunk.converted, lines, strict=True):
        if isinstance(line, str):
            counts[f"statements/not made/{line}"] += 1
        statements = _statements(item, line, said) if isinstance(line, DraftedProblem) else ()
        pairs = [declarative_record(s, item.example.context, profile) for s in statements]
        converted.append(
            item._replace(statements=statements, declaratives=tuple(pairs), ambiguous=frozenset())
        )
    made = Chunk(converted, chunk.rejects, counts)
    count(made)
    return made


def _line(dataset: str, item: Converted, profile: Profile) -> DraftedProblem | str:
    """The record as upstream reads it, or why it has no statement."""
    text, answer = item.question
    if answer is None:
        return UNLABELLED
    pad, end = profile.own.pad, profile.own.end
    try:
        return read_line(dataset, f"{text}{pad}\t{pad}{answer}{end}")
    except SkippedLine as error:
        return f"upstream skips the line: {error.kind}"


def _statements(
    item: Converted, line: DraftedProblem, said: dict[Ask, Sentence]
) -> tuple[Statement, ...]:
    """Golds first, as upstream has them; none is masked: upstream trains on all of them."""
    golds = item.example.golds if isinstance(item.example, MultipleChoice) else None
    places = (golds or (0,))[0], *line.places
    labelled = [*((d, True) for d in line.golds), *((d, False) for d in line.distractors)]
    if not line.golds:  # a false yes/no statement stands alone
        places = (0,)
    made = []
    for place, (draft, label) in zip(places, labelled, strict=True):
        sentence = _said(draft, said)
        if sentence is not None:
            made.append(Statement(sentence.text, label, place, sentence.via))
    return tuple(made)


def _said(draft: Draft, said: dict[Ask, Sentence]) -> Sentence | None:
    """The statement without its context; None where nobody answered what it asks."""
    apart = replace(draft, context=None)
    if draft.ask is None:
        return Sentence(apart.said(lambda ask: said[ask].text), "given")
    if draft.ask not in said:
        return None
    return Sentence(apart.said(lambda ask: said[ask].text), said[draft.ask].via)


# A TSV and a question converter → the JSON that upstream Vera's prepare_data.py would write.
# uqa declare dev.tsv --compat vera --task openbookqa --out dev.json declare/compat.py says what
# upstream does with a line; here lines are read as upstream's ``open`` reads them (any line
# end, a byte order mark is text), the asks of many lines go to the converter together, and the
# JSON has upstream's very bytes. Nothing is written under the final name until all of it is
# there; a killed run finds its sentences in the cache.

CHUNK_LINES = 1_000


def vera_json(
    path: Path,
    task: str,
    converter: QuestionConverter,
    sink: IO[bytes],
    told: Callable[[int], None],
    skipped: Callable[[str], None],
) -> Counter[str]:
    """Write the problems of ``path``; returns what became of its lines.

    UsageError for a task that upstream does not know; SourceError where the file is not text.
    """
    if task not in TASKS:
        raise UsageError(f"--task {task!r} is none of upstream's: {', '.join(TASKS)}")
    counts: Counter[str] = Counter()
    separator = "[\n"
    try:
        with path.open(encoding="utf-8") as file:
            while part := list(islice(file, CHUNK_LINES)):
                for problem in _problems(part, task, converter, counts, skipped):
                    text = json.dumps(problem, indent=4).replace("\n", "\n    ")
                    sink.write(f"{separator}    {text}".encode())
                    separator = ",\n"
                told(counts["read"])
    except (OSError, UnicodeDecodeError) as error:
        raise SourceError(f"{path}: {error}") from error
    sink.write(b"[]" if separator == "[\n" else b"\n]")
    return counts


def _problems(
    lines: Sequence[str],
    task: str,
    converter: QuestionConverter,
    counts: Counter[str],
    skipped: Callable[[str], None],
) -> Iterator[dict[str, Any]]:
    read: list[DraftedProblem] = []
    for line in lines:
        counts["read"] += 1
        try:
            read.append(read_line(task, line.strip("\n")))
        except SkippedLine as why:
            counts[f"skipped: {why.kind}"] += 1
            skipped(f"line {counts['read']}: {why}; skipped, as upstream does")
    asks = [draft.ask for made in read for draft in made.drafts() if draft.ask is not None]
    said = raw_sentences(converter, asks)
    counts["asks"] += len(asks)
    for made in read:
        counts["problems"] += 1
        counts["blanks miscounted"] += sum(draft.blanks for draft in made.drafts())
        yield {
            "golds": [draft.said(lambda ask: said[ask].text) for draft in made.golds],
            "distractors": [draft.said(lambda ask: said[ask].text) for draft in made.distractors],
        }
