"""MMLU: exam questions of 57 subjects (Hendrycks et al. 2021)."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal, get_args

from pydantic import Field

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

# One subject a line would be 57 lines.
# fmt: off
Subject = Literal[
    "abstract_algebra", "anatomy", "astronomy", "business_ethics", "clinical_knowledge",
    "college_biology", "college_chemistry", "college_computer_science", "college_mathematics",
    "college_medicine", "college_physics", "computer_security", "conceptual_physics",
    "econometrics", "electrical_engineering", "elementary_mathematics", "formal_logic",
    "global_facts", "high_school_biology", "high_school_chemistry", "high_school_computer_science",
    "high_school_european_history", "high_school_geography",
    "high_school_government_and_politics", "high_school_macroeconomics",
    "high_school_mathematics", "high_school_microeconomics", "high_school_physics",
    "high_school_psychology", "high_school_statistics", "high_school_us_history",
    "high_school_world_history", "human_aging", "human_sexuality", "international_law",
    "jurisprudence", "logical_fallacies", "machine_learning", "management", "marketing",
    "medical_genetics", "miscellaneous", "moral_disputes", "moral_scenarios", "nutrition",
    "philosophy", "prehistory", "professional_accounting", "professional_law",
    "professional_medicine", "professional_psychology", "public_relations", "security_studies",
    "sociology", "us_foreign_policy", "virology", "world_religions",
]
# fmt: on
FILE = ("subject", r"(?:\w+\.)?([a-z_]+)_(?:dev|val|test)\.")
"""Each file of the authors is one subject's: ``college_biology_test.csv``."""
OF_THE_FILE = "not used: the subject, by the file's name; a column of the output"


class HubRow(Row):
    """The hub's columns, config all, with the subject of each row."""

    shape = "hub"
    question: Text = Field(description="question, or the start of a sentence")
    subject: Subject = Field(description="not used: the subject; a column of the output")
    choices: list[Text] = Field(min_length=4, max_length=4, description="choices (a) to (d)")
    answer: Annotated[Literal[0, 1, 2, 3], NotBool] = Field(
        description="gold, counted from 0; published in every split"
    )


class _FileRow(Row):
    """A row of one subject's file."""

    subject: Subject = Field(description=OF_THE_FILE)
    question: Text = Field(description="question, or the start of a sentence")

    @property
    def choices(self) -> list[str]:
        """The four columns of choices."""
        return [getattr(self, f"choice{number}") for number in range(4)]


class HeaderRow(_FileRow):
    """Copies of the authors' csv files with a header, in which the answer is a number."""

    shape = "with_header"
    named = FILE
    choice0: Text = Field(description="choice (a)")
    choice1: Text = Field(description="choice (b)")
    choice2: Text = Field(description="choice (c)")
    choice3: Text = Field(description="choice (d)")
    answer: Literal["0", "1", "2", "3"] = Field(description="gold, counted from 0")


class AuthorsRow(_FileRow):
    """The authors' csv files without a header, one for each subject and split."""

    shape = "authors"
    named = FILE
    columns = ("question", "A", "B", "C", "D", "answer")
    choice0: Text = Field(alias="A", description="choice (a)")
    choice1: Text = Field(alias="B", description="choice (b)")
    choice2: Text = Field(alias="C", description="choice (c)")
    choice3: Text = Field(alias="D", description="choice (d)")
    answer: Literal["A", "B", "C", "D"] = Field(description="gold: the letter of a choice")


def _files(ending: str) -> tuple[str, ...]:
    return tuple(f"{subject}_{ending}.csv" for subject in get_args(Subject))


class Mmlu(Adapter):
    """Which of four choices answers an exam question of one of 57 subjects?

    The authors' few-shot examples, their "dev", are the split few_shot; their auxiliary_train,
    which is made of other datasets, is left out.
    """

    name = "mmlu"
    aliases = (
        "hendrycks_test",
        "hendryckstest",
        "measuring_massive_multitask_language_understanding",
    )
    version = 1
    verified = "real rows"
    shapes: ClassVar = (HubRow, HeaderRow, AuthorsRow)
    subjects = get_args(Subject)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="cais/mmlu",
                commit="c30699e8356da336a370243923dbaf21066bb9fe",
                evidence="public code; the commit's page on the hub lists the splits' files",
                config="all",
                splits={"few_shot": "dev"},
                files={
                    split: (PinnedFile(f"all/{name}-00000-of-00001.parquet"),)
                    for split, name in (
                        ("few_shot", "dev"),
                        ("validation", "validation"),
                        ("test", "test"),
                    )
                },
            ),
        ),
        splits={
            "few_shot": Split(rows=285, parts=_files("dev")),
            "validation": Split(rows=1531, parts=_files("val")),
            "test": Split(rows=14042, parts=_files("test")),
        },
        # The authors' data.tar has data/val and others; "data" alone names any folder.
        downloads=("mmlu/data/dev", "mmlu/data/val", "mmlu/data/test"),
        license="MIT",
        redistributable=True,
        homepage="https://github.com/hendrycks/test",
        citation="Hendrycks, Burns, Basart, Zou, Mazeika, Song and Steinhardt 2021. Measuring "
        "Massive Multitask Language Understanding. ICLR.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One multiple-choice example a row."""
        assert isinstance(row, HubRow | HeaderRow | AuthorsRow)
        gold = "ABCD".index(row.answer) if isinstance(row, AuthorsRow) else int(row.answer)
        yield MultipleChoice(question=row.question, choices=tuple(row.choices), golds=(gold,))
