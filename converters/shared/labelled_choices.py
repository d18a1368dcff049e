"""AI2's two ways to publish a question whose choices have labels: nested, and as the hub's columns.

ARC, the AI2 science questions, OpenBookQA, QASC, QuaRTz and RiddleSense share them; each adapter
adds its own key, which names the gold, and its numbers of choices.
"""

from collections.abc import Container, Sequence
from typing import Annotated

from pydantic import AliasPath, Field

from unifiedqa_convert.schema import FieldError, MultipleChoice, Row, Text, TypedDict


class Choice(TypedDict):
    """One choice as AI2's and Tel Aviv's JSON lines nest it; a dict, since each row makes five."""

    label: Annotated[str, Field(description="what answerKey calls this choice")]
    text: Annotated[Text, Field(description="the choice itself")]


def position(key: str, labels: Sequence[str], field: str = "answerKey") -> int:
    """The place of the one choice whose own label is ``key``.

    FieldError, on the raw ``field`` that holds the key, where no choice or more than one has it.
    """
    if (named := labels.count(key)) != 1:
        raise FieldError(field, f"{key!r} names {named} of the choices {' '.join(labels)}")
    return labels.index(key)


class NestedRow(Row):
    """The authors' JSON lines: stem and choices nested under question."""

    shape = "authors"
    id: Text = Field(description="source id: says nothing about the answer")
    stem: Text = Field(
        validation_alias=AliasPath("question", "stem"),
        description="question, or the start of a sentence that the choices end",
    )
    choices: list[Choice] = Field(
        validation_alias=AliasPath("question", "choices"),
        min_length=1,
        description="choices in the source's order, each with the label that answerKey may name",
    )

    @property
    def labels(self) -> list[str]:
        """Each choice's label."""
        return [choice["label"] for choice in self.choices]

    @property
    def texts(self) -> list[str]:
        """Each choice's text."""
        return [choice["text"] for choice in self.choices]


class ColumnsRow(Row):
    """The hub's columns: labels and texts in a list each."""

    shape = "hub"
    stem: Text = Field(
        alias="question", description="question, or the start of a sentence that the choices end"
    )
    labels: list[Text] = Field(
        validation_alias=AliasPath("choices", "label"),
        min_length=1,
        description="what answerKey calls each choice; the record letters them by position",
    )
    texts: list[Text] = Field(
        validation_alias=AliasPath("choices", "text"),
        min_length=1,
        description="choices, in the source's order",
    )


def keyed(
    row: NestedRow | ColumnsRow,
    key: str | None,
    numbers: Container[int],
    own_id: str | None,
    context: str | None = None,
) -> MultipleChoice:
    """The example of such a row; ``numbers`` are the numbers of choices that the dataset has.

    Gold is looked up among the choices' own labels; no key, no gold. FieldError where there is
    another number of choices, a label without its choice, or a key that names no choice.
    """
    if len(row.labels) != len(row.texts) or len(row.texts) not in numbers:
        count = f"{len(row.labels)} labels, {len(row.texts)} texts"
        raise FieldError("choices", f"{count}: not a number of choices that this dataset has")
    return MultipleChoice(
        id=own_id,
        question=row.stem,
        context=context,
        choices=tuple(row.texts),
        golds=None if key is None else (position(key, row.labels),),
    )
