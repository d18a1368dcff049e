"""The errors that a user can correct.

UqaError
  UsageError               exit 2  no such dataset, split or option, or options that contradict
  SourceError              exit 4  the rows' file is missing or has other content than expected
    UnreachableError       exit 7  it can't be downloaded: no network, gated, not pinned
  PluginError              exit 4  an adapter's package can't be imported, or two share a name
  RowError                 exit 4  dataset, split, row number, field, reason
  TooManyRejects           exit 3  more rows rejected than allowed
  QuestionConverterError   exit 4  it failed, or returned the wrong number of sentences
  OutputError              exit 5  the output can't be written
    OutputLocked           exit 6  another process is writing it
  ModelError               exit 4  a checkpoint is unreadable, unsafe, or of another shape

The command line catches them in one place and prints one line on stderr that says what to do next.
A bug is not caught and shows its traceback (exit 1).
"""

import re
from collections.abc import Sequence
from typing import ClassVar

# C0 but tab and line feed, DEL, C1; line and paragraph separators; what turns the direction of
# writing around (CVE-2021-42574); halves of surrogate pairs, which stand for bytes that are not
# UTF-8 in a name and cannot be encoded.
_UNPRINTABLE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\u202a-\u202e\u2066-\u2069\ud800-\udfff]"
)


def printable(text: str) -> str:
    r"""The text with control characters as ``\u001b``, which is valid in JSON, too."""
    if text.isprintable():
        return text
    return _UNPRINTABLE.sub(lambda found: f"\\u{ord(found[0]):04x}", text)


class UqaError(Exception):
    """The base class; the message says what is wrong and what to do next."""

    exit_code: ClassVar[int] = 4

    def __init__(self, message: str) -> None:
        super().__init__(printable(message))  # names and texts in it come from elsewhere


class UsageError(UqaError):
    """No such dataset, split or option, or options that contradict each other."""

    exit_code = 2


class SourceError(UqaError):
    """The rows' file is missing, has another shape, or differs from the pinned bytes."""


class UnreachableError(SourceError):
    """The rows can't be downloaded: no network, gated, or the source is not pinned."""

    exit_code = 7


class PluginError(UqaError):
    """An adapter's package can't be imported, or two adapters share a name."""


class RowError(UqaError):
    """One raw row does not follow its dataset's definition.

    Rows count from 0 over all files of the split, as in ids and outputs; the line counts from 1, as
    in an editor. ``field`` is ``-`` if the row as a whole can't be read.
    """

    def __init__(
        self, dataset: str, split: str, row: int, field: str, reason: str, line: int | None = None
    ) -> None:
        place = f"row {row}" if line is None else f"row {row} (line {line})"
        named = "" if field == "-" else f", field {field}"
        super().__init__(f"{dataset}/{split} {place}{named}: {reason}")
        self.dataset = dataset
        self.split = split
        self.row = row
        self.field = field
        self.reason = reason
        self.line = line
        self.raw: object = None
        """The record at which an adapter failed; not kept between processes."""

    def __reduce__(self) -> tuple[type["RowError"], tuple[str, str, int, str, str, int | None]]:
        """Workers raise it; by default an exception is pickled by its message alone."""
        return RowError, (self.dataset, self.split, self.row, self.field, self.reason, self.line)


class TooManyRejects(UqaError):
    """More rows were rejected than allowed."""

    exit_code = 3


class QuestionConverterError(UqaError):
    """The question converter failed, or returned the wrong number of sentences."""


class OutputError(UqaError):
    """The output can't be written; an earlier output is left as it was."""

    exit_code = 5


class OutputLocked(OutputError):
    """Another process is writing the same output."""

    exit_code = 6


class ModelError(UqaError):
    """A checkpoint is unreadable, unsafe, or has another shape."""


def missing_library(name: str | None, extra: str) -> UsageError:
    """The error for a missing library, with the command that installs its extra."""
    return UsageError(f"this needs {name}: {install_command(extra)}")


def install_command(extra: str) -> str:
    """The command that adds an extra to this installation: a checkout, a wheel or a repository."""
    import json
    from importlib.metadata import PackageNotFoundError, distribution
    from pathlib import Path
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    project = "unifiedqa-convert"
    try:
        origin = json.loads(distribution(project).read_text("direct_url.json") or "{}")
    except PackageNotFoundError:  # run from a checkout that is only on PYTHONPATH
        return f"pip install -e '{Path(__file__).resolve().parents[1]}[{extra}]'"
    url = origin.get("url", "")
    if vcs := origin.get("vcs_info"):
        return f"pip install '{project}[{extra}] @ {vcs['vcs']}+{url}@{vcs['commit_id']}'"
    if not url.startswith("file://"):
        return f"pip install '{project}[{extra}]'"
    editable = "-e " if origin.get("dir_info", {}).get("editable") else ""
    return f"pip install {editable}'{url2pathname(urlsplit(url).path)}[{extra}]'"


def check_words(words: Sequence[str]) -> None:
    """UsageError for a word of the command line that is not UTF-8, which no output can name.

    A file's name may hold any bytes; manifests, reports and cards are UTF-8.
    """
    for word in words:
        shown = word.encode("utf-8", "backslashreplace").decode()
        if shown != word:
            raise UsageError(f"{shown} is not UTF-8, so no output can name it: rename the file")
