"""Choices inside the question's text: ``… (A) this (B) that``."""

import re
from typing import Literal, NamedTuple

from unifiedqa_convert.schema import FieldError

_MARKER = re.compile(r"\(([A-H1-8])\)")
_SERIES = {"A": "ABCDEFGH", "1": "12345678"}


class Inline(NamedTuple):
    """A question without its choices, and the choices."""

    stem: str
    labels: tuple[str, ...]
    texts: tuple[str, ...]


def split_inline_choices(text: str, first: Literal["A", "1"]) -> Inline:
    """The stem before the list of choices whose first label is ``first``, and the choices.

    The list starts at its first marker; from there to the end the markers of its kind, letters or
    digits, are in order, each once. White space around a marker is dropped. FieldError on
    ``question`` if there is no such list.
    """
    series = _SERIES[first]
    marks = [mark for mark in _MARKER.finditer(text) if mark[1] in series]
    starts = [number for number, mark in enumerate(marks) if mark[1] == first]
    found = marks[starts[-1] :] if starts else []
    if len(found) < 2 or not series.startswith("".join(mark[1] for mark in found)):
        raise FieldError(
            "question", f"has no list of choices from ({first}) to the end of the text"
        )
    ends = [mark.start() for mark in found[1:]] + [len(text)]
    return Inline(
        stem=text[: found[0].start()].strip(),
        labels=tuple(mark[1] for mark in found),
        texts=tuple(text[m.end() : end].strip() for m, end in zip(found, ends, strict=True)),
    )
