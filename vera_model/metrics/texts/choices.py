r"""UnifiedQA's matching: a generated text answers with the choice that is most similar to it.

``clean`` takes the choices as they are; of equally similar ones, the value is the expected one.
``upstream`` does as evaluate_v2.py: choices are cut out of the input at ``\([a-e]\)`` (``[a-h]``
for QASC), so that an empty one moves the next ones' letters, and the first of equals wins.
"""

import re
import unicodedata
from collections.abc import Collection, Sequence

_MARKERS = {"qasc": re.compile(r"\([a-h]\)")}
_MARKER = re.compile(r"\([a-e]\)")
_UNKNOWN_TO_T5 = re.compile("[{}^\\\\`⁇<]")


def similarity(one: str, other: str) -> float:
    """3 for equal texts, 2 for equal up to what T5 can't write, else the share of common words."""
    if one == other:
        return 3.0
    left, right = (
        _UNKNOWN_TO_T5.sub(" ", text.replace('"', "").replace("'", "")) for text in (one, other)
    )
    if left == right:
        return 2.0
    words = (left.split(" "), right.split(" "))
    if max(map(len, words)) == 1:
        return 0.0
    return len(set(words[0]) & set(words[1])) / max(map(len, words))


def clean_similarity(one: str, other: str) -> float:
    """:func:`similarity` without regard to case, white space, and how Unicode writes a letter.

    2 also if they differ in what T5 can't write and the spaces around it, which newer versions of
    transformers leave out.
    """
    one, other = plain(one), plain(other)
    lossy = _UNKNOWN_TO_T5.search(one) or _UNKNOWN_TO_T5.search(other)
    if lossy and one != other and _bare(one) == _bare(other) != "":
        return 2.0
    left, right = (" ".join(_UNKNOWN_TO_T5.sub(" ", text).split()) for text in (one, other))
    return 3.0 if one == other else min(similarity(left, right), 2.0)


def nearest(choices: Sequence[str], answer: str) -> tuple[float, list[int]]:
    """The highest similarity, and the positions of all choices that have it."""
    found = [clean_similarity(choice, answer) for choice in choices]
    top = max(found, default=0.0)
    return top, [place for place, value in enumerate(found) if value == top]


def share_right(places: Sequence[int], golds: Collection[int]) -> float:
    """The expected value of one of the places, drawn at random."""
    return sum(place in golds for place in places) / len(places) if places else 0.0


def upstream_choice(dataset: str, question: str, answer: str) -> int | None:
    """The position that UnifiedQA's evaluator takes for the answer; None where it would fail."""
    given = answer.strip().lower()
    found = [similarity(choice, given) for choice in marked_choices(dataset, question)]
    return found.index(max(found)) if found else None


def marked_choices(dataset: str, question: str) -> list[str]:
    """The choices that UnifiedQA's evaluator finds in a question record's input."""
    parts = question.split("\\n")
    listed = parts[1].strip().lower() if len(parts) > 1 else ""
    split = _MARKERS.get(dataset, _MARKER).split(listed)
    return [choice.strip() for choice in split if choice.strip()]


def plain(text: str) -> str:
    """In lower case, one space between words, and NFKC, as T5's tokenizer gives it back."""
    return " ".join(unicodedata.normalize("NFKC", text).lower().split())


def _bare(text: str) -> str:
    return "".join(_UNKNOWN_TO_T5.sub("", text.replace('"', "").replace("'", "")).split())
