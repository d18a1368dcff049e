"""Questions whose choices have labels, as AI2 publishes them: nested JSON, and the hub's columns.

Each adapter that uses them adds its own key, which names the gold, and its numbers of choices.
"""

from collections.abc import Container, Sequence
from operator import itemgetter
from typing import Annotated

from pydantic import AliasPath, Field

from unifiedqa_convert.schema import FieldError, MultipleChoice, Row, Text, TypedDict

_LABEL, _TEXT = itemgetter("label"), itemgetter("text")


class Choice(TypedDict):
    """One choice; a dict, which is faster to validate than a model."""

    label: Annotated[str, Field(description="the choice's label")]
    text: Annotated[Text, Field(description="the choice's text")]


def position(key: str, labels: Sequence[str], field: str = "answerKey") -> int:
    """The position of the one choice with the label ``key``.

    FieldError, on the raw ``field`` of the key, if no choice or more than one has that label.
    """
    if (named := labels.count(key)) != 1:
        raise FieldError(field, f"{key!r} names {named} of the choices {' '.join(labels)}")
    return labels.index(key)


class NestedRow(Row):
    """The authors' JSON lines: stem and choices nested under question."""

    shape = "authors"
    id: Text = Field(description="source id: does not reveal the answer")
    stem: Text = Field(
        validation_alias=AliasPath("question", "stem"),
        description="question, or the start of a sentence that the choices complete",
    )
    choices: list[Choice] = Field(
        validation_alias=AliasPath("question", "choices"),
        min_length=1,
        description="choices in the source's order, each with its label",
    )

    @property
    def labels(self) -> list[str]:
        """Each choice's label."""
        return list(map(_LABEL, self.choices))

    @property
    def texts(self) -> list[str]:
        """Each choice's text."""
        return list(map(_TEXT, self.choices))


class ColumnsRow(Row):
    """The hub's columns: labels and texts in a list each."""

    shape = "hub"
    stem: Text = Field(
        alias="question",
        description="question, or the start of a sentence that the choices complete",
    )
    labels: list[Text] = Field(
        validation_alias=AliasPath("choices", "label"),
        min_length=1,
        description="the choices' labels; records use (a), (b) … by position",
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
    """The example of such a row; ``numbers`` are the allowed numbers of choices.

    The gold is the choice with the label ``key``; there is none if the key is None. FieldError for
    another number of choices, unequal numbers of labels and texts, or a key that names no choice.
    """
    labels, texts = row.labels, row.texts
    if len(labels) != len(texts) or len(texts) not in numbers:
        count = f"{len(labels)} labels, {len(texts)} texts"
        raise FieldError("choices", f"{count}: not a number of choices that this dataset has")
    return MultipleChoice(
        id=own_id,
        question=row.stem,
        context=context,
        choices=tuple(texts),
        golds=None if key is None else (position(key, labels),),
    )
