"""CommonsenseQA 2.0: yes/no questions and assertions from a game (Talmor et al. 2021)."""

import re
from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from converters.shared.english import upper_first, with_full_stop
from unifiedqa_convert.schema import Adapter, Example, Row, Source, Split, Text, YesNo, collapse

# Three quarters of dev's texts are assertions, many without an end mark. A text that starts with
# one of these verbs is a question whatever its end mark is; the question converter handles "Will
# Smith is an actor". "Do not …" without a question mark is a command.
QUESTION = re.compile(
    r"(?!do not\b)(am|are|can|could|did|do|does|had|has|have|is|may|might|must|shall|should|was|"
    r"were|will|wo|would)(n\Wt)?\b",
    re.IGNORECASE,
)


def assertion(text: str) -> str | None:
    """The text as a sentence if it is an assertion; None if it is a question.

    A text with a question mark is a question, whatever its word order. One without an end mark gets
    a full stop; a comma, slash or ``>`` at the end is a typing error for it.
    """
    text = collapse(text)
    if text.endswith("?") or QUESTION.match(text):
        return None
    return upper_first(with_full_stop(text.rstrip(",;:/> ")))


class AuthorsRow(Row):
    """The authors' gzipped JSON lines; test rows have no answer. The hub's columns are the same."""

    shape = "authors"
    id: Text = Field(description="source id: a hash, does not reveal the answer")
    question: Text = Field(
        description="question, or an assertion to judge, which is also the statement"
    )
    answer: Literal["yes", "no"] | None = Field(
        None, description="the answer; absent in test, where it is hidden"
    )


class Csqa2(Adapter):
    """Yes or no: is it true by common sense?"""

    name = "csqa2"
    version = 1
    partition = "seen"
    verified = "sha256"
    shapes: ClassVar = (AuthorsRow,)
    source = Source(
        hub="chiayewken/commonsense-qa-2",
        revision=None,
        splits={
            "train": Split(rows=9264, names=("CSQA2_train.json.gz",)),
            "validation": Split(rows=2541, names=("CSQA2_dev.json.gz",)),
            "test": Split(rows=2473, names=("CSQA2_test_no_answers.json.gz",), labelled=False),
        },
        license="unknown",
        homepage="https://allenai.github.io/csqa2/",
        citation="Talmor, Yoran, Le Bras, Bhagavatula, Goldberg, Choi and Berant 2021. "
        "CommonsenseQA 2.0: Exposing the Limits of AI through Gamification. NeurIPS Datasets "
        "and Benchmarks.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One yes/no example a row; an assertion is also the statement."""
        assert isinstance(row, AuthorsRow)
        yield YesNo(
            id=row.id,
            question=row.question,
            answer=None if row.answer is None else row.answer == "yes",
            sentence=assertion(row.question),
        )
