"""Aligned text columns, no wider than the terminal.

Not rich's tables: importing rich takes 60 ms, a fifth of what `uqa list` takes.
"""

import shutil
import sys
import textwrap
from collections.abc import Iterable, Sequence
from typing import TextIO

from unifiedqa_convert.errors import printable
from unifiedqa_convert.printing import print_text

_NARROWEST = 24
"""Minimum number of characters of the last column."""


def print_columns(lines: Iterable[Sequence[str]], file: TextIO | None = None) -> None:
    """Print columns on stdout; in a terminal the last one is wrapped, elsewhere (grep) it isn't."""
    file = file or sys.stdout
    width = shutil.get_terminal_size().columns if file.isatty() else None
    print_text("\n".join(aligned(lines, width)), file)


def aligned(lines: Iterable[Sequence[str]], width: int | None) -> list[str]:
    """Each column as wide as its widest cell; the last one gets the rest of ``width``."""
    lines = [tuple(map(printable, line)) for line in lines]
    widths = [max(map(len, column)) for column in zip(*(line[:-1] for line in lines), strict=True)]
    indent = sum(widths) + 2 * len(widths)
    rest = None if width is None else max(_NARROWEST, width - indent)
    shown = []
    for *cells, last in lines:
        start = "".join(f"{cell:{size}}  " for cell, size in zip(cells, widths, strict=True))
        # Commands and addresses are copied from here, so words are not broken.
        parts = [last] if rest is None else textwrap.wrap(
            last, rest, break_long_words=False, break_on_hyphens=False
        )  # fmt: skip
        shown += [(start if not n else " " * indent) + part for n, part in enumerate(parts or [""])]
    return [line.rstrip() for line in shown]
