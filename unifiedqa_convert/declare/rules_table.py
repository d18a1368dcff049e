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


@lru_cache(maxsize=1024)
def rules_for(opening: str) -> tuple[Rule, ...]:
    """The rules that a question starting with this word may match, in their order."""
    return tuple(rule for rule in RULES if not rule.opening or opening in rule.opening)
