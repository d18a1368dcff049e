"""Findings of `uqa check`: the name of the trap, the place, what is wrong and what to do.

``error``: some reader (UnifiedQA's, Vera's, pandas') gets wrong fields, choices or labels, or none.
``warning``: readers get the right fields, but the text or its tokens are probably not as intended.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Literal, NamedTuple

Severity = Literal["error", "warning"]
Unit = Literal["line", "row", "group"]
LISTED = 5
"""Findings per trap that a report lists; all are counted."""


class Finding(NamedTuple):
    """One problem at one place."""

    severity: Severity
    file: str
    unit: Unit
    number: int | None
    """Number of a line or group, from 1, or of a table's row, from 0; None for the whole file."""
    trap: str
    message: str
    detail: str = ""
    """The part of ``message`` that is specific to this place."""


class Findings:
    """Counts all findings and keeps the first few of each trap: a broken file may have millions."""

    def __init__(self, errors: Mapping[str, str], warnings: Mapping[str, str]) -> None:
        self._errors, self._warnings = errors, warnings
        self.listed: list[Finding] = []
        self.counts: Counter[str] = Counter()
        self.rows = 0
        """The number of lines, rows or groups that were checked."""

    def add(
        self,
        trap: str,
        file: Path,
        number: int | None = None,
        detail: object = "",
        unit: Unit = "line",
    ) -> None:
        """Count a finding, and list it if it is one of the first of its trap."""
        self.counts[trap] += 1
        if self.counts[trap] <= LISTED:
            severity: Severity = "error" if trap in self._errors else "warning"
            text = self._errors.get(trap) or self._warnings[trap]
            shown = excerpt(str(detail))
            message = text.replace("{}", shown)
            self.listed.append(Finding(severity, str(file), unit, number, trap, message, shown))


def excerpt(text: str) -> str:
    """The text for a terminal: shortened, with invisible characters and surrogates escaped."""
    short = text if len(text) <= 80 else f"{text[:77]}..."
    return _HIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode(), short)


def text_traps(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Traps that any text may have; each at most once per row or group."""
    if any(text != text.strip() for text in texts):
        yield "padded-field", ""
    if any("  " in text.strip() for text in texts):
        yield "double-space", ""
    if hidden := next(filter(None, map(_HIDDEN.search, texts)), None):
        yield "hidden-character", f"U+{ord(hidden[0]):04X}"
    if any("\ufffd" in text for text in texts):
        yield "replacement-character", ""


_HIDDEN = re.compile(
    r"[\x00-\x1f\x7f-\x9f\u00ad\u061c\u200b-\u200f\u2028-\u202e\u2060-\u2069\ufeff\ud800-\udfff]"
)


# For each trap: what is wrong, with the finding's detail for {}, and what to do about it.
ERRORS = {
    "bom": (
        "the file starts with a byte order mark, which becomes part of the first field or makes "
        "the JSON invalid; save the file without it"
    ),
    "line-too-long": (
        "longer than {} MiB and therefore not checked; probably line ends are missing: write one "
        "row per line"
    ),
    "not-utf8": "not UTF-8: {}; save the file as UTF-8",
    "empty-file": "the file is empty; write it again",
    "field-count": (
        "{} instead of two (input, tab, output); write exactly one tab per line; in UnifiedQA's NQ "
        "files, delete the third column"
    ),
    "missing-tab": (
        "no tab, and the next line is a separate row; put one tab between the input and its answer"
    ),
    "no-tab": (
        "no tab: either the tab before the answer is missing, or the row continues on the next "
        "line; write input, tab and output on one line, with the two characters \\n for a line "
        "break in the text"
    ),
    "real-newline": (
        "a line break inside a row; write the two characters \\n with a space on each side instead"
    ),
    "separator-without-spaces": (
        "the separator \\n has no space on each side, near {}; write ' \\n ': otherwise a model "
        "gets other tokens, and readers that split at ' \\n ' don't find it"
    ),
    "missing-separator": (
        "choices follow the question without the separator; write ' \\n ' before (a)"
    ),
    "too-many-parts": (
        "{} parts, but at most three are allowed (question, choices, context); remove \\n from the "
        "text: Vera's reader drops everything after the third part"
    ),
    "misplaced-choices": (
        "the choices are part {}; make them part 2, before the context: readers expect them there"
    ),
    "empty-question": "no question; write one, or delete the row",
    "numeric-markers": (
        "choices are marked (1) (2); write (a) (b): readers recognise only letters"
    ),
    "marker-spacing": "no space next to the marker in {}; write '(a) text (b) text'",
    "marker-sequence": "the marker {} is out of order; mark the choices (a) (b) (c) in order",
    "marker-in-choice": (
        "{} is inside a choice, and readers split the choices there; reword the choice, or delete "
        "the row"
    ),
    "empty-choice": "a choice without text; fill it in, or delete it and mark the others again",
    "empty-answer": "no answer; write the choice's text, or - if the answer is unknown",
    "answer-equals-two-choices": (
        "two choices have the text of the answer (ignoring case and spaces): {}; so the gold is "
        "unknown: change one of the choices, or delete the row"
    ),
    "answer-not-exact": (
        "the answer differs from its choice in case or spaces: {}; copy the choice exactly: "
        "otherwise Vera's reader also makes it a distractor"
    ),
    "answer-is-letter": "the answer is a letter, {}; write the choice's text",
    "answer-is-index": "the answer is a number, {}; write the choice's text",
    "answer-not-among-choices": (
        "the answer is not one of the choices: {}; correct it, or delete the row"
    ),
    "not-json": "not JSON: {}; write the file again",
    "not-a-list": ("not a list: {}; write one list of objects with the keys golds and distractors"),
    "not-an-object": (
        "of type {}, but an object is needed; write the keys golds and distractors, each a list of "
        "sentences"
    ),
    "missing-key": (
        "the key {} is missing; write golds and distractors (one of them may be an empty list)"
    ),
    "wrong-type": "golds or distractors is not a list of strings; write two lists of sentences",
    "no-gold": "no gold; add the true sentence: upstream's evaluation stops with an error here",
    "several-golds": (
        "{} golds; keep one: upstream's evaluation takes only the first sentence as true"
    ),
    "too-many-distractors": (
        "{} distractors; keep 10: upstream's collate function fails if there are more"
    ),
    "gold-among-distractors": (
        "the same sentence is a gold and a distractor: {}; delete the distractor, or the group"
    ),
    "empty-statement": (
        "an empty sentence; delete it: upstream uses empty strings as padding and ignores them"
    ),
    "special-token": (
        "a special token of the question converter, {}; delete it, or convert the question again"
    ),
}


WARNINGS = {
    "crlf": (
        "the line ends in CR LF; save the file with LF: a reader that splits at LF makes the CR "
        "part of the answer"
    ),
    "blank-line": "an empty line; delete it",
    "padded-field": (
        "white space at the start or end of a field; delete it, and strip texts before comparing"
    ),
    "double-space": "two spaces in a row; write one, because answers are compared as texts",
    "hidden-character": (
        "an invisible character, {}; delete it: some readers even end the line there"
    ),
    "replacement-character": (
        "U+FFFD: a character was lost when the text was decoded; copy the text from its source"
    ),
    "quote-character": (
        "a field starts with a double quotation mark, at which pandas and csv may join lines; read "
        "the file with quoting=3 (csv.QUOTE_NONE)"
    ),
    "duplicate-row": (
        "the same as line {}; delete one, so that the row can't be in both train and test"
    ),
    "contradictory-rows": (
        "they ask the same (question, context and choices) and have different golds: {}; correct "
        "or delete them: training would take each as true and as false"
    ),
    "equal-row": (
        "it asks the same as {} (question, context and choices) and has the same gold; delete one"
    ),
    "in-two-splits": (
        "another split asks the same, in {}; delete one of the two rows, or a test measures what "
        "was trained"
    ),
    "gold-never": (
        "no gold is {}: check whether the labels count from 0 or 1, and whether rows were left out"
    ),
    "empty-part": "nothing after a separator; delete the separator if there is no such part",
    "upper-case-markers": (
        "choices are marked (A) (B){}, as in UnifiedQA's published files (profile unifiedqa); for "
        "a released checkpoint, lower-case the text as in its training (profile unifiedqa-train)"
    ),
    "single-choice": "only one choice; add the others, or delete the list of choices",
    "duplicate-choices": (
        "two choices have the same text (ignoring case and spaces): {}; change one, or delete the "
        "row"
    ),
    "unlabelled": (
        "the answer is -, which means unknown; leave the row out of training: a model would learn "
        "to answer -"
    ),
    "no-answer": (
        "the answer is <No Answer>, which T5's tokenizer can't encode: a model answers '⁇ no "
        "answer>'; compare with that, or leave the row out"
    ),
    "gold-position": (
        "the gold is choice {}; put the choices into an order that does not depend on the gold, "
        "such as that of a hash of their texts"
    ),
    "duplicate-group": (
        "the same as group {}; delete one, so that the group can't be in both train and test"
    ),
    "duplicate-statement": "the same sentence twice: {}; delete one",
    "question-mark": (
        "a question, not a statement: …{}; write a declarative sentence (question and answer were "
        "only joined, or the question converter failed)"
    ),
    "no-final-stop": "no full stop at the end: …{}; add one: Vera was trained with it",
}
