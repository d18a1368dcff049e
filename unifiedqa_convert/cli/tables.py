"""Aligned text columns, no wider than the terminal.

Not rich's tables: importing rich takes 60 ms, a fifth of what `uqa list` takes.
"""

import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence

_NARROWEST = 24
"""Characters that the last column keeps, however narrow the terminal is."""


def print_columns(lines: Iterable[Sequence[str]]) -> None:
    """Print them on stdout; in a terminal the last column is wrapped.

    Elsewhere a line stays a line, however long: that is what ``grep`` wants.
    """
    width = shutil.get_terminal_size().columns if sys.stdout.isatty() else None
    print("\n".join(aligned(lines, width)))


def aligned(lines: Iterable[Sequence[str]], width: int | None) -> list[str]:
    """Every column as wide as its widest cell; the last one takes what is left of ``width``."""
    lines = list(lines)
    widths = [max(map(len, column)) for column in zip(*(line[:-1] for line in lines), strict=True)]
    indent = sum(widths) + 2 * len(widths)
    room = None if width is None else max(_NARROWEST, width - indent)
    shown = []
    for *cells, last in lines:
        start = "".join(f"{cell:{size}}  " for cell, size in zip(cells, widths, strict=True))
        # Commands and addresses are copied from here: a word is never broken.
        parts = [last] if room is None else textwrap.wrap(
            last, room, break_long_words=False, break_on_hyphens=False
        )  # fmt: skip
        shown += [(start if not n else " " * indent) + part for n, part in enumerate(parts or [""])]
    return [line.rstrip() for line in shown]
