"""The rules' examples are their tests; a rule without one is not a rule."""

import pytest

from unifiedqa_convert.question_converters.base import Ask, Sentence
from unifiedqa_convert.question_converters.rules.converter import Rules, first_match
from unifiedqa_convert.question_converters.rules.pattern import Rule, compile_pattern
from unifiedqa_convert.question_converters.rules.question import RULES
from unifiedqa_convert.question_converters.rules.template import unknown_names

EXAMPLES = [
    pytest.param(rule, *rule_example, id=rule_example[0])
    for rule in RULES
    for rule_example in rule.examples
]


@pytest.mark.parametrize(("rule", "question", "answer", "text"), EXAMPLES)
def test_an_example_comes_out_as_written(rule: Rule, question: str, answer: str, text: str) -> None:
    assert Rules().convert([Ask(question, answer)]) == [Sentence(text, "rules")]
    chosen = first_match(question, answer)
    assert chosen is not None
    assert chosen[0] == rule, "an earlier rule takes this example"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.when)
def test_a_rule_is_well_formed(rule: Rule) -> None:
    assert rule.examples
    assert unknown_names(rule.say) <= set(compile_pattern(rule.when).groupindex)


def test_a_mistyped_class_or_filler_is_an_error() -> None:
    with pytest.raises(ValueError, match="unknown word class 'NOUNN'"):
        compile_pattern("what NOUNN")
    with pytest.raises(ValueError, match=r"unknown filler \[clause<objekt\]"):
        unknown_names("[clause<objekt]")
