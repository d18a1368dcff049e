"""Triples → examples for the network: sentences of the rules, right or wrong.

Read by `train_confidence.py`. Beside the sentence that the rules choose, sentences that they would
write if they had taken the answer for another kind of phrase, or another word for the predicate's
start, and the accepted statement itself.
"""

import json
import random
import re
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from typing import NamedTuple

from statement_edits import edits

from unifiedqa_convert.question_converters.base import Ask
from unifiedqa_convert.question_converters.rules import converter
from unifiedqa_convert.question_converters.rules.converter import OTHER, OWN, as_kind, moved
from unifiedqa_convert.schema import collapse

EDITS = 2
"""Small changes of the rules' sentence that are taken of each triple."""
KINDS = "sentence to place verb verb-s verb-ed verb-ing number adjective noun".split()


class Example(NamedTuple):
    """A statement, how it was made, and whether a person would have written it."""

    question: str
    answer: str
    statement: str
    derived: tuple[str, ...]
    right: bool
    first: bool
    """Whether it is the rules' own choice."""
    way: str
    group: int


def normal(text: str) -> str:
    # A comma matters before an infinitive's main clause only ("To clean it, rinse it").
    text = text.replace("\u2019", "'")
    text = text if text[:3] in ("To ", "to ") else text.replace(",", " ")
    text = text.replace(" n't", "n't").replace("cannot", "can not")
    return re.sub(r"[\s.]+$", "", re.sub(r"\s+", " ", text)).strip().lower()


def others(question: str, answer: str, chance: random.Random, most: int) -> Iterator[str]:
    """Sentences of the rules for another kind of answer or another start of the predicate."""
    pair = converter.parsed_pair(question, answer)
    if pair is None or pair[1].polar:
        return
    base, given = pair
    variants = [base, *moved(base)]
    for _ in range(most):
        kind = chance.choice([*KINDS, given.kind, given.kind])
        skipped = 1 if chance.random() < 0.3 else 0
        made = islice(as_kind(chance.choice(variants), given, kind), skipped, None)
        yield from (one.sentence for one in islice(made, 1))


def accepts(text: str, good: set[str], question: str, answer: str, way: str) -> bool:
    """Whether a person would have written it; "What happened is that he left" is allowed."""
    if normal(text) in good:
        return True
    lead, that, rest = normal(text).partition(" that ")
    return (
        bool(that)
        and way == "happens-clause"
        and lead.startswith("what ")
        and lead.rsplit(" ", 1)[-1] in ("is", "was", "are", "were")
        and rest == normal(answer)
        and question.lower().startswith("what ")
    )


def examples(triples: Iterable[dict[str, object]], most: int = 4) -> Iterator[Example]:
    for row in triples:
        ask = Ask(collapse(str(row["question"])), collapse(str(row["answer"])))
        group = int(str(row["group"]))
        accepted = [str(s) for s in row["accepted"]]  # type: ignore[attr-defined]
        good = {normal(s) for s in accepted}
        own = converter.rules_own(ask)
        if own is None:
            continue
        chance = random.Random(f"{group} {ask.question} {ask.answer}")
        seen = {normal(own.sentence)}
        way = str(row["way"])
        right = accepts(own.sentence, good, *ask, way)
        yield Example(*ask, own.sentence, (*own.derived, OWN), right, True, way, group)
        found = [(text, (*own.derived, OTHER)) for text in others(*ask, chance, most)]
        changed = list(edits(own.sentence, ask))
        for edit in chance.sample(changed, min(EDITS, len(changed))):
            found.append((edit.sentence, (*own.derived, f"~edit {edit.name}")))
        for text, derived in found:
            if normal(text) not in seen:
                seen.add(normal(text))
                right = accepts(text, good, *ask, way)
                yield Example(*ask, text, derived, right, False, way, group)
        if not good & seen and way != "unanswered":
            yield Example(*ask, accepted[0], (*own.derived, OTHER), True, False, way, group)


def read_triples(path: Path) -> Iterator[dict[str, object]]:
    for line in path.read_text("utf-8").splitlines():
        yield json.loads(line)
