"""What a person reads in a terminal. Text from elsewhere is shown there, and never obeyed.

Names of files, columns and members of archives, texts of rows and answers of a service can hold
control characters: a terminal obeys them (colours, its title, the cursor, what is pasted back).
Everything is printed by this module (ruff's rule T201 holds it), and every error's message passes
``errors.printable``.
"""

import json
import re
import sys
from typing import Any, TextIO

from unifiedqa_convert.errors import printable

LONGEST_LINE = 2000
"""Characters of a line on stderr; of a longer one the start and the end are shown."""
_END = 400


def cut_lines(text: str, longest: int = LONGEST_LINE) -> str:
    """The text with each line of more than ``longest`` characters cut in the middle, and told."""
    if len(text) <= longest:
        return text
    return "\n".join(_cut(line, longest) for line in text.split("\n"))


def _cut(line: str, longest: int) -> str:
    if len(line) <= longest:
        return line
    end = min(_END, longest // 3)
    start = longest - end - 40  # for what stands between: the result is not cut again
    left_out = len(line) - start - end
    return f"{line[:start]} … ({left_out:,} characters) … {line[-end:]}"


def message(text: str) -> str:
    """An error's text: printable, its lines cut_lines, those after the first indented.

    So that a line feed in a name can't write a line that looks like one of ours.
    """
    return re.sub(r"\n(?! )", "\n  ", cut_lines(printable(text)))


def say(line: str, quiet: bool = False) -> None:
    """Print a message on stderr, unless quiet."""
    if not quiet:
        print(cut_lines(printable(line)), file=sys.stderr, flush=True)


def print_text(text: object, file: TextIO | None = None) -> None:
    """Print a result on stdout: control characters are shown in a terminal, and kept for a pipe.

    A path that a script reads must stay the path. What can't be encoded is shown in a pipe, too.
    """
    file = file or sys.stdout
    line = str(text)
    if file.isatty() or not _is_encodable(line, file.encoding):
        line = printable(line)
    print(line, file=file)


def _is_encodable(line: str, encoding: str | None) -> bool:
    try:
        line.encode(encoding or "utf-8")
    except UnicodeEncodeError:
        return False
    return True


def print_json(document: Any) -> None:
    """Print a document as JSON on stdout."""
    print(printable(json.dumps(document, indent=2, ensure_ascii=False)))
