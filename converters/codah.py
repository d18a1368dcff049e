"""CODAH: sentence completions written to fool a model (Chen et al. 2019)."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import Field

from converters.shared.stories import continued
from unifiedqa_convert.schema import (
    Adapter,
    Example,
    MultipleChoice,
    NotBool,
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
    Text,
)


class AuthorsRow(Row):
    """The authors' TSV, which has no header; quotation marks in it are text."""

    shape = "authors"
    columns = ("category", "prompt", "answer0", "answer1", "answer2", "answer3", "label")
    category: Text = Field(description="not used: letters for kinds of common sense")
    prompt: Text = Field(description="question: the text to continue")
    answer0: Text = Field(description="choice (a)")
    answer1: Text = Field(description="choice (b)")
    answer2: Text = Field(description="choice (c)")
    answer3: Text = Field(description="choice (d)")
    label: Literal["0", "1", "2", "3"] = Field(description="gold, counted from 0")

    @property
    def own_id(self) -> str | None:
        """None: the TSV has no id."""
        return None

    @property
    def answers(self) -> tuple[str, ...]:
        """The choices in order."""
        return (self.answer0, self.answer1, self.answer2, self.answer3)

    @property
    def gold(self) -> int:
        """The label's position."""
        return int(self.label)


class HubRow(Row):
    """The hub's columns, configs codah (all rows) and fold_0 to fold_4."""

    shape = "hub"
    id: int = Field(description="source id: a number, does not reveal the answer")
    prompt: Text = Field(
        alias="question_propmt", description="question: the text to continue (sic: propmt)"
    )
    candidates: list[Text] = Field(
        alias="candidate_answers", min_length=4, max_length=4, description="choices (a) to (d)"
    )
    correct: Annotated[Literal[0, 1, 2, 3], NotBool] = Field(
        alias="correct_answer_idx", description="gold, counted from 0"
    )

    @property
    def own_id(self) -> str | None:
        """The hub's number."""
        return str(self.id)

    @property
    def answers(self) -> tuple[str, ...]:
        """The choices in order."""
        return tuple(self.candidates)

    @property
    def gold(self) -> int:
        """The index, which counts from 0."""
        return self.correct


class Codah(Adapter):
    """Which of four continuations does common sense expect?"""

    name = "codah"
    version = 1
    partition = "unseen-2"
    verified = "real rows"
    shapes: ClassVar = (AuthorsRow, HubRow)
    source = Source(
        repositories=(
            Repository(
                host="github",
                name="Websail-NU/CODAH",
                commit="acf7ffa4041ade86c6f7dd2f92fb08c957350280",
                evidence="bytes read at this commit",
                files={
                    "train": (
                        PinnedFile(
                            "data/cv_split/fold_0/train.tsv",
                            293278,
                            sha256="790edcdfcba7d07b66ae2f3074c9ed17239b1f0865962f1bea0e0768207f0d43",
                        ),
                    ),
                    "validation": (
                        PinnedFile(
                            "data/cv_split/fold_0/dev.tsv",
                            96963,
                            sha256="96c69a4240e6b0ef1f2364aeaa9d549e1b36188814f63d52bbc678a57b855923",
                        ),
                    ),
                    "test": (
                        PinnedFile(
                            "data/cv_split/fold_0/test.tsv",
                            94889,
                            sha256="2065089015df59d7cf0328bdd32a9e2088ff66ab9639d926acf26a3b0203454e",
                        ),
                    ),
                    "all": (
                        PinnedFile(
                            "data/full_data.tsv",
                            485130,
                            sha256="96689f2abf2f09eb91af50e2d8f92bb553e157601908a1cee83fe68670b5c3ea",
                        ),
                    ),
                },
            ),
            Repository(
                host="hub",
                name="jaredfern/codah",
                commit="4b0e0e7f33b3ae8cd8e69bcdfa09af9611d8f3bd",
                evidence="2 public files",
                config="codah",
                splits={"all": "train"},
            ),
        ),
        splits={
            # The three files of one fold; in fold 4 validation has 555 rows and test 556.
            "train": Split(rows=1665, names=("train.tsv",)),
            "validation": Split(
                rows=556,
                names=("dev.tsv",),
                digest="7069c0626348d2431dc51daa44210a19964b5cfde5b127dbd7edba90412be333",
            ),
            "test": Split(rows=555, names=("test.tsv",)),
            # Vera's authors evaluate on it and call it dev; on the hub it is train.
            "all": Split(rows=2776, names=("full_data.tsv",)),
        },
        license="ODC-By-1.0",
        redistributable=True,
        homepage="https://github.com/Websail-NU/CODAH",
        citation="Chen, D'Arcy, Liu, Fernandez and Downey 2019. CODAH: An Adversarially-Authored "
        "Question Answering Dataset for Common Sense. RepEval.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One multiple-choice example a row; a statement is prompt and answer."""
        assert isinstance(row, AuthorsRow | HubRow)
        yield MultipleChoice(
            id=row.own_id,
            question=row.prompt,
            choices=row.answers,
            golds=(row.gold,),
            sentences=tuple(continued(row.prompt, answer) for answer in row.answers),
        )
