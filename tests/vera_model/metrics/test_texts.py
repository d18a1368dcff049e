"""Scores of one answer: the right value beside each case, by the published rules, worked by hand.

``PUBLISHED`` is what each dataset's own evaluation gives, ``UPSTREAM`` what allenai/unifiedqa's
does, where a limit of it shows.
"""

from collections.abc import Sequence
from math import exp

import pytest

from vera_model.data.answers.questions import Question
from vera_model.metrics.texts.rules import rule_of, score
from vera_model.metrics.texts.upstream_rules import upstream_rule_of, upstream_score

THIRD = 1 / 3


def asked(
    dataset: str,
    kind: str,
    choices: Sequence[str],
    golds: Sequence[int],
    *,
    given: str = "q",
    output: str | None = None,
) -> Question:
    right = tuple(choices[gold] for gold in golds)
    first = output if output is not None else right[0] if right else "<No Answer>"
    about = (dataset, "dev", "x-0", None, kind, given, first, tuple(choices), tuple(golds))
    return Question(*about, True, "x-0", (0,), "x/dev row 0")


def of_text(dataset: str, references: Sequence[str]) -> Question:
    """Quoref's answers in several parts have their flag, as the adapter gives it."""
    made = asked(dataset, "free_text", references, range(len(references)))
    return made._replace(in_parts="quoref" in dataset and len(references) > 1)


def of_choices(choices: Sequence[str], *golds: int, dataset: str = "arc_easy") -> Question:
    listed = " ".join(f"({letter}) {one}" for letter, one in zip("abcdefgh", choices, strict=False))
    return asked(dataset, "multiple_choice", choices, golds, given=f"q? \\n {listed} \\n context")


def of_yes(answer: bool, dataset: str = "boolq") -> Question:
    return asked(dataset, "yes_no", ("yes", "no"), (int(not answer),))


SQUAD = [
    # dataset, references, answer, exact match, F1
    ("squad1_1", ["the Old Town"], "old town!", 1, 1),  # case, article, punctuation
    ("squad1_1", ["Old Town"], "town of old", 0, 0.8),  # 2·2 / (3 + 2)
    ("squad1_1", ["Denver Broncos", "Broncos"], "broncos", 1, 1),  # the best reference
    ("squad1_1", ["Ann Lee", "Ann"], "Ann B", 0, 2 / 3),
    ("squad1_1", ["cat cat"], "cat", 0, 2 / 3),  # words count as often as they occur
    ("squad1_1", ["cat cat dog"], "cat cat", 0, 0.8),
    ("squad1_1", ["cat"], "", 0, 0),
    ("squad1_1", ["the"], "a", 1, 0),  # nothing is left of either: SQuAD 1.1's F1 is 0
    ("squad2", ["the"], "a", 1, 1),  # SQuAD 2.0's is 1
    ("squad2", ["the", "owl"], "a", 0, 0),  # … and a reference of which nothing is left is none
    ("squad1_1", ["no answer"], "no answer", 1, 1),  # a text like any other
    ("squad1_1", ["Café Ünal"], "café ünal", 1, 1),
    ("squad1_1", ["café"], "cafe\u0301", 0, 0),  # published: no Unicode normalisation
    ("squad1_1", ["don\u2019t"], "don't", 0, 0),  # published: ASCII punctuation only
    ("squad1_1", ["U.S."], "US", 1, 1),
    ("squad1_1", ["ice-cream"], "ice cream", 0, 0),  # a hyphen joins
    ("squad1_1", ["3,000"], "3000", 1, 1),
    ("squad1_1", ["another"], "other", 0, 0),  # an article is a whole word
    ("squad1_1", ["10\u00a0km"], "10 km", 1, 1),
    ("squad1_1", ["北京"], "北京", 1, 1),
    ("squad2", [], "", 1, 1),
    ("squad2", [], "<No Answer>", 1, 1),
    ("squad2", [], "⁇ no answer>", 1, 1),  # as a T5 writes it
    ("squad2", [], "there is no answer", 0, 0),
    ("squad2", [], "Paris", 0, 0),
    ("squad2", ["Paris"], "", 0, 0),
    ("squad2", ["Paris"], "no answer", 0, 0),
    ("squad2", ["no answer sheet"], "no answer sheet", 1, 1),
    ("newsqa", [], "no answer", 1, 1),
    ("somebodys_own", [], "no answer", 1, 1),
    ("ropes", ["more", "higher"], "higher", 1, 1),  # alternatives
]
DROP = [
    ("drop", ["3"], ["3.0"], 1, 1),
    ("drop", ["3,000 men"], ["3000 men"], 1, 1),
    ("drop", ["-5"], ["5"], 1, 1),  # published: split at the hyphen, the sign is lost
    ("drop", ["3 yards"], ["4 yards"], 0, 0),  # other numbers: SQuAD would give 0.5
    ("drop", ["3 yards"], ["3"], 0, 0.67),  # two decimals
    ("drop", ["yards"], ["4 yards"], 0, 0.67),  # the reference has no number to agree on
    ("drop", ["Holm, Berg"], ["Berg, Holm"], 0, 1),  # bags of words have no order
    ("drop", ["ten-yard"], ["ten yard"], 1, 1),
    ("drop", ["4", "5"], ["5"], 1, 1),  # annotators are alternatives
    ("drop", ["July 4 1970"], ["4 July 1970"], 0, 1),
    ("drop", ["3"], [""], 0, 0),
    ("drop", ["the cat"], ["a cat"], 1, 1),
    ("quoref", ["Jon", "Eskil"], ["Eskil", "Jon"], 1, 1),  # parts of one answer, in any order
    ("quoref", ["Jon", "Eskil"], ["Jon///Eskil"], 1, 1),  # as UnifiedQA writes them
    ("quoref", ["Jon"], ["Jon", "Eskil"], 0, 0.5),  # one is too many for an answer without flag
    ("quoref", ["Holm, Jr."], ["Holm, Jr.", "Berg"], 0, 0.5),  # a comma joins nothing there
    ("drop", ["Holm"], ["Holm", "Berg"], 0, 0.5),  # so of DROP: no comma, so one span
    ("drop", ["Holm, Berg"], ["Holm", "Berg"], 1, 1),  # with one, both are compared whole
    ("drop", ["Holm, Berg", "Holm"], ["Holm"], 1, 1),
    ("quoref", ["Jon", "Eskil"], ["Jon, Eskil"], 0, 0.33),  # one part of two words: (2/3 + 0) / 2
    ("quoref", ["Jon", "Eskil"], ["Jon"], 0, 0.5),  # one is missing
    ("quoref", ["Jon", "Eskil"], ["Jon", "Eskil", "Odd"], 0, 0.67),  # one is too many
    ("quoref", ["Jon Lunde", "Eskil"], ["Lunde", "Eskil"], 0, 0.83),  # (2/3 + 1) / 2
    ("quoref", [], ["Jon"], 0, 0),
    ("quoref", ["Jon", "Jon"], ["Jon"], 0, 0.5),
    ("contrast_sets_quoref", ["Jon"], ["jon."], 1, 1),
]
CHOICES = [
    # choices, golds, answer, accuracy, like no choice
    (["red", "dark blue", "blue"], [2], "Blue", 1, 0),
    (["red", "dark blue", "blue"], [2], "dark", 0, 0),  # nearest to the second
    (["red", "green"], [0], "yellow", 1 / 2, 1),  # all tie: the expected value
    (["a cat", "a dog", "an owl"], [0], "a", 1 / 2, 0),  # two tie
    ([*"abcdef"], [5], "f", 1, 0),  # more than five choices
    (["w", "x", "y", "z"], [3], "", 1 / 4, 1),
    (["", "cat"], [0], "", 1, 0),  # an empty choice keeps its place
    (["cat", "Cat", "dog"], [1], "cat", 1 / 2, 0),  # equal choices, one right
    (["plan (b) now", "wait"], [1], "wait", 1, 0),  # a letter inside a choice
    (["a", "b", "c"], [0, 2], "c", 1, 0),  # two right ones
    (["{x} in y", "x is y"], [0], "x in y", 1, 0),  # T5 can't write braces
    (["f{x}", "f{y}"], [0], "fx", 1, 0),  # … nor leaves a space for them
    (["cat", "cat dog owl"], [1], "cat dog", 1, 0),  # 2 of 3 words, and 1 of 2
    (["x²", "y²"], [0], "x2", 1, 0),  # nor raised digits
    (["don't", "do"], [0], "dont", 1, 0),
    (["the big cat", "a small dog"], [0], "big cat sat", 1, 0),  # 2 of 3 words
    (["ice cream", "ice"], [0], "icecream", 1 / 2, 1),
]
YES_NO = [
    (True, "yes", 1, 0),
    (True, "Yes.", 1, 0),
    (False, "yes", 0, 0),
    (False, " NO ", 1, 0),
    (True, "yes or no", 0, 1),
    (False, "", 0, 1),
]
ROUGE = [
    (["He ran home"], "ran home", 0.8),  # 1 and 2/3
    (["running dogs"], "run dog", 1),  # stems
    (["red hat man"], "man hat red", THIRD),  # a subsequence has the order
    (["owl", "ran home"], "ran home", 1),
    (["owl"], "", 0),
    (["北京"], "北京", 0),  # published: letters a to z only
    ([], "no answer", 1),
    ([], "owl", 0),
]


@pytest.mark.parametrize(("dataset", "references", "answer", "exact", "f1"), SQUAD)
def test_squad(dataset: str, references: list[str], answer: str, exact: float, f1: float) -> None:
    found = score(of_text(dataset, references), [answer], rule_of(dataset, "free_text"))
    assert (found["exact_match"], found["f1"]) == pytest.approx((exact, f1))


@pytest.mark.parametrize(("dataset", "references", "answer", "exact", "f1"), DROP)
def test_drop(
    dataset: str, references: list[str], answer: list[str], exact: float, f1: float
) -> None:
    found = score(of_text(dataset, references), answer, rule_of(dataset, "free_text"))
    assert found == pytest.approx({"exact_match": exact, "f1": f1})


@pytest.mark.parametrize(("choices", "golds", "answer", "accuracy", "unmatched"), CHOICES)
def test_choices(
    choices: list[str], golds: list[int], answer: str, accuracy: float, unmatched: int
) -> None:
    found = score(of_choices(choices, *golds), [answer], rule_of("x", "multiple_choice"))
    assert (found["accuracy"], found["unmatched"]) == pytest.approx((accuracy, unmatched))
    assert found["accuracy_by_chance"] == pytest.approx(len(golds) / len(choices))


@pytest.mark.parametrize(("right", "answer", "accuracy", "unmatched"), YES_NO)
def test_yes_and_no(right: bool, answer: str, accuracy: float, unmatched: int) -> None:
    found = score(of_yes(right), [answer], rule_of("boolq", "yes_no"))
    assert found == {"accuracy": accuracy, "unmatched": unmatched}


@pytest.mark.parametrize(("references", "answer", "value"), ROUGE)
def test_rouge_l(references: list[str], answer: str, value: float) -> None:
    found = score(of_text("narrativeqa", references), [answer], rule_of("narrativeqa", "free_text"))
    assert found["rouge_l"] == pytest.approx(value)


def test_answerable_and_unanswerable_questions_are_told_apart() -> None:
    rule = rule_of("squad2", "free_text")
    has, none = (score(of_text("squad2", it), ["x"], rule) for it in (["x"], []))
    names = ("exact_match", "f1")
    assert has == dict.fromkeys((*names, *(f"{name}_has_answer" for name in names)), 1)
    assert none == dict.fromkeys((*names, *(f"{name}_no_answer" for name in names)), 0)


UPSTREAM = [
    # question, answer, upstream's score, the published rule's
    (of_choices(["red", "green"], 0), "yellow", 1, 1 / 2),  # the first of equals
    (of_choices(["red", "green"], 1), "yellow", 0, 1 / 2),
    (of_choices([*"abcdef"], 5), "f", 0, 1),  # the sixth is a part of the fifth
    (of_choices([*"abcdef"], 5, dataset="qasc"), "f", 1, 1),  # but not for QASC
    (of_choices(["", "cat"], 1), "cat", 0, 1),  # an empty choice moves the letters
    (of_choices(["plan (b) now", "wait"], 1), "wait", 0, 1),
    (of_choices(["red", "blue"], 1), "BLUE ", 1, 1),
    (of_choices(["red", "blue"], 1, dataset="social_iqa"), "blue", 0, 1),  # letters and digits
    (asked("arc_easy", "multiple_choice", ["a", "b"], [0], given="q"), "a", 0, 1),  # none listed
    (of_yes(True), "yes or no", 0.5, 0),  # F1 over words
    (of_text("squad2", []), "there is no answer", 1, 0),
    (of_text("squad2", ["Paris"]), "no answer but Paris", 0, 0.4),
    (of_text("squad2", ["no answer sheet"]), "no answer", 1, 0),
    (of_text("newsqa", []), "", 0, 1),  # the text <No Answer>, not nothing
    (of_text("ropes", ["more", "higher"]), "more", 0.5, 1),  # alternatives as parts
    (of_text("quoref", ["Jon", "Eskil"]), "Jon", 0.5, 0.5),
    (of_text("quoref", ["Jon", "Eskil"]), "Jon///Eskil", 0, 1),  # its references have parts only
    (of_text("quoref", []), "Jon", 0, 0),
    (of_text("drop", ["4", "5"]), "5", 0, 1),  # the first annotator only
    (of_text("natural_questions", ["4", "5"]), "5", 0, 1),  # the first reference only
    (
        of_text("tweetqa", ["a cat", "the cat"]),
        "cat",
        exp(-1),
        2 / 3,
    ),  # "a cat//the cat": two words
    (of_text("narrativeqa", ["cat owl bee ant"]), "cat", 0.48, 0.4),  # 1 and 0.25^(1/1.2)
    (of_text("squad1_1", ["the"]), "a", 0, 0),
    (of_text("qaconv", ["x"]), "X!", 1, 1),
]


def test_the_flag_says_that_references_are_parts_not_the_datasets_name() -> None:
    rule = rule_of("somebodys_own", "free_text")
    alternatives = of_text("somebodys_own", ["Jon", "Eskil"])
    parts = alternatives._replace(in_parts=True)
    assert score(alternatives, ["Jon"], rule)["f1"] == 1
    assert score(parts, ["Jon"], rule) == {"exact_match": 0, "f1": 0.5}
    quoref = of_text("quoref", ["Jon", "Eskil"])._replace(in_parts=False)
    assert score(quoref, ["Jon"], rule_of("quoref", "free_text"))["f1"] == 1


@pytest.mark.parametrize(("question", "answer", "upstream", "published"), UPSTREAM)
def test_upstreams_limits(
    question: Question, answer: str, upstream: float, published: float
) -> None:
    about = question.dataset, question.kind
    theirs, ours = upstream_rule_of(*about), rule_of(*about)
    assert upstream_score(question, [answer])[theirs.headline] == pytest.approx(upstream)
    assert score(question, [answer], ours)[ours.headline] == pytest.approx(published)


def test_where_upstream_would_stop_it_is_told() -> None:
    nothing_listed = asked("arc_easy", "multiple_choice", ["a", "b"], [0], given="q")
    assert upstream_score(nothing_listed, ["a"])["upstream_fails"] == 1
    assert upstream_score(of_choices(["a", "b"], 0), ["a"])["upstream_fails"] == 0


def test_each_of_unifiedqas_formats_has_datasets() -> None:
    formats = {
        "squad2": "extractive",
        "quoref": "extractive",
        "drop": "abstractive",
        "narrativeqa": "abstractive",
        "mine": "free_text",
    }
    assert {name: rule_of(name, "free_text").format for name in formats} == formats
    assert rule_of("hotpotqa", "yes_no").format == "yes_no"
    assert rule_of("squad2", "multiple_choice").format == "multiple_choice"
