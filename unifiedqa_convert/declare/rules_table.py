"""The rules, in the order in which they are tried.

To add one: put a ``Rule`` into the table of its theme, above any more general rule that would take
its questions, with an example in your own words. ``tests/declare/test_rules_table.py`` then checks
that the example comes out as written and that this very rule made it.
"""

from functools import lru_cache

from unifiedqa_convert.declare.rules_rule import Rule
from unifiedqa_convert.declare.rules_table_adjunct import ADJUNCT
from unifiedqa_convert.declare.rules_table_sentence import SENTENCE
from unifiedqa_convert.declare.rules_table_situ import BLANK, SITU, STEM
from unifiedqa_convert.declare.rules_table_what import CALLED, WHAT
from unifiedqa_convert.declare.rules_table_yesno import CHOICE, YES_NO

RULES: tuple[Rule, ...] = (
    *BLANK,
    *YES_NO,
    *CALLED,
    *SENTENCE,
    *ADJUNCT,
    *WHAT,
    *CHOICE,
    *SITU,
    *STEM,
)


@lru_cache(maxsize=4096)
def rules_for(opening: str, asks: bool, kind: str) -> tuple[tuple[int, Rule], ...]:
    """The rules, numbered in their order, for a question that starts with this word.

    ``asks`` is whether it ends in a question mark, ``kind`` what kind of answer it has.
    """
    return tuple(
        (number, rule)
        for number, rule in enumerate(RULES)
        if (not rule.opening or opening in rule.opening) and rule.suits(asks, kind)
    )
