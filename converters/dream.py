"""DREAM: questions about dialogues, from exams of English for learners (Sun et al. 2019)."""

from collections.abc import Iterator
from typing import Annotated, ClassVar

from pydantic import Field

from unifiedqa_convert.schema import (
    Adapter,
    Example,
    FieldError,
    MultipleChoice,
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
    Text,
    TypedDict,
)


class Question(TypedDict):
    """One question about the dialogue."""

    question: Text
    choice: Annotated[list[Text], Field(min_length=3, max_length=3)]
    answer: Text


class AuthorsRow(Row):
    """The authors' JSON: an array a dialogue, of its turns, its questions and its id."""

    shape = "authors"
    columns = ("dialogue", "questions", "id")
    dialogue: list[Text] = Field(description="context: a turn each")
    questions: list[Question] = Field(
        description="question, choice and answer, which is the text of one of the three"
    )
    id: Text = Field(description="source id, with the question's number in the dialogue added")


class HubRow(Row):
    """The hub's columns: a question a row."""

    shape = "hub"
    number: int = Field(alias="id", description="the question's number in the dialogue: in the id")
    dialogue_id: Text = Field(description="source id, with the question's number added")
    dialogue: list[Text] = Field(description="context: a turn each")
    question: Text = Field(description="question")
    choice: list[Text] = Field(min_length=3, max_length=3, description="choices (a) to (c)")
    answer: Text = Field(description="gold: the text of the right choice; never hidden")


class Dream(Adapter):
    """Which of three answers to a question about a dialogue is right?"""

    name = "dream"
    aliases = ("dream_qa", "dataset_org/dream")
    version = 1
    verified = "real rows"
    shapes: ClassVar = (AuthorsRow, HubRow)
    source = Source(
        repositories=(
            Repository(
                host="github",
                name="nlpdata/dream",
                commit="bb64644c209cb6497bb9e13244fbf220c900a740",
                evidence="bytes read at this commit",
                files={
                    "train": (
                        PinnedFile(
                            "data/train.json",
                            3355481,
                            sha256="90942ddea1b56231a0ad2097dc5f115ce1face1cfb86f029041e5bad38e68566",
                            git_blob="11f66aedf6147327cd037ea52c2dbd646edde575",
                        ),
                    ),
                    "validation": (
                        PinnedFile(
                            "data/dev.json",
                            1097827,
                            sha256="9d5af2e580d809c73872a7dd43fe93d0b07c6f6086b04a9a9a1917603009d961",
                            git_blob="cb547882f523ac03d48a1e7ebd36b23d9b646061",
                        ),
                    ),
                    "test": (
                        PinnedFile(
                            "data/test.json",
                            1104882,
                            sha256="d96d7d0752f7eab1ea8f165a582430f35653c428d36633ab4d7f26fc14946c3a",
                            git_blob="b903a03fe14883fa1138cd9d922de03fb3503860",
                        ),
                    ),
                },
            ),
        ),
        splits={
            "train": Split(rows=6116, names=("train.json",)),
            "validation": Split(rows=2040, names=("dev.json",)),
            "test": Split(rows=2041, names=("test.json",)),
        },
        license="for research, not commercial",  # the repository's license.txt
        homepage="https://dataset.org/dream/",
        citation="Sun, Yu, Chen, Yu, Choi and Cardie 2019. DREAM: A Challenge Dataset and Models "
        "for Dialogue-Based Reading Comprehension. TACL.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a question; the sizes of the splits count questions."""
        assert isinstance(row, AuthorsRow | HubRow)
        if isinstance(row, HubRow):
            own, place = f"{row.dialogue_id}-{row.number}", "answer"
            yield _example(own, row.dialogue, row.question, row.choice, row.answer, place)
            return
        for number, it in enumerate(row.questions):
            own, place = f"{row.id}-{number}", f"questions.{number}.answer"
            yield _example(own, row.dialogue, it["question"], it["choice"], it["answer"], place)


def _example(
    own: str, turns: list[str], question: str, choices: list[str], answer: str, field: str
) -> MultipleChoice:
    golds = tuple(place for place, choice in enumerate(choices) if choice == answer)
    if not golds:
        raise FieldError(field, f"{answer!r} is none of the choices")
    return MultipleChoice(
        id=own,
        question=question,
        context="\n".join(turns),
        choices=tuple(choices),
        golds=golds,
    )
