"""CommonsenseQA 2.0: yes/no questions and assertions from a game (Talmor et al. 2021)."""

import re
from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import Field

from converters.shared.english import upper_first, with_full_stop
from unifiedqa_convert.schema import (
    Adapter,
    Example,
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
    Text,
    YesNo,
    collapse,
)

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
    if text.endswith(("?", "\uff1f", "\u061f")) or QUESTION.match(text):
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
    aliases = (
        "csqa_2",
        "commonsenseqa2",
        "commonsenseqa_2",
        "commonsense_qa_2",
        "commonsenseqa_2_0",
        "commonsense_qa_2_0",
    )
    version = 1
    partition = "seen"
    verified = "sha256"
    shapes: ClassVar = (AuthorsRow,)
    source = Source(
        repositories=(
            Repository(
                host="github",
                name="allenai/csqa2",
                commit="3f57a4a6a1d51fe6a9b462b59be67c08d41fdc39",
                evidence="bytes read at this commit",
                files={
                    "train": (
                        PinnedFile(
                            "dataset/CSQA2_train.json.gz",
                            614169,
                            sha256="cdaccded500ea4093ee88ee28d9f61f2b210ee09c6b996d1242d66aeac0b3b32",
                        ),
                    ),
                    "validation": (
                        PinnedFile(
                            "dataset/CSQA2_dev.json.gz",
                            169868,
                            sha256="2804671317521bb79784037482b7e84e891c707f6ac369607209059b3df3b884",
                        ),
                    ),
                    "test": (
                        PinnedFile(
                            "dataset/CSQA2_test_no_answers.json.gz",
                            159685,
                            sha256="0c5b41de67ac538b246cf9b6afbed01f60d2bbd07323ff3ed8740c8ce38d31f4",
                        ),
                    ),
                },
            ),
            Repository(
                host="hub",
                name="tasksource/commonsense_qa_2.0",
                commit="23ff83b18ed76882f3af1a403a7c464b72efcd86",
                evidence="2 public files; the sha256 of the authors' file, uncompressed",
                splits={"validation": "validation"},
                files={
                    "validation": (
                        PinnedFile(
                            "teach_your_ai_dev.json",
                            831878,
                            sha256="1a0b18dfb4a8ec73e0ba5872df2126e53d004e69b9e78999777990b9a4892688",
                        ),
                    ),
                },
            ),
        ),
        splits={
            "train": Split(rows=9264, names=("CSQA2_train.json.gz",)),
            "validation": Split(
                rows=2541,
                names=("CSQA2_dev.json.gz",),
                digest="53ead050e85c15771ffb00b40d19a1acc0fc61491aa6906c9b71f28a4cc85005",
            ),
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
