"""The rules' examples are their tests; a rule without one is not a rule."""

import pytest

from unifiedqa_convert.declare import Ask, Sentence
from unifiedqa_convert.declare.rules import Rules, choose
from unifiedqa_convert.declare.rules_pattern import compile_pattern
from unifiedqa_convert.declare.rules_rule import Rule
from unifiedqa_convert.declare.rules_slots import check
from unifiedqa_convert.declare.rules_table import RULES

EXAMPLES = [
    pytest.param(rule, *rule_example, id=rule_example[0])
    for rule in RULES
    for rule_example in rule.examples
]


@pytest.mark.parametrize(("rule", "question", "answer", "text"), EXAMPLES)
def test_an_example_comes_out_as_written(rule: Rule, question: str, answer: str, text: str) -> None:
    assert Rules().convert([Ask(question, answer)]) == [Sentence(text, "rules")]
    chosen = choose(question, answer)
    assert chosen is not None
    assert chosen[0] == rule, "an earlier rule takes this example"


@pytest.mark.parametrize("rule", RULES, ids=lambda rule: rule.when)
def test_a_rule_is_well_formed(rule: Rule) -> None:
    assert rule.examples
    assert check(rule.say) <= set(compile_pattern(rule.when).groupindex)


def test_a_mistyped_class_or_filler_is_told() -> None:
    with pytest.raises(ValueError, match="no word class is called 'NOUNN'"):
        compile_pattern("what NOUNN")
    with pytest.raises(ValueError, match=r"no such filler: \[clause<objekt\]"):
        check("[clause<objekt]")
