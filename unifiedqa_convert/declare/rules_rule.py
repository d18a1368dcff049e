"""One line of the rule tables: what a question looks like, and how its statement is said."""

from dataclasses import dataclass
from functools import cached_property
from typing import Literal

from unifiedqa_convert.declare.rules_pattern import Encoded, compile_pattern
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

    @cached_property
    def opening(self) -> frozenset[str]:
        """The words a question must start with; empty where any will do."""
        atoms = self.when.split(" ", 1)[0].split(":")[-1].split("|")
        return frozenset(atoms) if _plain(atoms) else frozenset()

    def match(self, encoded: Encoded, asks: bool) -> dict[str, list[Token]] | None:
        """What the pattern kept of a question, or None where it does not match."""
        if self.mark != "any" and (self.mark == "?") != asks:
            return None
        return encoded.match(compile_pattern(self.when))


def _plain(atoms: list[str]) -> bool:
    return all(atom.islower() and atom[-1] not in "*+?" for atom in atoms)
