r"""UnifiedQA's metrics of generated answers (Khashabi et al. 2020; allenai/unifiedqa, evaluation/).

A choice's answer is the option most similar to the text; exact match and F1 over words are
SQuAD's. Recipe ``vera`` does as UnifiedQA's evaluator: options are cut out of the input at
``\([a-e]\)`` (``[a-h]`` for QASC), the first of equal options wins, and a text with "no answer"
anywhere is the empty answer.
"""

import re
import string
from collections import Counter
from collections.abc import Sequence
from typing import Any

import numpy as np

from vera_model.data.text_records import TextRecord

_MARKERS = {"qasc": re.compile(r"\([a-h]\)")}
_MARKER = re.compile(r"\([a-e]\)")
_UNKNOWN_TO_T5 = re.compile("[{}^\\\\`⁇<]")
_ARTICLES = re.compile(r"\b(a|an|the)\b")
_NO_PUNCTUATION = str.maketrans("", "", string.punctuation)


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


def answer_correct(record: TextRecord, answer: str, *, upstream: bool) -> float:
    """Whether the option most similar to ``answer`` is right; of equal ones the expected value."""
    options = _marked(record) if upstream else [_plain(option) for option in record.options]
    scores = [
        similarity(option, answer.strip() if upstream else _plain(answer)) for option in options
    ]
    if not scores:
        return 0.0
    if upstream:
        return float(int(np.argmax(scores)) in record.golds)
    top = [place for place, score in enumerate(scores) if score == max(scores)]
    return sum(place in record.golds for place in top) / len(top)


def exact_match(record: TextRecord, answer: str, *, upstream: bool) -> float:
    """Whether the answer is a right one, up to case, articles and punctuation."""
    given = _normal(answer, upstream)
    return float(any(given == _normal(right, upstream) for right in _right(record)))


def f1(record: TextRecord, answer: str, *, upstream: bool) -> float:
    """The best harmonic mean of precision and recall over words, among the right answers."""
    given = _normal(answer, upstream)
    return max((_overlap(given, _normal(right, upstream)) for right in _right(record)), default=0.0)


def summarise_answers(
    records: Sequence[TextRecord], answers: Sequence[str], *, upstream: bool
) -> dict[str, Any]:
    """Metrics of each dataset, and ``overall`` over all records."""
    pairs = list(zip(records, answers, strict=True))
    tasks = sorted({record.task for record in records})
    return {
        "overall": _metrics(pairs, upstream),
        "tasks": {
            task: _metrics([pair for pair in pairs if pair[0].task == task], upstream)
            for task in tasks
        },
    }


def _metrics(pairs: Sequence[tuple[TextRecord, str]], upstream: bool) -> dict[str, Any]:
    choices = [pair for pair in pairs if pair[0].is_choice]
    return {
        "records": len(pairs),
        "choice_records": len(choices),
        "choice_accuracy": _mean([answer_correct(*pair, upstream=upstream) for pair in choices]),
        "choice_accuracy_by_chance": _mean([_chance(record) for record, _ in choices]),
        "exact_match": _mean([exact_match(*pair, upstream=upstream) for pair in pairs]),
        "f1": _mean([f1(*pair, upstream=upstream) for pair in pairs]),
    }


def _right(record: TextRecord) -> list[str]:
    """The record's output and the other right answers."""
    return [record.output, *(record.options[place] for place in record.golds)]


def _chance(record: TextRecord) -> float:
    return len(record.golds) / len(record.options) if record.options else 0.0


def _marked(record: TextRecord) -> list[str]:
    """The options that UnifiedQA's evaluator finds in the input."""
    parts = record.input.split("\\n")
    listed = parts[1].strip().lower() if len(parts) > 1 else ""
    split = _MARKERS.get(record.task, _MARKER).split(listed)
    return [option.strip() for option in split if option.strip()]


def _plain(text: str) -> str:
    return " ".join(text.lower().split())


def _normal(text: str, upstream: bool) -> str:
    """SQuAD's normalisation."""
    if upstream and "no answer" in text.lower():
        return ""
    bare = text.lower().translate(_NO_PUNCTUATION)
    return " ".join(_ARTICLES.sub(" ", bare).split())


def _overlap(one: str, other: str) -> float:
    words = one.split(), other.split()
    if not words[0] or not words[1]:
        return float(words[0] == words[1])
    shared = (Counter(words[0]) & Counter(words[1])).total()
    return 2 * shared / (len(words[0]) + len(words[1]))


def _mean(values: Sequence[float]) -> float | None:
    return float(np.mean(values)) if values else None
