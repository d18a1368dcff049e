"""Findings: each has its trap's name, its place and what to do; and the traps of others' files.

``error``: some reader (UnifiedQA's, Vera's, pandas') gets other fields, choices or labels than were
meant, or none. ``warning``: it reads, but the text, the sample or the tokens are not what one
would think.
"""

import re
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from hashlib import blake2b
from pathlib import Path
from typing import Literal, NamedTuple

Severity = Literal["error", "warning"]
Unit = Literal["line", "row", "group"]
LISTED = 5
"""How many findings per trap a report names; all are counted."""


class Finding(NamedTuple):
    """One place where something is wrong."""

    severity: Severity
    file: str
    unit: Unit
    number: int | None
    """Of the line or group, from 1, or of a table's row, from 0; None: the whole file is meant."""
    trap: str
    message: str
    detail: str = ""
    """What ``message`` says of this place alone."""


class Findings:
    """Counts every finding, keeps the first few of each trap: a broken file has millions."""

    def __init__(self, errors: Mapping[str, str], warnings: Mapping[str, str]) -> None:
        self._errors, self._warnings = errors, warnings
        self.listed: list[Finding] = []
        self.counts: Counter[str] = Counter()
        self.rows = 0
        """How many lines, rows or groups were looked at."""

    def add(
        self,
        trap: str,
        file: Path,
        number: int | None = None,
        detail: object = "",
        unit: Unit = "line",
    ) -> None:
        """Count it, and list it if few of its kind are."""
        self.counts[trap] += 1
        if self.counts[trap] <= LISTED:
            severity: Severity = "error" if trap in self._errors else "warning"
            text = self._errors.get(trap) or self._warnings[trap]
            said = printable(str(detail))
            message = text.replace("{}", said)
            self.listed.append(Finding(severity, str(file), unit, number, trap, message, said))


def printable(text: str) -> str:
    """Text that a terminal shows as it is: short, hidden characters and surrogates escaped."""
    short = text if len(text) <= 80 else f"{text[:77]}..."
    return _HIDDEN.sub(lambda found: found[0].encode("unicode_escape").decode(), short)


class Seen:
    """Where each text was first met: digests, so that long texts take no more room than short."""

    def __init__(self) -> None:
        self._places: dict[bytes, int] = {}

    def first(self, text: str, place: int) -> int | None:
        """The place where the text stood before; None, and remembered, where it is new."""
        digest = blake2b(text.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        if digest in self._places:
            return self._places[digest]
        self._places[digest] = place
        return None


def text_traps(texts: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Traps that any text may hold; each at most once for a row or a group."""
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


# What each trap is, with its detail for {}, and what to do about it.
ERRORS = {
    "bom": "the file starts with a byte-order mark, which joins the first field or breaks JSON; "
    "save it without",
    "line-too-long": "longer than {} MiB, so it was not looked at; it is hardly one row: mend it",
    "not-utf8": "not UTF-8: {}; save the file as UTF-8",
    "empty-file": "nothing is in it; make it again",
    "field-count": (
        "{} where input ⇥ output are two; write one tab a line; of three columns (UnifiedQA's "
        "NQ), cut the third"
    ),
    "missing-tab": (
        "no tab, and the line after it is a row of its own: put one tab between the text and its "
        "answer"
    ),
    "no-tab": (
        "no tab: either the one before the answer is missing, or the row goes on in the next line "
        "(write the two characters backslash and n for a line end in the text); input ⇥ output "
        "is one line"
    ),
    "real-newline": (
        "a row is broken by a real newline; write the two characters backslash and n, with spaces"
        " around them"
    ),
    "separator-without-spaces": (
        "backslash-n without a space on each side near {}; write ' \\n ': models see other "
        "tokens, and readers that split at it don't find it"
    ),
    "missing-separator": (
        "choices follow the question without ' \\n '; put the separator before (a)"
    ),
    "too-many-parts": (
        "{} parts, but question, choices and context are three; take the literal backslash-n out "
        "of the text: Vera's reader loses what follows the third"
    ),
    "misplaced-choices": (
        "the choices are part {}; put them second, before the context: readers look for them there"
    ),
    "empty-question": "no question; write one, or leave the row out",
    "numeric-markers": "choices are marked (1) (2); write (a) (b): readers know letters only",
    "marker-spacing": "no space around the marker at {}; write '(a) text (b) text'",
    "marker-sequence": "the marker {} is out of sequence; letter the choices (a) (b) (c) in order",
    "marker-in-choice": (
        "{} stands inside a choice, where readers cut; reword the choice, or drop the row"
    ),
    "empty-choice": "a choice without text; fill it in, or remove it and letter the rest again",
    "empty-answer": "no answer; write the choice's text, or - where it is unknown",
    "answer-equals-two-choices": (
        "two choices say, case and spaces aside, what the answer does: {}; the gold is unknown: "
        "make them differ, or drop the row"
    ),
    "answer-not-exact": (
        "the answer differs from its choice in case or spaces: {}; copy the choice exactly: Vera "
        "counts it as a distractor too"
    ),
    "answer-is-letter": "the answer is a letter, {}; write the choice's text",
    "answer-is-index": "the answer is a number, {}; write the choice's text",
    "answer-not-among-choices": (
        "the answer is none of the choices: {}; correct it, or drop the row"
    ),
    "not-json": "not JSON: {}; make the file again",
    "not-a-list": (
        "not a list, it begins with {}; write one list of objects with golds and distractors"
    ),
    "not-an-object": "a {}, not an object; write golds and distractors, two lists of sentences",
    "missing-key": "no key {}; write golds and distractors, either may be an empty list",
    "wrong-type": "golds or distractors is not a list of strings; write two lists of sentences",
    "no-gold": "no gold; name the true sentence: upstream's evaluation stops at it",
    "several-golds": "{} golds; keep one: upstream scores the first column as the only true one",
    "too-many-distractors": "{} distractors; keep 10: upstream's collate crashes on more",
    "gold-among-distractors": (
        "a sentence is gold and distractor: {}; drop the distractor, or the group"
    ),
    "empty-statement": (
        "an empty sentence; remove it: upstream pads with empty strings and masks them"
    ),
    "converter-debris": "the question converter's debris, {}; remove it, or convert again",
}


WARNINGS = {
    "crlf": (
        "the line ends in CR LF, and CR joins the answer where lines are cut at LF; save it with LF"
    ),
    "blank-line": "an empty line; remove it",
    "padded-field": (
        "white space at the start or end of a field; strip it, and strip before comparing"
    ),
    "double-space": "two spaces in a row; collapse them, as answers are compared by their text",
    "hidden-character": "a character nobody sees, {}; remove it; some readers even end lines there",
    "replacement-character": (
        "U+FFFD: a character was lost when the text was decoded; take it from the source"
    ),
    "quote-character": (
        "a field starts with a double quote, which pandas and csv take as quoting; read with "
        "quoting=3 (csv.QUOTE_NONE), or lines are joined"
    ),
    "duplicate-row": "the same as line {}; remove one, lest it stand in train and test",
    "empty-part": "nothing follows a separator; leave the separator out where a part is absent",
    "upper-case-markers": (
        "choices are marked (A) (B){}, as in the published files (profile unifiedqa); lower-case "
        "the text as UnifiedQA's training did (profile unifiedqa-train), if a released checkpoint "
        "is to read it"
    ),
    "single-choice": "one choice only; give its alternatives, or leave the list out",
    "duplicate-choices": (
        "two choices say {} (case and spaces aside); make them differ, or drop the row"
    ),
    "unlabelled": (
        "the answer is -, which means unknown; leave the row out of training: a model would learn"
        " to say -"
    ),
    "no-answer": (
        "the answer is <No Answer>, which T5's tokenizer cannot spell; expect '⁇ no answer>' "
        "back, or leave the row out"
    ),
    "gold-position": (
        "the gold is choice {}; order the choices by something that doesn't know the gold, as a "
        "hash of their text"
    ),
    "duplicate-group": "the same as group {}; remove one, lest it stand in train and test",
    "duplicate-statement": "a sentence stands twice: {}; remove one",
    "question-mark": (
        "a question, no statement: …{}; make a sentence of it: it was concatenated, or the "
        "question converter failed"
    ),
    "no-final-stop": "no stop at the end: …{}; add one, as Vera was trained on",
}
