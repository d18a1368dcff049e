r"""Upstream Vera's prepare_data.py (liujch1998/vera, d722244), including its defects.

A TSV line is ``question \n (A) … (B) … \n context ⇥ answer`` for multiple choice and ``question ⇥
yes`` for yes/no tasks, where ``\n`` is a backslash and an n. Upstream's defects are reproduced,
because Vera was trained on its output; comments mark them. What upstream prints or ignores is
returned as data.

Two callers: recipe ``vera`` of `uqa convert` (``as_upstream``), and `uqa declare --compat vera`
(``vera_json``).
"""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import IO, Any, Literal

from unifiedqa_convert.conversion.chunk import Chunk, count
from unifiedqa_convert.conversion.question_lines import CHUNK_LINES
from unifiedqa_convert.errors import SourceError, UsageError
from unifiedqa_convert.question_converters.base import Ask, QuestionConverter, Sentence, answers
from unifiedqa_convert.question_converters.model import ModelConverter
from unifiedqa_convert.records.converted import Converted, Statement
from unifiedqa_convert.records.encode import declarative_record
from unifiedqa_convert.records.profiles import Profile
from unifiedqa_convert.schema import MultipleChoice
from unifiedqa_convert.vera_tasks import BOOLEAN, VERA_TASKS


def raw_sentences(converter: QuestionConverter, asks: Sequence[Ask]) -> dict[Ask, Sentence]:
    """The sentences; a model's are its raw output, since upstream adds the full stop itself."""
    distinct = list(dict.fromkeys(asks))
    if isinstance(converter, ModelConverter):
        texts = converter.texts(distinct)
        return {
            ask: Sentence(text, converter.name) for ask, text in zip(distinct, texts, strict=True)
        }
    return answers(converter, distinct)


_PLAIN = ("copa", "swag", "hellaswag", "codah", "story_cloze_test")
"""Statement = question + choice: no converter, no full stop added, no context."""
_STATEMENTS = ("com2sense", "creak")
"""The statement is the text itself."""
_QUESTIONS = ("spatial_cs", "csqa2", "strategyqa")
"""The statement is made of the question with the answer yes."""

READ_TASKS = (*VERA_TASKS, "com2sense")
"""Upstream has code for com2sense but does not list it: its author ran an older version."""
_YES_NO = BOOLEAN | {"com2sense"}

Kind = Literal["columns", "no choices", "label", "no branch for the task"]
UPSTREAM: dict[Kind, str] = {
    "columns": "ValueError",
    "no choices": "IndexError",
    "label": "AssertionError",
    "no branch for the task": "UnboundLocalError",
}
"""The exception that upstream's bare ``except`` ignored, for each kind of bad line."""


class SkippedLine(Exception):
    """Upstream skips this line, with a message on stdout only."""

    def __init__(self, kind: Kind) -> None:
        super().__init__(f"{kind} ({UPSTREAM[kind]} upstream)")
        self.kind = kind


@dataclass(frozen=True)
class Draft:
    """A statement before conversion: the text, or a question for the converter to answer."""

    text: str = ""
    ask: Ask | None = None
    before: str | None = None
    """The sentences before the question, which are not passed to the converter."""
    context: str | None = None
    finish: bool = True
    blanks: bool = False
    """True if upstream prints "Number of blanks is not 1" for it."""

    def statement(self, answer: Callable[[Ask], str]) -> str:
        """The statement with upstream's full stop, after its context."""
        text = self.text if self.ask is None else answer(self.ask)
        if not self.finish:
            return text
        if self.before is not None:
            text = f"{self.before} {text}"
        if not text.endswith((".", "!")):  # defect: adds a full stop after '."' too
            text = text.rstrip("?") + "."
        return text if self.context is None else f"{self.context} {text}"


@dataclass(frozen=True)
class DraftedProblem:
    """One problem: the drafts of its true and of its false statements."""

    golds: tuple[Draft, ...]
    distractors: tuple[Draft, ...]
    places: tuple[int, ...] = ()
    """Positions of the distractors among the choices, as upstream splits them."""

    def drafts(self) -> Iterator[Draft]:
        """In upstream's order: golds first, then distractors in the order of the choices."""
        yield from self.golds
        yield from self.distractors


def read_line(task: str, line: str) -> DraftedProblem:
    """Parse a TSV line (without its line end) as upstream does; raises SkippedLine."""
    fields = line.split("\t")
    if len(fields) != 2:
        raise SkippedLine("columns")
    text, answer = (field.strip(" ") for field in fields)
    # Defect: parts after the third are dropped.
    parts = [part.strip(" ") for part in text.split("\\n")[:3]]
    if task in _YES_NO:
        return _yes_no(task, text, parts, answer)
    if len(parts) < 2:
        raise SkippedLine("no choices")
    question, context = parts[0] or None, parts[2] if len(parts) > 2 else None
    # Defect: the gold is compared as text. A distractor with the same text is dropped, and a gold
    # that differs from its choice in the case of a letter is among the distractors too.
    wrong = [(n, choice) for n, choice in enumerate(split_choices(parts[1])) if choice != answer]
    return DraftedProblem(
        (upstream_draft(task, question, answer, context),),
        tuple(upstream_draft(task, question, choice, context) for _, choice in wrong),
        tuple(place for place, _ in wrong),
    )


def _yes_no(task: str, text: str, parts: list[str], label: str) -> DraftedProblem:
    if label not in ("yes", "no"):
        raise SkippedLine("label")
    if len(parts) > 1:  # meant for TruthfulQA; defect: a context is taken for the choice
        made = upstream_draft(task, parts[0], parts[1], None)
    elif task in _STATEMENTS:
        made = upstream_draft(task, None, text, None)
    elif task in _QUESTIONS:
        made = upstream_draft(task, text, "yes", None)
    else:
        raise SkippedLine("no branch for the task")
    return DraftedProblem((made,), ()) if label == "yes" else DraftedProblem((), (made,))


def split_choices(text: str) -> list[str]:
    """Split at ``(B)``, ``(C)`` …, or at lower-case letters if there is no ``(A)``.

    Defect: the first three characters of each piece are dropped, marker or not.
    """
    first = "A" if "(A)" in text else "a"
    choices, letter = [], ord(first) + 1
    while (cut := text.find(f"({chr(letter)})")) >= 0:
        choices.append(text[3:cut].strip(" "))
        text, letter = text[cut:], letter + 1
    return [*choices, text[3:].strip(" ")]


def upstream_draft(task: str, question: str | None, choice: str, context: str | None) -> Draft:
    """What upstream's ``qa2d`` does with one choice, before it calls the converter."""
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
    """A blank is next to a space, or the question begins with one directly before a word."""
    if len(question) < 2:
        return False
    before_word = question[0] == "_" and question[1].isalpha()
    return before_word or " _" in question or "_ " in question


def upstream_fill(question: str, choice: str) -> tuple[str, int]:
    """The question with its blanks filled, and the number of blanks that upstream counts.

    Defect: it counts in the partly filled text, so underscores in the choice count too, and a run
    of more than twenty counts twice.
    """
    counted = 0
    for run in ("_" * length for length in range(20, 0, -1)):
        for blank, filling in ((f" {run}", f" {choice}"), (f"{run} ", f"{choice} ")):
            counted += question.count(blank)
            question = question.replace(blank, filling)
    return question, counted


UNLABELLED = "upstream has labelled rows only"
"""Why an example without a label has no statement under recipe ``vera``."""


def is_upstreams(dataset: str) -> bool:
    """True for upstream's datasets; for others recipe ``vera`` writes the same as ``clean``."""
    return dataset in READ_TASKS


def as_upstream(
    chunk: Chunk, dataset: str, profile: Profile, converter: QuestionConverter | None
) -> Chunk:
    """The chunk with upstream's statements instead of its own, and its counts updated.

    Each record is written as a TSV line and parsed as upstream does. The context stays separate
    from the sentence; the record joins them.
    """
    lines = [_line(dataset, item, profile) for item in chunk.converted]
    drafts = [
        draft for line in lines if isinstance(line, DraftedProblem) for draft in line.drafts()
    ]
    asks = [draft.ask for draft in drafts if draft.ask is not None]
    sentences = {} if converter is None else raw_sentences(converter, asks)
    counts = Counter({key: n for key, n in chunk.counts.items() if key.startswith("rows/")})
    counts["asks/asked"] = len(asks)
    counts["asks/distinct per chunk"] = len(set(asks)) if converter else 0
    if converter is None:
        counts["statements/not made/no question converter"] = len(asks)
    converted = []
    for item, line in zip(chunk.converted, lines, strict=True):
        if isinstance(line, str):
            counts[f"statements/not made/{line}"] += 1
        statements = _statements(item, line, sentences) if isinstance(line, DraftedProblem) else ()
        pairs = [declarative_record(s, item.example.context, profile) for s in statements]
        converted.append(
            item._replace(statements=statements, declaratives=tuple(pairs), ambiguous=frozenset())
        )
    made = Chunk(converted, chunk.rejects, counts, chunk.irregular)
    count(made)
    return made


def _line(dataset: str, item: Converted, profile: Profile) -> DraftedProblem | str:
    """The record as upstream parses it, or why it has no statement."""
    text, answer = item.question
    if answer is None:
        return UNLABELLED
    try:
        return read_line(dataset, f"{text}{profile.own.tab}{answer}{profile.own.end}")
    except SkippedLine as error:
        return f"upstream skips the line: {error.kind}"


def _statements(
    item: Converted, line: DraftedProblem, sentences: dict[Ask, Sentence]
) -> tuple[Statement, ...]:
    """Golds first, as upstream does; none is masked, because upstream trains on all of them."""
    golds = item.example.golds if isinstance(item.example, MultipleChoice) else None
    places = (golds or (0,))[0], *line.places
    labelled = [*((d, True) for d in line.golds), *((d, False) for d in line.distractors)]
    if not line.golds:  # a false yes/no statement stands alone
        places = (0,)
    made = []
    for place, (draft, label) in zip(places, labelled, strict=True):
        sentence = _sentence(draft, sentences)
        if sentence is not None:
            made.append(Statement(sentence.text, label, place, sentence.via, sentence.confidence))
    return tuple(made)


def _sentence(draft: Draft, sentences: dict[Ask, Sentence]) -> Sentence | None:
    """The statement without its context; None if its question has no answer."""
    apart = replace(draft, context=None)
    if draft.ask is None:
        return Sentence(apart.statement(lambda ask: sentences[ask].text), "given", 1.0)
    if draft.ask not in sentences:
        return None
    made = sentences[draft.ask]
    return made._replace(text=apart.statement(lambda ask: sentences[ask].text))


def vera_json(
    path: Path,
    task: str,
    converter: QuestionConverter,
    sink: IO[bytes],
    progress: Callable[[int], None],
    skipped: Callable[[str], None],
) -> Counter[str]:
    """Write the problems of a TSV as the JSON of upstream's prepare_data.py; return the counts.

    Lines are read as upstream's ``open`` reads them (any line end; a byte order mark is text), and
    the JSON has upstream's exact bytes. Raises UsageError for a task that upstream does not have,
    SourceError if the file is not text.
    """
    if task not in READ_TASKS:
        raise UsageError(f"upstream has no --task {task!r}; it has: {', '.join(READ_TASKS)}")
    counts: Counter[str] = Counter()
    separator = "[\n"
    try:
        with path.open(encoding="utf-8") as file:
            while part := list(islice(file, CHUNK_LINES)):
                for problem in _problems(part, task, converter, counts, skipped):
                    text = json.dumps(problem, indent=4).replace("\n", "\n    ")
                    sink.write(f"{separator}    {text}".encode())
                    separator = ",\n"
                progress(counts["read"])
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
    sentences = raw_sentences(converter, asks)
    counts["asks"] += len(asks)
    for made in read:
        counts["problems"] += 1
        counts["blanks miscounted"] += sum(draft.blanks for draft in made.drafts())
        yield {
            "golds": [draft.statement(lambda ask: sentences[ask].text) for draft in made.golds],
            "distractors": [
                draft.statement(lambda ask: sentences[ask].text) for draft in made.distractors
            ],
        }
