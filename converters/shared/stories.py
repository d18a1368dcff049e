"""Statements from stories and their endings: pure functions that adapters share."""

import re

from converters.shared.english import upper_first, with_full_stop
from unifiedqa_convert.schema import collapse

# An ending without a space before it: ", the man bows", "'s done sliding".
_NO_SPACE = re.compile(r"[,.;:!?]|['\N{RIGHT SINGLE QUOTATION MARK}](?:s|re|ve|ll|d|m)\b")


def as_sentence(text: str) -> str:
    """The text as one sentence: single spaces, first letter in upper case, full stop at the end.

    A first word with a capital inside, such as iPhone, is kept.
    """
    text = collapse(text)
    first = text.split(" ", 1)[0]
    text = text if first[1:] != first[1:].lower() and first.isalpha() else upper_first(text)
    return with_full_stop(text if text.endswith("...") else text.rstrip(",;: ") or text)


def join_sentences(*parts: str) -> str:
    """The parts that are not blank, each as a sentence, one after the other."""
    return " ".join(as_sentence(part) for part in parts if part.strip())


def continued(start: str, ending: str) -> str:
    """The start of a story and one ending, as one sentence."""
    start, ending = collapse(start), collapse(ending)
    return as_sentence(start + ("" if _NO_SPACE.match(ending) else " ") + ending)
