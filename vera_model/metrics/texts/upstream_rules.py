"""UnifiedQA's own evaluation, limits included: one score of one answer (``--compat unifiedqa``).

As allenai/unifiedqa's evaluation/evaluate_v2.py at aaf9776, and the scripts beside it for the
datasets that it does not know. Its limits, which the scores of ``rules`` do not have:

- choices: see ``choices``; where a published meta file has digits, it compares them with letters;
- yes/no is F1 over words, and so "yes or no" is half right;
- of most datasets only the first reference counts; ROPES' and Quoref's references are the parts of
  one answer; TweetQA's, joined by ``//``, are one reference; DROP's further annotators are ignored;
- "no answer" anywhere in a SQuAD 2.0 answer is no answer; elsewhere it is a text like any other;
- ROUGE-L and DROP's F1 have two decimals, and ROUGE-L is of precision and recall to the power of
  1 / 1.2, which its package (py-rouge) means for another score.

Not reproduced: the words for numbers that QAConv's script adds, and py-rouge's stems of irregular
words ("went" is "go").
"""

from collections.abc import Sequence

from unifiedqa_convert.schema import MultipleChoice
from vera_model.data.answers.questions import Question
from vera_model.metrics.texts import drop, squad
from vera_model.metrics.texts.choices import upstream_choice
from vera_model.metrics.texts.rules import Rouge, Scores, ScoringRule, parts_of, rule_of

_KNOWN_CHOICES = frozenset(
    "ai2_science_elementary ai2_science_middle aqua_rat arc_easy arc_hard commonsenseqa cosmosqa "
    "dream head_qa mcscript mcscript2 mctest_mc160 mctest_mc500 mmlu onestopqa openbookqa "
    "physical_iqa processbank prost qasc quail race_c race_high race_middle reclor record "
    "social_iqa winogrande_l winogrande_m winogrande_s winogrande_xl winogrande_xs".split()
)
_DIGITS = frozenset(["social_iqa"])
"""Datasets whose published meta file has digits: never equal to a letter."""
_FIRST = frozenset(
    "ambigqa boolq boolq_np contrast_sets_boolq csqa2 multirc natural_questions newsqa pubmedqa "
    "pubmedqa_artificial strategyqa".split()
)
"""Datasets of which it reads one reference, the output."""
_PARTS = frozenset("contrast_sets_quoref contrast_sets_ropes quoref ropes".split())
_DROP = frozenset("contrast_sets_drop drop".split())
_ALL = frozenset(
    "adversarialqa_dbert adversarialqa_dbidaf adversarialqa_droberta qaconv squad1_1".split()
)
_OWN = frozenset("narrativeqa squad2 tweetqa".split())
_ROUGE_WORDS = 100
_ROUGE_WEIGHT = 1.2


def upstream_rule_of(dataset: str, kind: str) -> ScoringRule:
    """The rule of :func:`rule_of`, with the score that UnifiedQA's evaluator gives."""
    rule, f1 = rule_of(dataset, kind), "f1"
    if kind == MultipleChoice.kind and dataset not in _FIRST:
        return rule
    return rule._replace(headline={"narrativeqa": "rouge_l", "tweetqa": "bleu_1"}.get(dataset, f1))


def is_known_upstream(dataset: str) -> bool:
    """Whether UnifiedQA's evaluators name the dataset; others are scored as the like of them."""
    return dataset in _KNOWN_CHOICES | _FIRST | _PARTS | _DROP | _ALL | _OWN


def upstream_score(question: Question, answer: Sequence[str]) -> Scores:
    """The one score, and ``upstream_fails`` where UnifiedQA's evaluator would stop.

    ``answer``: the texts of an answer; it knows one text only, which they are joined to.
    """
    text, dataset = ", ".join(answer).strip(), question.dataset
    references = list(question.references)
    if question.kind == MultipleChoice.kind and dataset not in _FIRST:
        place = upstream_choice(dataset, question.input, text)
        right = place in question.golds and dataset not in _DIGITS
        return {"accuracy": float(right), "upstream_fails": float(place is None)}
    if dataset == "narrativeqa":
        return {"rouge_l": max((_py_rouge(one, text) for one in references), default=0.0)}
    if dataset == "tweetqa":
        return {"bleu_1": _bleu_1("//".join(references), text)}
    if dataset in _PARTS:
        return {"f1": drop.scores(parts_of(references) or [""], [text]).f1}
    if dataset in _DROP:
        return {"f1": drop.scores([question.output or ""], [text]).f1}
    if dataset == "squad2":
        none = not references or any("no answer" in one.lower() for one in references)
        given = "" if "no answer" in text.lower() else text
        return {"f1": squad.best(squad.f1_of_squad2, [""] if none else references, given)}
    if dataset == "qaconv":
        return {"f1": squad.best(squad.f1_of_squad2, references or [""], text)}
    if dataset in _FIRST or not references:
        references = [question.output or ""]
    return {"f1": squad.best(squad.f1_of_squad1, references, text)}


def _py_rouge(reference: str, answer: str) -> float:
    cut = (" ".join(text.split()[:_ROUGE_WORDS]) for text in (reference, answer))
    found = Rouge.of(*cut)
    precision, recall = (value ** (1 / _ROUGE_WEIGHT) for value in (found.precision, found.recall))
    both = precision + recall
    return round(2 * precision * recall / both, 2) if both else 0.0


def _bleu_1(reference: str, answer: str) -> float:
    from nltk.translate.bleu_score import sentence_bleu

    words = [squad.normalised(text).split() for text in (reference, answer)]
    return float(sentence_bleu(words[:1], words[1], weights=(1,)))
