"""One line of the rule tables: what a question looks like, and how its statement is said."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from unifiedqa_convert.declare.rules_answer import Answer
from unifiedqa_convert.declare.rules_clause import Match
from unifiedqa_convert.declare.rules_pattern import Encoded, compile_pattern
from unifiedqa_convert.declare.rules_slots import render
from unifiedqa_convert.declare.rules_tokens import Token


@dataclass(frozen=True)
class Rule:
    """A pattern (see ``rules_pattern``), a template (see ``rules_slots``) and what proves them.

    ``given`` limits the rule to answers of these kinds (see ``Answer.kind``), ``mark`` to questions
    that end in a question mark, or in none. The first rule that matches says the sentence.
    """

    when: str
    say: str
    examples: tuple[tuple[str, str, str], ...]
    given: str = ""
    mark: Literal["?", "none", "any"] = "any"

    @cached_property
    def kinds(self) -> frozenset[str]:
        """The kinds of answer the rule is for."""
        return frozenset(self.given.split())

    def apply(self, source: str, encoded: Encoded, answer: Answer, asks: bool) -> str | None:
        """The statement, or None where this rule has nothing to say."""
        if self.mark != "any" and (self.mark == "?") != asks:
            return None
        found = encoded.match(compile_pattern(self.when))
        if found is None or (self.given and answer.kind not in self.kinds):
            return None
        parts: dict[str, list[Token]] = found
        return render(self.say, Match(source, parts, answer))
