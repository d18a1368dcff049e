"""Tokens with the one that starts the predicate marked, for the patterns to see."""

from collections.abc import Sequence

from unifiedqa_convert.declare.rules_predicate import predicate
from unifiedqa_convert.declare.rules_tokens import Token


def mark(tokens: Sequence[Token]) -> list[Token]:
    """The tokens, the one that starts the predicate tagged Y (none where there is none)."""
    at = predicate(tokens)
    marked = list(tokens)
    if at is not None:
        marked[at] = marked[at]._replace(tags=marked[at].tags + "Y")
    return marked
