"""Choices that stand inside the question's own text: ``… (A) this (B) that``."""

import re
from typing import Literal, NamedTuple

from unifiedqa_convert.schema import FieldError

_MARKER = re.compile(r"\(([A-H1-8])\)")
_SERIES = {"A": "ABCDEFGH", "1": "12345678"}


class Inline(NamedTuple):
    """A question taken apart."""

    stem: str
    labels: tuple[str, ...]
    texts: tuple[str, ...]


def split_inline_choices(text: str, first: Literal["A", "1"]) -> Inline:
    """The stem before the one list of choices whose first label is ``first``, and these choices.

    A list starts at its first marker, and from there on the markers of its kind, letters or
    digits, stand in turn, each once, up to the end. White space around a marker belongs to it.
    FieldError on ``question`` where there is no such list: nothing is guessed.
    """
    series = _SERIES[first]
    marks = [mark for mark in _MARKER.finditer(text) if mark[1] in series]
    starts = [place for place, mark in enumerate(marks) if mark[1] == first]
    found = marks[starts[-1] :] if starts else []
    if len(found) < 2 or not series.startswith("".join(mark[1] for mark in found)):
        raise FieldError(
            "question", f"holds no list of choices that runs from ({first}) to its end"
        )
    ends = [mark.start() for mark in found[1:]] + [len(text)]
    return Inline(
        stem=text[: found[0].start()].strip(),
        labels=tuple(mark[1] for mark in found),
        texts=tuple(text[m.end() : end].strip() for m, end in zip(found, ends, strict=True)),
    )
