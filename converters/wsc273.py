"""WSC273: the Winograd Schema Challenge's first 273 problems (Levesque et al. 2012)."""

from collections.abc import Iterator
from typing import Annotated, ClassVar, Literal

from pydantic import AliasPath, Field

from converters.shared.english import stand_in
from unifiedqa_convert.schema import (
    Adapter,
    Example,
    FieldError,
    MultipleChoice,
    NotBool,
    PinnedFile,
    Repository,
    Row,
    Source,
    Split,
    Text,
    collapse,
)


class AuthorsXmlRow(Row):
    """The authors' WSCollection.xml, ISO-8859-1: 285 schemas, of which WSC273 is the first 273."""

    shape = "authors"
    element = "schema"
    first = 273
    before: Text = Field(
        validation_alias=AliasPath("text", "txt1"), description="question, up to the blank"
    )
    pronoun: Text = Field(
        validation_alias=AliasPath("text", "pron"),
        description="the question's blank; in statements, an option in its case",
    )
    after: Text = Field(
        validation_alias=AliasPath("text", "txt2"), description="question, from the blank on"
    )
    options: list[Text] = Field(
        validation_alias=AliasPath("answers", "answer"),
        min_length=2,
        max_length=2,
        description="choices (a) and (b)",
    )
    answer: Text = Field(
        validation_alias="correctAnswer",
        description='gold: "A" or "B", 36 times with a full stop',
    )

    @property
    def gold(self) -> int:
        """Position of the gold."""
        letter = collapse(self.answer).removesuffix(".")
        if letter not in ("A", "B"):
            raise FieldError("correctAnswer", f"{self.answer!r} is neither A nor B")
        return "AB".index(letter)


class HubRow(Row):
    """The hub's columns."""

    shape = "hub"
    first = 273
    text: Text = Field(description="question; the pronoun becomes its blank")
    pronoun: Text = Field(description="the question's blank; in statements, an option in its case")
    pronoun_loc: int = Field(ge=0, description="position of the pronoun in text, in characters")
    options: list[Text] = Field(min_length=2, max_length=2, description="choices (a) and (b)")
    label: Annotated[Literal[0, 1], NotBool] = Field(description="gold, counted from 0")

    @property
    def before(self) -> str:
        """The text up to the pronoun."""
        return self.text[: self.pronoun_loc]

    @property
    def after(self) -> str:
        """The text after the pronoun."""
        end = self.pronoun_loc + len(self.pronoun)
        if self.text[self.pronoun_loc : end] != self.pronoun:
            raise FieldError("pronoun_loc", f"text has no {self.pronoun!r} at {self.pronoun_loc}")
        return self.text[end:]

    @property
    def gold(self) -> int:
        """The label."""
        return self.label


class WinograndeStyleRow(Row):
    """A copy in WinoGrande's columns: without the pronoun, so possessives are not inflected."""

    shape = "winogrande_style"
    first = 273
    sentence: Text = Field(description="question, with one blank")
    option1: Text = Field(description="choice (a)")
    option2: Text = Field(description="choice (b)")
    answer: Literal["1", "2"] = Field(description="gold, counted from 1")

    @property
    def options(self) -> list[str]:
        """Both options in order."""
        return [self.option1, self.option2]

    @property
    def pronoun(self) -> str:
        """Empty: this copy does not have it."""
        return ""

    @property
    def before(self) -> str:
        """The sentence up to its blank."""
        return self._parts[0]

    @property
    def after(self) -> str:
        """The sentence after its blank."""
        return self._parts[1]

    @property
    def gold(self) -> int:
        """Position of the gold; the answer counts from 1."""
        return int(self.answer) - 1

    @property
    def _parts(self) -> list[str]:
        parts = self.sentence.split("_")
        if len(parts) != 2:
            raise FieldError("sentence", f"holds {len(parts) - 1} blanks, not one")
        return parts


class Wsc273(Adapter):
    """Which of the two does the pronoun refer to?"""

    name = "wsc273"
    aliases = ("wsc_273", "winograd", "winograd_wsc273")
    unclear: ClassVar = {
        "wsc": "the WSC of SuperGLUE, which is not here",
        "winograd_wsc": "WSC285, which is not here",
        "ernestsdavis/winograd_wsc": "WSC285, which is not here",
        "lighteval/winograd_wsc": "WSC285, which is not here",
    }
    version = 1
    partition = "unseen-1"
    verified = "sha256"
    shapes: ClassVar = (AuthorsXmlRow, HubRow, WinograndeStyleRow)
    source = Source(
        repositories=(
            Repository(
                host="hub",
                name="ErnestSDavis/winograd_wsc",
                commit="726df8970d7aa13179276fade14a545d52eafdd9",
                evidence="its page on the hub: a pull request's commit, not main's",
                config="wsc273",
                files={
                    "test": (PinnedFile("wsc273/test-00000-of-00001.parquet", 23835),),
                },
            ),
            Repository(
                host="hub",
                name="lighteval/winograd_wsc",
                evidence="lm-evaluation-harness #3946: all 273 rows as the hub converted them",
                config="wsc273",
            ),
        ),
        splits={
            "test": Split(
                rows=273,
                names=("WSCollection.xml",),
            )
        },
        license="CC-BY-4.0",
        redistributable=True,
        homepage="https://cs.nyu.edu/~davise/papers/WinogradSchemas/WS.html",
        citation="Levesque, Davis and Morgenstern 2012. The Winograd Schema Challenge. KR.",
    )

    def examples(self, row: Row) -> Iterator[Example]:
        """One example a row; the pronoun becomes a blank, its candidates are the choices."""
        assert isinstance(row, AuthorsXmlRow | HubRow | WinograndeStyleRow)
        before, pronoun, after = (collapse(t) for t in (row.before, row.pronoun, row.after))
        yield MultipleChoice(
            question=collapse(f"{before} _ {after}"),
            choices=tuple(collapse(option) for option in row.options),
            golds=(row.gold,),
            sentences=tuple(stand_in(o, before, pronoun, after) for o in row.options),
        )
