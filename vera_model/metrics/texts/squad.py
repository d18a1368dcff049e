"""SQuAD's exact match and F1 (Rajpurkar et al. 2016 and 2018), as its evaluation scripts have them.

Between 0 and 1. UnifiedQA's scripts, and most datasets of passages, have the same normalisation.
"""

import re
import string
from collections import Counter
from collections.abc import Callable, Sequence

_ARTICLES = re.compile(r"\b(a|an|the)\b")
_PUNCTUATION = str.maketrans("", "", string.punctuation)  # of ASCII: typographic quotes stay
UNKNOWN_TO_T5 = "⁇"
"""What T5's vocabulary makes of ``<``, when it is decoded with its special tokens."""


def normalised(text: str) -> str:
    """In lower case, without ASCII punctuation and articles, one space between words."""
    return " ".join(_ARTICLES.sub(" ", text.lower().translate(_PUNCTUATION)).split())


def exact(reference: str, answer: str) -> float:
    """1 if both are the same after normalisation."""
    return float(normalised(reference) == normalised(answer))


def f1_of_squad1(reference: str, answer: str) -> float:
    """Harmonic mean of precision and recall over words; 0 if they share none, even without any."""
    given, right = normalised(answer).split(), normalised(reference).split()
    shared = (Counter(given) & Counter(right)).total()
    return 2 * shared / (len(given) + len(right)) if shared else 0.0


def f1_of_squad2(reference: str, answer: str) -> float:
    """As :func:`f1_of_squad1`; if either has no words, 1 if neither has any."""
    given, right = normalised(answer).split(), normalised(reference).split()
    if not given or not right:
        return float(given == right)
    return f1_of_squad1(reference, answer)


def best(score: Callable[[str, str], float], references: Sequence[str], answer: str) -> float:
    """The highest score over the references; 0 without any."""
    return max((score(reference, answer) for reference in references), default=0.0)


def is_no_answer(answer: str) -> bool:
    """Whether it says that there is none: nothing, or ``<No Answer>`` as a T5 gives it back."""
    return normalised(answer.replace(UNKNOWN_TO_T5, " ")) in ("", "no answer")


def references_of_squad2(references: Sequence[str]) -> list[str]:
    """Those of which normalisation leaves something; without any, the empty answer."""
    return [text for text in references if normalised(text)] or [""]
