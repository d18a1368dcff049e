"""Com2Sense: true and false sentences, in complementary pairs (Singh et al. 2021)."""

from collections.abc import Iterator
from typing import ClassVar, Literal

from pydantic import BaseModel, ConfigDict, Field

from converters.shared.stories import as_sentence
from unifiedqa_convert.schema import (
    Adapter,
    CompanionFile,
    Example,
    FieldError,
    MultipleChoice,
    Partition,
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
    Text,
    YesNo,
)

Verdict = Literal["True", "False"]
CUE = "Which sentence makes sense?"


class AuthorsRow(Row):
    """The authors' JSON array, and the hub's copy; domain, scenario and numeracy are ignored.

    Numeracy is misspelt ("Flase") in two rows of dev, which would be rejected if it were read.
    """

    shape = "authors"
    id: Text = Field(description="source id: a hash, does not reveal the answer")
    sent: Text = Field(description="question: a sentence to judge; also the statement")
    label: Verdict | None = Field(
        None, description="true or false; absent in test, where it is hidden"
    )


class Other(BaseModel):
    """The second row of a pair, a field of the first one."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore", defer_build=True)
    sent: Text = Field(description="choice (b)")
    label: Verdict | None = Field(None, description="True if choice (b) is the gold")


class PairedRow(Row):
    """The authors' JSON array; pair_id_dev.json pairs the rows of dev.json.

    The hub has only the array.
    """

    shape = "authors"
    beside = CompanionFile((("", "pair_id_{}.json"),), "pair_id", key="id")
    paired = ("id", "pair_id")
    sent: Text = Field(description="choice (a): the sentence that comes first in the file")
    label: Verdict | None = Field(
        None, description="True if choice (a) is the gold; absent where it is hidden"
    )
    other: Other = Field(description="choice (b): the row that the pairs' file names")

    @property
    def golds(self) -> tuple[int, ...] | None:
        """The true sentence; None if both labels are hidden."""
        if self.label is None and self.other.label is None:
            return None
        if {self.label, self.other.label} != {"True", "False"}:
            both = f"{self.label!r}, and the other's is {self.other.label!r}"
            raise FieldError("label", f"one of a pair is true, one false; this is {both}")
        return (0,) if self.label == "True" else (1,)


SENTENCES = {
    "train": PinnedFile(
        "data/train.json",
        445132,
        sha256="f2559d1374e115f5f6d958b781a8474bdab52aa08c3fae0a16aece24b211ddda",
    ),
    "validation": PinnedFile(
        "data/dev.json",
        217971,
        sha256="c90e98d711d6e7debfdb02096e365bb2a79957786514664fae54b805bffc00cb",
    ),
    "test": PinnedFile(
        "data/test.json",
        1396678,
        sha256="d573236cd86768e6aefc692ec5ae84ac2f2dd0bb99f51aad39713ff75d3aecd8",
    ),
}
"""The files of sentences in the authors' repository."""
PAIRS = {
    "train": PinnedFile(
        "data/pair_id_train.json",
        67538,
        sha256="56301808ee854e6dbed33f869fcd2c9cbb2517885578982c370854572812916b",
    ),
    "validation": PinnedFile(
        "data/pair_id_dev.json",
        33770,
        sha256="07b739445f3eddef337b4d2de5e18f28cba37bd97b1b7bf19076d560e8ed6150",
    ),
    "test": PinnedFile(
        "data/pair_id_test.json",
        233438,
        sha256="eee64ae82cfaf57de52ceb433f0299d1aa4bdc47ef49e2436eb3958c82da985d",
    ),
}
"""The files that pair them."""


def _source(train: int, validation: int, test: int, digest: str, *, paired: bool) -> Source:
    """The source, with numbers of rows (sentences, or half as many pairs), and dev's digest."""
    authors = Repository(
        host="github",
        name="PlusLabNLP/Com2Sense",
        commit="15864a7c0637b950b5f28dc3556f71be01133d47",
        evidence="bytes read at this commit",
        files={
            split: (sentences, PAIRS[split]) if paired else (sentences,)
            for split, sentences in SENTENCES.items()
        },
    )
    hub = Repository(
        host="hub",
        name="tasksource/com2sense",
        commit="4be241ec0db81ba43cb5c9cf73add6ea33f84ee5",
        evidence="its page on the hub lists these files, as large as the authors'; main lacks test",
        files={
            "train": (PinnedFile("train.json"),),
            "validation": (PinnedFile("dev.json"),),
            "test": (PinnedFile("test.json"),),
        },
    )
    return Source(
        repositories=(authors,) if paired else (authors, hub),  # the hub has no pairs
        splits={
            "train": Split(rows=train, names=("train.json",)),
            "validation": Split(
                rows=validation,
                names=("dev.json",),
                digest=digest,
            ),
            "test": Split(rows=test, names=("test.json",), labelled=False),
        },
        license="unknown",
        homepage="https://github.com/PlusLabNLP/Com2Sense",
        citation="Singh, Wen, Hou, Alipoormolabashi, Wu, Ma and Peng 2021. COM2SENSE: A "
        "Commonsense Reasoning Benchmark with Complementary Sentences. Findings of ACL.",
    )


class Com2Sense(Adapter):
    """Is the sentence true by common sense?"""

    name = "com2sense"
    version = 1
    partition: ClassVar[Partition] = "none"
    verified = "sha256"
    shapes: ClassVar[tuple[type[Row], ...]] = (AuthorsRow,)
    source = _source(
        *(1608, 782, 5558),
        "0e52a4fb3acc3aecc7aa4928f19d0b0e0aeb418e3aa85e1968a3c32773027f6d",
        paired=False,
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One yes/no example a row."""
        assert isinstance(row, AuthorsRow)
        yield YesNo(
            id=row.id,
            question=row.sent,
            answer=None if row.label is None else row.label == "True",
            sentence=as_sentence(row.sent),
        )


class Com2SensePaired(Adapter):
    """Which of two complementary sentences is the true one?"""

    name = "com2sense_paired"
    version = 1
    partition = "seen"
    verified = "sha256"
    shapes: ClassVar = (PairedRow,)
    source = _source(
        *(804, 391, 2779),
        "b5c02d75a8a14fb363bcb60e6226aa3683c11cb30ad988bf6001d8f9e16ed24e",
        paired=True,
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One multiple-choice example a pair, in place of its first row."""
        assert isinstance(row, PairedRow)
        yield MultipleChoice(
            question="",
            cue=CUE,
            choices=(row.sent, row.other.sent),
            golds=row.golds,
            sentences=(as_sentence(row.sent), as_sentence(row.other.sent)),
        )
