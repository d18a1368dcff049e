"""Story Cloze Test: the right ending of a four-sentence story (Mostafazadeh et al. 2016)."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from converters.shared.stories import join_sentences
from unifiedqa_convert.schema import (
    Adapter,
    Example,
    MultipleChoice,
    NotBool,
    Row,
    Source,
    Split,
    Text,
)


def _names(part: str) -> tuple[str, ...]:
    """The authors' file name, and that of the same file as TSV."""
    return f"cloze_test_{part}.csv", f"cloze_test_{part}.tsv"


class AuthorsRow(Row):
    """The authors' CSV of 2016 and 2018, or the same as TSV; the test of 2018 has no answers."""

    shape = "authors"
    id: Text = Field(alias="InputStoryid", description="source id: does not reveal the answer")
    sentence1: Text = Field(alias="InputSentence1", description="question, first sentence")
    sentence2: Text = Field(alias="InputSentence2", description="question, second sentence")
    sentence3: Text = Field(alias="InputSentence3", description="question, third sentence")
    sentence4: Text = Field(alias="InputSentence4", description="question, fourth sentence")
    ending1: Text = Field(alias="RandomFifthSentenceQuiz1", description="choice (a)")
    ending2: Text = Field(alias="RandomFifthSentenceQuiz2", description="choice (b)")
    right: Literal["1", "2"] | None = Field(
        None,
        alias="AnswerRightEnding",
        description="gold, counted from 1; the column is absent where it is hidden",
    )


class HubRow(Row):
    """The columns of all copies on the hub."""

    shape = "hub"
    splits = ("validation", "test", "validation_2018")
    id: Text = Field(alias="story_id", description="source id: does not reveal the answer")
    sentence1: Text = Field(alias="input_sentence_1", description="question, first sentence")
    sentence2: Text = Field(alias="input_sentence_2", description="question, second sentence")
    sentence3: Text = Field(alias="input_sentence_3", description="question, third sentence")
    sentence4: Text = Field(alias="input_sentence_4", description="question, fourth sentence")
    ending1: Text = Field(alias="sentence_quiz1", description="choice (a)")
    ending2: Text = Field(alias="sentence_quiz2", description="choice (b)")
    right: Annotated[Literal[1, 2], NotBool] = Field(
        alias="answer_right_ending", description="gold, counted from 1"
    )


class StoryClozeTest(Adapter):
    """Which of two endings does a story of four sentences have?"""

    name = "story_cloze_test"
    aliases = ("story_cloze", "storycloze", "sct")
    unclear: ClassVar = {
        "rocstories": "the ROCStories corpus, which is not here",
        "roc_stories": "the ROCStories corpus, which is not here",
    }
    version = 1
    partition = "unseen-2"
    verified = "documentation only"
    shapes: ClassVar = (AuthorsRow, HubRow)
    source = Source(
        # The authors don't allow copies; those on the hub are not named here.
        splits={
            "validation": Split(rows=1871, names=_names("val__spring2016 - cloze_test_ALL_val")),
            "test": Split(rows=1871, names=_names("test__spring2016 - cloze_test_ALL_test")),
            "validation_2018": Split(
                rows=1571, names=_names("val__winter2018-cloze_test_ALL_val - 1 - 1")
            ),
            "test_2018": Split(
                rows=1571,
                names=_names("test__winter2018-cloze_test_ALL_test - 1"),
                labelled=False,
            ),
        },
        license="on request, for research",
        redistributable=False,
        ask="ask its authors for the rows with the form at https://cs.rochester.edu/nlp/rocstories/"
        ", and give the CSV they send with --raw",
        homepage="https://cs.rochester.edu/nlp/rocstories/",
        citation="Mostafazadeh, Chambers, He, Parikh, Batra, Vanderwende, Kohli and Allen 2016. A "
        "Corpus and Cloze Evaluation for Deeper Understanding of Commonsense Stories. NAACL.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One multiple-choice example a row; a statement is the story with one ending."""
        assert isinstance(row, AuthorsRow | HubRow)
        story = (row.sentence1, row.sentence2, row.sentence3, row.sentence4)
        yield MultipleChoice(
            id=row.id,
            question=" ".join(story),
            choices=(row.ending1, row.ending2),
            golds=None if row.right is None else (int(row.right) - 1,),
            sentences=tuple(
                join_sentences(*story, ending) for ending in (row.ending1, row.ending2)
            ),
        )
