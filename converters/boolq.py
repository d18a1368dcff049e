"""BoolQ: yes/no questions with a passage of Wikipedia, and its contrast set (Clark et al. 2019)."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import AliasPath, Field

from converters.shared.passages import titled
from unifiedqa_convert.schema import (
    Adapter,
    Example,
    FieldError,
    NotAnExample,
    NotBool,
    PinnedFile,
    Published,
    Repository,
    Row,
    Source,
    Split,
    Text,
    YesNo,
)


class AuthorsRow(Row):
    """The authors' JSON lines."""

    shape = "authors"
    question: Text = Field(description="question, without a question mark, in lower case")
    title: Text = Field(description="context: the page's title, in brackets before the passage")
    answer: bool = Field(description="the answer")
    passage: Text = Field(description="context: the passage")

    @property
    def context(self) -> str:
        """The passage with its title."""
        return titled(self.title, self.passage)


class HubRow(Row):
    """The hub's columns: the authors' without the title."""

    shape = "hub"
    question: Text = Field(description="question, without a question mark, in lower case")
    answer: bool = Field(description="the answer")
    passage: Text = Field(description="context: the passage, without its title")

    @property
    def context(self) -> str:
        """The passage."""
        return self.passage


class SuperGlueRow(Row):
    """SuperGLUE's JSON lines; the hub's columns are the same, with 1 for true and 0 for false."""

    shape = "superglue"
    question: Text = Field(description="question, without a question mark, in lower case")
    passage: Text = Field(description="context: title, two hyphens and passage, as they are")
    idx: int = Field(description="source id: the row's number")
    label: bool | Annotated[Literal[-1, 0, 1], NotBool] | None = Field(
        None, description="the answer; absent or -1 in test, where it is hidden"
    )

    @property
    def context(self) -> str:
        """The passage, in which the title stands first."""
        return self.passage

    @property
    def answer(self) -> bool | None:
        """The answer; None if it is hidden."""
        return None if self.label is None or self.label == -1 else bool(self.label)


class BoolQ(Adapter):
    """Does the passage say yes or no to the question?"""

    name = "boolq"
    aliases = ("bool_q", "super_glue_boolq", "superglue_boolq", "boolean_questions")
    unclear: ClassVar = {"super_glue": "copa", "superglue": "copa", "aps/super_glue": "copa"}
    version = 1
    verified = "real rows"
    shapes: ClassVar = (AuthorsRow, HubRow, SuperGlueRow)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="google/boolq",
                commit="35b264d03638db9f4ce671b711558bf7ff0f80d5",
                evidence="public code; sizes from the hub's dataset_info.json",
                files={
                    "train": (PinnedFile("data/train-00000-of-00001.parquet", 3685146),),
                    "validation": (PinnedFile("data/validation-00000-of-00001.parquet", 1257630),),
                },
            ),
            Repository(
                host="hub",
                name="aps/super_glue",
                commit="3de24cf8022e94f4ee4b9d55a6f539891524d646",
                evidence="3 public files and a lock file",
                config="boolq",
                splits={"test": "test"},
            ),
        ),
        splits={
            "train": Split(rows=9427, names=("train.jsonl",)),
            "validation": Split(rows=3270, names=("dev.jsonl", "val.jsonl")),
            "test": Split(rows=3245, names=("test.jsonl",), labelled=False),
        },
        license="CC-BY-SA-3.0",
        redistributable=True,
        downloads=("BoolQ",),
        homepage="https://github.com/google-research-datasets/boolean-questions",
        citation="Clark, Lee, Chang, Kwiatkowski, Collins and Toutanova 2019. BoolQ: Exploring the "
        "Surprising Difficulty of Natural Yes/No Questions. NAACL.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One yes/no example a row."""
        assert isinstance(row, AuthorsRow | HubRow | SuperGlueRow)
        own_id = str(row.idx) if isinstance(row, SuperGlueRow) else None
        yield YesNo(id=own_id, question=row.question, context=row.context, answer=row.answer)


class PerturbedRow(Row):
    """The authors' document, a perturbed question a row.

    The first entry is a template, and some perturbed questions are blank: they are no examples.
    The unperturbed question and its answer are BoolQ's own, and are ignored.
    """

    shape = "authors"
    inside = "data.*.perturbed_questions.*"
    title: Text = Field(description="context: the page's title, in brackets before the passage")
    paragraph: Text = Field(description="context: the passage")
    question: Text = Field(
        validation_alias=AliasPath("perturbed_questions", "perturbed_q"),
        description="question, in lower case, without a question mark",
    )
    answer: Literal["TRUE", "FALSE", "", "New Answer"] = Field(
        validation_alias=AliasPath("perturbed_questions", "answer"),
        description="the answer; New Answer in the template, empty where the question is blank",
    )


class ContrastSetsBoolQ(Adapter):
    """Does the passage say yes or no to a question that experts changed a little?"""

    name = "contrast_sets_boolq"
    aliases = ("boolq_contrast", "boolq_contrast_set", "boolq_contrast_sets")
    version = 1
    verified = "sha256"
    shapes: ClassVar = (PerturbedRow,)
    source = Source(
        repositories=(
            Repository(
                host="github",
                name="allenai/contrast-sets",
                commit="e2b87316ba7b30093bc9ffbc340e6550cab79f67",
                evidence="bytes read at this commit",
                files={
                    "test": (
                        PinnedFile(
                            "BoolQ/boolq_perturbed.json",
                            81690,
                            sha256="0b4505e885d99fba40ff3d5a1f70d26839eb444cfe21d07cbf571c52f967c536",
                        ),
                    )
                },
            ),
        ),
        splits={
            "test": Split(
                rows=335,
                names=("boolq_perturbed.json", "boolq_expert_perturbations.json"),
                digest="c2953f4fc4b66c3594210ba3e86be0e82b63b6b0841168b917642a0bec4abf62",
            )
        },
        license="unknown",
        homepage="https://github.com/allenai/contrast-sets",
        citation="Gardner et al. 2020. Evaluating Models' Local Decision Boundaries via Contrast "
        "Sets. Findings of EMNLP.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One yes/no example a perturbed question."""
        assert isinstance(row, PerturbedRow)
        context = titled(row.title, row.paragraph)
        example = YesNo(question=row.question, context=context, answer=row.answer == "TRUE")
        # UnifiedQA's files have these two as well, with the answer no.
        if row.answer == "New Answer":
            raise NotAnExample("the authors' template", published=example)
        if not row.question.strip():
            raise NotAnExample("the perturbed question is blank", published=example)
        if not row.answer:
            raise FieldError("perturbed_questions.answer", "a question without an answer")
        yield example


class NaturalRow(Row):
    """The authors' JSON lines, train and dev in one file; other labels than hard are ignored."""

    shape = "authors"
    mixed = ("split", {"train": "train", "validation": "dev"})
    qid: Text = Field(alias="question_id", description="source id: a number")
    split: Literal["train", "dev"] = Field(description="not used in the example: the row's split")
    passage: Text = Field(description="context: the title in brackets, and the passage")
    question: Text = Field(description="question, in lower case; seeds are without question mark")
    is_seed: Annotated[Literal[0, 1], NotBool] | None = Field(
        None,
        alias="is_seed_question",
        description="question, in profile unifiedqa: 1 for BoolQ's own, which has a question mark "
        "there",
    )
    label: Literal["True", "False"] = Field(
        alias="hard_label", description="the answer: that of most annotators"
    )


class BoolQNatural(Adapter):
    """Does the passage say yes or no to a question that crowd workers changed a little?"""

    name = "boolq_np"
    aliases = ("boolq_natural_perturbations", "natural_perturbations")
    version = 1
    verified = "documentation only"
    shapes: ClassVar = (NaturalRow,)
    source = Source(
        repositories=(Repository(host="hub", name="tasksource/boolq-natural-perturbations"),),
        splits={
            "train": Split(names=("boolq_natural_perturbations.jsonl",)),
            "validation": Split(names=("boolq_natural_perturbations.jsonl",)),
        },
        license="unknown",
        homepage="https://github.com/allenai/natural-perturbations",
        citation="Khashabi, Khot and Sabharwal 2020. More Bang for Your Buck: Natural Perturbation "
        "for Robust Question Answering. EMNLP.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One yes/no example a row."""
        assert isinstance(row, NaturalRow)
        yield YesNo(
            id=row.qid,
            question=row.question,
            context=row.passage,
            answer=row.label == "True",
            published=Published(question=f"{row.question}?") if row.is_seed else None,
        )
