"""Which published rule scores the answers to a dataset's questions, and the scores of one answer.

These follow the datasets' own evaluations; ``upstream_rules`` is allenai/unifiedqa's.
"""

from collections.abc import Callable, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple, Self

from unifiedqa_convert.schema import BETWEEN_PARTS, MultipleChoice, YesNo
from vera_model.data.answers.questions import Question
from vera_model.metrics.texts import drop, squad
from vera_model.metrics.texts.choices import nearest, share_right

AnswerFormat = Literal["multiple_choice", "yes_no", "extractive", "abstractive", "free_text"]
"""UnifiedQA's four formats; ``free_text`` for datasets of which nobody said which it is."""
Scores = dict[str, float]
"""The scores of one answer by name, between 0 and 1; a name that does not apply is absent."""


class ScoringRule(NamedTuple):
    """How answers are scored."""

    format: AnswerFormat
    scoring: Literal["choices", "yes_no", "squad1", "squad2", "drop"]
    headline: str
    """The name of the score that stands for the dataset."""
    joined: bool = False
    """True if a reference with commas may be several spans, which its adapter joins."""


_CHOICES = ScoringRule("multiple_choice", "choices", "accuracy")
_YES_NO = ScoringRule("yes_no", "yes_no", "accuracy")
_OTHER = ScoringRule("free_text", "squad2", "f1")
_SQUAD1 = ScoringRule("extractive", "squad1", "f1")
_SQUAD2 = ScoringRule("extractive", "squad2", "f1")
_QUOREF = ScoringRule("extractive", "drop", "f1")
_DROP = ScoringRule("abstractive", "drop", "f1", joined=True)
_ROUGE = ScoringRule("abstractive", "squad1", "rouge_l")

_BY_DATASET = {
    **dict.fromkeys("squad1_1 hotpotqa triviaqa searchqa covidqa".split(), _SQUAD1),
    **dict.fromkeys("ropes contrast_sets_ropes".split(), _SQUAD1),
    **{f"adversarialqa_{name}": _SQUAD1 for name in ("dbidaf", "dbert", "droberta")},
    **dict.fromkeys("squad2 newsqa duorc_self duorc_paraphrase".split(), _SQUAD2),
    **dict.fromkeys("quoref contrast_sets_quoref".split(), _QUOREF),
    **dict.fromkeys("drop contrast_sets_drop".split(), _DROP),
    **dict.fromkeys("narrativeqa tweetqa".split(), _ROUGE),
    "natural_questions": ScoringRule("abstractive", "squad1", "exact_match"),
    "ambigqa": ScoringRule("abstractive", "squad1", "f1"),
    "qaconv": ScoringRule("abstractive", "squad2", "f1"),
}


def rule_of(dataset: str, kind: str) -> ScoringRule:
    """The rule for the examples of a kind in a dataset."""
    if kind == MultipleChoice.kind:
        return _CHOICES
    return _YES_NO if kind == YesNo.kind else _BY_DATASET.get(dataset, _OTHER)


def score(question: Question, answer: Sequence[str], rule: ScoringRule) -> Scores:
    """The scores of an answer to a labelled question; several texts are the parts of an answer.

    ``unmatched`` is 1 for a text that is like no choice, or neither yes nor no.
    """
    text = ", ".join(answer)
    if rule.scoring == "choices":
        return _of_choices(question, text)
    if rule.scoring == "yes_no":
        given = squad.normalised(text)
        right = float(given == squad.normalised(question.references[0]))
        return {"accuracy": right, "unmatched": float(given not in ("yes", "no"))}
    if rule.scoring == "drop" or question.in_parts:
        return _of_parts(question, parts_of(answer), rule)._asdict()
    found = _of_texts(question.references, text, rule)
    if rule.scoring == "squad2":
        found |= {f"{name}_{_answerable(question)}": value for name, value in found.items()}
    if rule.format in ("abstractive", "free_text"):
        found["rouge_l"] = rouge_l(question.references, text)
    return found


def choice_score(question: Question, places: Sequence[int]) -> Scores:
    """The scores of choices that a model ranks highest, equally."""
    return {"accuracy": share_right(places, question.golds), **_chance(question)}


def _of_choices(question: Question, text: str) -> Scores:
    similarity, places = nearest(question.choices, text)
    return {
        **choice_score(question, places),
        "unmatched": float(similarity == 0),
        "exact_match": squad.best(squad.exact, question.references, text),
        "f1": squad.best(squad.f1_of_squad2, question.references, text),
    }


def _chance(question: Question) -> Scores:
    return {"accuracy_by_chance": len(set(question.golds)) / len(question.choices)}


def _of_parts(question: Question, answer: Sequence[str], rule: ScoringRule) -> drop.DropScore:
    """Of an answer's parts, to a question whose references are the parts of one, or each a whole.

    Commas between joined spans can't be told from commas in a span: to such a reference, the answer
    is compared whole, too.
    """
    if question.in_parts:
        return drop.best([question.references], answer)
    whole = ", ".join(answer)
    found = [
        drop.best([(text,)], (whole,) if rule.joined and ", " in text else answer)
        for text in question.references
    ]
    exact, f1 = zip(*found, strict=True) if found else ((0.0,), (0.0,))
    return drop.DropScore(max(exact), max(f1))


def _of_texts(references: Sequence[str], text: str, rule: ScoringRule) -> Scores:
    if rule.scoring == "squad1" and references:
        measure: Callable[[str, str], float] = squad.f1_of_squad1
    else:
        references, measure = squad.references_of_squad2(references), squad.f1_of_squad2
        text = "" if squad.is_no_answer(text) else text
    return {
        "exact_match": squad.best(squad.exact, references, text),
        "f1": squad.best(measure, references, text),
    }


def parts_of(texts: Sequence[str]) -> list[str]:
    """The parts of an answer, which UnifiedQA writes with ``///`` between them."""
    return [part for text in texts for part in text.split(BETWEEN_PARTS)]


def _answerable(question: Question) -> str:
    return "has_answer" if question.references else "no_answer"


def rouge_l(references: Sequence[str], answer: str) -> float:
    """The best ROUGE-L F1; of a question without references, whether the answer says so."""
    if not references:
        return float(squad.is_no_answer(answer))
    return max(Rouge.of(reference, answer).f1 for reference in references)


class Rouge(NamedTuple):
    """ROUGE-L of one reference, by the longest common subsequence of stems (package rouge-score).

    It sees the letters a to z and digits only: a text in another script has no words.
    """

    precision: float
    recall: float
    f1: float

    @classmethod
    def of(cls, reference: str, answer: str) -> Self:
        """All three of an answer."""
        return cls(*map(float, _rouge().score(reference, answer)["rougeL"]))


@cache
def _rouge() -> Any:
    from rouge_score.rouge_scorer import RougeScorer

    return RougeScorer(["rougeL"], use_stemmer=True)
