"""Sentences out of stories and their endings: pure functions that adapters share."""

import re

from converters.shared.english import collapse, upper_first, with_full_stop

# An ending that goes on inside its start's last word group: ", the man bows", "'s done sliding".
_CLINGS = re.compile(r"[,.;:!?]|['\N{RIGHT SINGLE QUOTATION MARK}](?:s|re|ve|ll|d|m)\b")


def as_sentence(text: str) -> str:
    """A text that says something, as one sentence: spaced singly, capital first, stop last.

    A first word with a capital inside, as iPhone, keeps its small letter.
    """
    text = collapse(text)
    first = text.split(" ", 1)[0]
    text = text if first[1:] != first[1:].lower() and first.isalpha() else upper_first(text)
    return with_full_stop(text if text.endswith("...") else text.rstrip(",;: ") or text)


def as_story(*parts: str) -> str:
    """What the parts say, each as a sentence, one after the other."""
    return " ".join(as_sentence(part) for part in parts if part.strip())


def continued(start: str, ending: str) -> str:
    """The start of a story and one ending of it, as one text."""
    start, ending = collapse(start), collapse(ending)
    return as_sentence(start + ("" if _CLINGS.match(ending) else " ") + ending)
