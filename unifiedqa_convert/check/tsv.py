"""Traps in a UnifiedQA TSV of another program, line by line."""

import json
import re
from array import array
from collections import Counter
from contextlib import suppress
from pathlib import Path
from string import ascii_lowercase, ascii_uppercase
from typing import IO, Literal

from unifiedqa_convert.check.findings import Findings, text_traps
from unifiedqa_convert.check.several_rows import Asked, Golds, Seen
from unifiedqa_convert.conversion.output_folder import MANIFEST
from unifiedqa_convert.conversion.repeats import asked_head
from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.records.encode import UNLABELLED, same_text
from unifiedqa_convert.records.profiles import Profile, profile_named
from unifiedqa_convert.rows.json_rows import LONGEST_LINE, UTF8_BOM
from unifiedqa_convert.schema import NO_ANSWER, collapse

_MARKER = re.compile(r"(?<!\S)\(([A-Za-z]|\d{1,2})\)(?!\S)")
_LOOSE = re.compile(r"\(([A-Za-z]|\d{1,2})\)")
_CUT_BY_UNIFIEDQA = "abcdefgh"  # its evaluator splits at these, also inside a choice
_MARKER_A = re.compile(r"(?<!\S)\(a\)(?!\S)", re.IGNORECASE)
_MARKER_B = re.compile(r"(?<!\S)\(b\)(?!\S)", re.IGNORECASE)
_BARE = re.compile(r"(?<! )\\n|\\n(?! |$)")
_SIGN = re.compile(r"\(?([A-Za-z]|\d{1,2})\)?\.?")


def lint_tsv(path: Path, found: Findings) -> None:
    """Check each line (input, tab, output), and the file as a whole."""
    asked = Asked()
    lint_lines(path, found, asked)
    asked.report(found)


OF_ROWS = frozenset(("duplicate-row", "gold-position", "gold-never"))
"""The traps that are the rows' own, whatever form they are written in."""


def lint_lines(
    path: Path,
    found: Findings,
    asked: Asked,
    split: str = "",
    only: frozenset[str] | None = None,
) -> None:
    """``lint_tsv`` for one of several files; the caller reports what they ask."""
    asked.begin(path, "line", split)
    with path.open("rb") as file:
        _Tsv(path, found, asked, only).lint(file)


class _Tsv:
    """The state of checking one TSV file."""

    def __init__(
        self, path: Path, found: Findings, asked: Asked, only: frozenset[str] | None
    ) -> None:
        self._only = only
        self._path, self._found, self._seen = path, found, Seen()
        self._asked, self._golds = asked, Golds()
        self._profile = _profile_of(path)
        self._upper, self._lower = array("I"), 0
        """Numbers of the lines with markers (A) (B); the number of lines with (a) (b)."""
        self._broken: tuple[int, bytes] | None = None
        """A line without a tab: the next line shows whether it is the first half of a row."""

    def lint(self, file: IO[bytes]) -> None:
        number = 0
        for number, line in enumerate(iter(lambda: file.readline(LONGEST_LINE + 1), b""), start=1):
            if len(line) > LONGEST_LINE and not line.endswith(b"\n"):
                self._add("line-too-long", number, LONGEST_LINE // 2**20)
                while (rest := file.readline(LONGEST_LINE)) and not rest.endswith(b"\n"):
                    pass
            else:
                self._line(number, line)
        self._found.rows += number
        if not number:
            self._add("empty-file", None)
        if self._broken is not None:
            self._add("no-tab", self._broken[0])
        self._markers()
        for trap, where in self._golds.traps():
            self._add(trap, None, where)

    def _markers(self) -> None:
        """One finding if all lines have (A) (B); a finding per line if others have (a) (b)."""
        if self._upper and self._lower:
            for number in self._upper:
                self._add("upper-case-markers", number)
        elif self._upper and not (self._profile and self._profile.letters.isupper()):
            self._add("upper-case-markers", None, f" in all {len(self._upper):,} rows with choices")

    def _add(self, trap: str, number: int | None, detail: object = "") -> None:
        if self._only is None or trap in self._only:
            self._found.add(trap, self._path, number, detail)

    def _line(self, number: int, line: bytes) -> None:
        line = line.removesuffix(b"\n")
        if number == 1 and line.startswith(UTF8_BOM):
            self._add("bom", number)
            line = line.removeprefix(UTF8_BOM)
        if line.endswith(b"\r"):
            self._add("crlf", number)
            line = line.removesuffix(b"\r")
        waiting, self._broken = self._broken, None
        whole = b"\t" in line
        if waiting is not None:
            trap = _without_tab(waiting[1], line) if whole else "no-tab"
            self._add(trap, waiting[0])
            if trap == "real-newline":
                return
        if whole:
            self._row(number, line)
        elif line.strip():
            self._broken = number, line
        else:
            self._add("blank-line", number)

    def _row(self, number: int, line: bytes) -> None:
        try:
            fields = (text := line.decode()).split("\t")
        except UnicodeDecodeError as error:
            self._add("not-utf8", number, error)
            return
        if len(fields) != 2:
            self._add("field-count", number, f"{len(fields)} fields")
            return
        if (first := self._seen.first(text, number)) is not None:
            self._add("duplicate-row", number, first)
        for trap, detail in text_traps(fields):
            self._add(trap, number, detail)
        if any(field.startswith('"') for field in fields):
            self._add("quote-character", number)
        choices = self._choices(number, fields[0])
        self._answer(number, fields[1].strip(), choices)
        texts = self._asks(fields[0], choices, fields[1].strip())
        self._asked.add(texts, number, told=first is not None)

    def _asks(
        self, text: str, choices: list[str], answer: str
    ) -> tuple[str, list[str], str | None]:
        """What the row asks. A free answer is one of several, so it is part of the question."""
        question, *others = text.split("\\n")
        context = " ".join(others[bool(choices) :])
        head = asked_head(collapse(question), collapse(context))
        if answer in ("", UNLABELLED):
            return head, [*map(collapse, choices)], None
        if choices or answer in ("yes", "no"):
            return head, [*map(collapse, choices)], collapse(answer)
        return asked_head(head, collapse(answer)), [], ""

    def _choices(self, number: int, text: str) -> list[str]:
        """Check the parts of a question record; returns its choices."""
        if bare := _BARE.search(text):
            near = text[max(0, bare.start() - 8) : bare.end() + 8]
            self._add("separator-without-spaces", number, near)
        parts = [part.strip() for part in text.split("\\n")]
        if len(parts) > 3:
            self._add("too-many-parts", number, len(parts))
        if not parts[0]:
            self._add("empty-question", number)
        if not all(parts[1:]):
            self._add("empty-part", number)
        lists = [place for place, part in enumerate(parts) if place and _lists_choices(part)]
        if not lists:
            first = _MARKER_A.search(parts[0])
            if first and _MARKER_B.search(parts[0], first.end()):
                self._add("missing-separator", number)
            return []
        if lists[0] != 1:
            self._add("misplaced-choices", number, lists[0] + 1)
        return self._lettered(number, parts[lists[0]])

    def _lettered(self, number: int, part: str) -> list[str]:
        cuts = _cuts(part)
        style = part[1]
        if style.isdigit():
            self._add("numeric-markers", number)
        elif style.isupper():
            self._upper.append(number)
        else:
            self._lower += 1
        if stray := _stray_marker(part, cuts):
            self._add(stray[0], number, stray[1])
        if cuts and not _MARKER.match(part):
            self._add("marker-spacing", number, part[:8])
        ends = [*(cut.start() for cut in cuts[1:]), len(part)]
        choices = [part[cut.end() : end].strip() for cut, end in zip(cuts, ends, strict=False)]
        if len(choices) == 1:
            self._add("single-choice", number)
        if not all(choices):
            self._add("empty-choice", number)
        times = Counter(same_text(choice) for choice in choices if choice)
        if twice := [text for text, number_of in times.items() if number_of > 1]:
            self._add("duplicate-choices", number, twice[0])
        return choices

    def _answer(self, number: int, answer: str, choices: list[str]) -> None:
        same = [place for place, text in enumerate(choices) if same_text(text) == same_text(answer)]
        if not answer and not (self._profile and not self._profile.own.unlabelled):
            self._add("empty-answer", number)
        elif answer in ("", UNLABELLED):
            self._add("unlabelled", number)
        elif answer.casefold() == NO_ANSWER.casefold():
            self._add("no-answer", number)
        elif len(same) > 1:
            self._add("answer-equals-two-choices", number, answer)
        elif same and answer == choices[same[0]]:
            self._golds.add(same[0], len(choices))
        elif same:
            self._add("answer-not-exact", number, f"{answer} instead of {choices[same[0]]}")
        elif choices and (sign := _SIGN.fullmatch(answer)):
            self._add(
                "answer-is-index" if sign[1].isdigit() else "answer-is-letter", number, answer
            )
        elif choices:
            self._add("answer-not-among-choices", number, answer)


def _without_tab(line: bytes, following: bytes) -> str:
    """The trap of a line without a tab, by the line after it, which has one.

    If both lines have the parts of a row, they are two rows; if only one has, they are one row. If
    neither has, the trap is undecided: ``no-tab``.
    """
    one, two = (_parts(text.partition(b"\t")[0]) for text in (line, following))
    if one == two != "nothing":
        return "no-tab" if one == "question" else "missing-tab"
    return "real-newline"


def _parts(text: bytes) -> Literal["nothing", "question", "choices", "context"]:
    """The last part that a row's text has; nothing if the text starts inside a row."""
    first, *others = (part.strip() for part in text.decode(errors="replace").split("\\n"))
    if not first or _lists_choices(first):
        return "nothing"
    if any(map(_lists_choices, others)):
        return "choices"
    return "context" if others else "question"


def _profile_of(path: Path) -> Profile | None:
    """The profile of a file that a manifest in the same folder lists."""
    with suppress(OSError, ValueError, TypeError, KeyError, RecursionError, UsageError):
        manifest = json.loads((path.parent / MANIFEST).read_bytes())
        if path.name in [file["path"] for file in manifest["files"]]:
            return profile_named(manifest["profile"]).of(manifest["dataset"])
    return None


def _lists_choices(part: str) -> bool:
    """True if it starts like a list of choices; a passage may start with a single ``(1)``."""
    start = _LOOSE.match(part)
    return start is not None and (start[1] in "aA" or len(_LOOSE.findall(part)) > 1)


def _cuts(part: str) -> list[re.Match[str]]:
    """The markers of its choices, in order; each is searched for after the previous one."""
    marks = list(_MARKER.finditer(part)) or list(_LOOSE.finditer(part))
    first = marks[0][1]
    numbers = [str(number) for number in range(int(first == "1"), 100)]
    letters = ascii_uppercase if first.isupper() else ascii_lowercase
    sequence = iter(numbers if first.isdigit() else letters)
    cuts: list[re.Match[str]] = []
    wanted = next(sequence)
    for mark in marks:
        if mark[1] == wanted:
            cuts.append(mark)
            wanted = next(sequence, "")
    return cuts


def _stray_marker(part: str, cuts: list[re.Match[str]]) -> tuple[str, str] | None:
    """The first text that looks like a marker but is not one of ``cuts``, and its trap."""
    places = {cut.start() for cut in cuts}
    letters = ascii_uppercase if part[1].isupper() else ascii_lowercase
    for mark in _LOOSE.finditer(part):
        if mark.start() in places or (cuts and mark[1].isdigit()):
            continue
        alone = _MARKER.match(part, mark.start()) is not None
        if not cuts or (alone and mark[1] in letters[len(cuts) : len(cuts) + 2]):
            return "marker-sequence", mark[0]
        if alone or mark[1].lower() in _CUT_BY_UNIFIEDQA:
            return "marker-in-choice", mark[0]
    return None
