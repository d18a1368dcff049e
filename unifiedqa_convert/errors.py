"""The errors a user can do something about.

UqaError
  UsageError               exit 2  the command asks for what is not there: dataset, split, option
  SourceError              exit 4  the rows' file is not what it should be
    UnreachableError       exit 7  it can't be fetched: no network, gated, unpinned
  PluginError              exit 4  an adapter's package can't be imported, or two share a name
  RowError                 exit 4  dataset, split, row number, field, reason
  TooManyRejects           exit 3  more rows rejected than allowed
  QuestionConverterError   exit 4  it failed, or gave the wrong number of sentences
  OutputError              exit 5  it can't be written
    OutputLocked           exit 6  another process is writing it
  ModelError               exit 4  a checkpoint is unreadable, unsafe, or of another shape

They are caught once, in the command line: one line on stderr that says what to do next. A bug is
not caught and shows its traceback (exit 1).
"""

from typing import ClassVar


class UqaError(Exception):
    """The base; its message says what is wrong and what to do next."""

    exit_code: ClassVar[int] = 4


class UsageError(UqaError):
    """The command asks for a dataset, split or option that is not there."""

    exit_code = 2


class SourceError(UqaError):
    """The rows' file is missing, of another shape, or not the pinned bytes."""


class UnreachableError(SourceError):
    """The rows can't be fetched: no network, gated, or nobody has pinned the source."""

    exit_code = 7


class PluginError(UqaError):
    """An adapter's package can't be imported, or two adapters share a name."""


class RowError(UqaError):
    """One raw row is not what its dataset defines.

    Rows count from 0, as ids and outputs have them, over all files of the split; the line, from 1,
    is what an editor shows. ``field`` is ``-`` where the row as a whole can't be read.
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

    def __reduce__(self) -> tuple[type["RowError"], tuple[str, str, int, str, str, int | None]]:
        """Exceptions are pickled by their message; this one has six parts (workers raise it)."""
        return RowError, (self.dataset, self.split, self.row, self.field, self.reason, self.line)


class TooManyRejects(UqaError):
    """More rows were rejected than the caller allows."""

    exit_code = 3


class QuestionConverterError(UqaError):
    """The question converter failed, or gave the wrong number of sentences."""


class OutputError(UqaError):
    """The output can't be written; what stood there before is untouched."""

    exit_code = 5


class OutputLocked(OutputError):
    """Another process is writing the same output."""

    exit_code = 6


class ModelError(UqaError):
    """A checkpoint is unreadable, unsafe, or of another shape."""


def missing_library(name: str | None, extra: str) -> UsageError:
    """The error where a library of an extra is absent, with the command that installs the extra."""
    return UsageError(f"this needs {name}: {install_command(extra)}")


def install_command(extra: str) -> str:
    """What installs an extra beside this very installation: a checkout, a wheel, a repository."""
    import json
    from importlib.metadata import distribution
    from urllib.parse import urlsplit
    from urllib.request import url2pathname

    project = "unifiedqa-convert"
    origin = json.loads(distribution(project).read_text("direct_url.json") or "{}")
    url = origin.get("url", "")
    if vcs := origin.get("vcs_info"):
        return f"pip install '{project}[{extra}] @ {vcs['vcs']}+{url}@{vcs['commit_id']}'"
    if not url.startswith("file://"):
        return f"pip install '{project}[{extra}]'"
    editable = "-e " if origin.get("dir_info", {}).get("editable") else ""
    return f"pip install {editable}'{url2pathname(urlsplit(url).path)}[{extra}]'"
