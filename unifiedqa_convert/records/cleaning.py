"""How published files clean a field: pure functions.

A line, such as :1874, is one of allenai/unifiedqa's encode_datasets.py at 0977478.
"""

from collections.abc import Callable
from functools import partial

Clean = Callable[[str], str]


def as_is(text: str) -> str:
    """No cleaning: a line end breaks the published row in two, a tab gives it a third column."""
    return text


def published(text: str) -> str:
    """UnifiedQA's cleaning: a tab becomes a space, a line end is removed, nothing is stripped.

    Proof: commonsenseqa dev has tabs in stems, Rainier's csqa2 dev a line end in a question; this
    gives the sha256 of both published files.
    """
    return text.replace("\t", " ").replace("\r", "").replace("\n", "")


def spaced(text: str) -> str:
    """A tab and a line feed become spaces; a CR is kept.

    Proof: encode_datasets.py at 0977478. The sha256 of the published dev files of PIQA and
    SocialIQA is equal, but they have no line ends; PIQA's train has three.
    """
    return text.replace("\t", " ").replace("\n", " ")


def lowered(text: str) -> str:
    """``spaced``, in lower case."""
    return spaced(text.lower())


def lowered_stripped(text: str) -> str:
    """``lowered``, and stripped."""
    return lowered(text).strip()


def squeezed(text: str) -> str:
    """Without line feeds, which joins words, and tabs; three spaces become one, then two."""
    return text.replace("\n", "").replace("\t", "").replace("   ", " ").replace("  ", " ")


def stripped(text: str) -> str:
    """The cleaning of UnifiedQA's later datasets: ``squeezed``, after a strip."""
    return squeezed(text.strip())


def turns(text: str) -> str:
    """``stripped``; the parts of a context, which an adapter joins by line feeds, by a space."""
    return stripped(text.replace("\n", " "))


def sections(text: str) -> str:
    """``stripped``; the parts of a context by a comma."""
    return stripped(text.replace("\n", ","))


def script(text: str) -> str:
    """``stripped``, without double hyphens."""
    return squeezed(text.strip().replace("--", ""))


def multiqa(text: str) -> str:
    """:1874, question and answer: a tab vanishes, and a line feed is a space after the squeeze."""
    squeezed = text.replace("\t", "").replace("   ", " ").replace("  ", " ")
    return squeezed.replace("\n", " ").strip()


def multiqa_passage(text: str) -> str:
    """:1874, the paragraph: line feeds and tabs vanish before the squeeze."""
    return multiqa(text.strip().replace("\n", "").replace("\t", ""))


def on_one_line(text: str) -> str:
    """A line feed becomes a space; a tab is kept, and gives the row a third column."""
    return text.replace("\n", " ")


def unix_lines(text: str) -> str:
    """A CR, and CR LF, become a line feed, as in any file that Python reads as text."""
    return text.replace("\r\n", "\n").replace("\r", "\n")


def joined_lines(text: str) -> str:
    """Line ends are removed; a tab is kept."""
    return unix_lines(text).replace("\n", "")


def one_line(text: str) -> str:
    """Line feeds and tabs are removed, nothing is stripped."""
    return text.replace("\n", "").replace("\t", "")


def mctest(text: str) -> str:
    r"""``\newline``, which our rows have as a line feed, is a space; ``\tab`` stays as it is."""
    return text.replace("\n", " ").replace("\t", "\\tab")


def mctest_question(text: str) -> str:
    """``mctest``; the marks of its kind, which stand before it, vanish anywhere in a question."""
    return mctest(text).replace("one: ", "").replace("multiple: ", "")


def before_bracket(text: str) -> str:
    """:1796 takes what stands before the next bracket: an option ``f(x)`` loses its last one."""
    return text.split(")")[0]


RAW = frozenset({as_is, unix_lines, on_one_line, joined_lines, before_bracket})
"""Those that leave a line end or a tab where it is."""


def _marked(clean: Clean, mark: str, text: str) -> str:
    """Cleaned; with the mark at its end if it stands nowhere in it."""
    cleaned = clean(text)
    return cleaned if mark in cleaned else cleaned + mark


def asked(clean: Clean, mark: str = "?") -> Clean:
    """``clean``, and a question mark for a question that has none."""
    return partial(_marked, clean, mark)


def asked_multiqa(text: str) -> str:
    """:1874: the mark is added before the strip, so that it may have a space before it."""
    squeezed = text.replace("\t", "").replace("   ", " ").replace("  ", " ").replace("\n", " ")
    return (squeezed if "?" in squeezed else f"{squeezed}?").strip()
