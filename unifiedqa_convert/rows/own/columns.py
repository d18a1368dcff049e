"""Which column of a user's own file holds what, as the flags say it."""

from dataclasses import asdict, dataclass, replace
from functools import partial
from typing import Annotated, Any, Literal

import typer

GoldIs = Literal["text", "letter", "0", "1", "yesno"]
Quotes = Literal["cells", "text"]

_column = partial(typer.Option, metavar="COLUMN", rich_help_panel="Your own file")
_flag = partial(_column, metavar=None)


@dataclass(frozen=True)
class Columns:
    """The columns of a user's own file, by what they hold."""

    question: Annotated[str, _column(help="Column of the questions.")]
    choices: Annotated[
        tuple[str, ...],
        _column(
            metavar="COLUMN,…",
            help="Columns of the choices, separated by commas, or one column of lists or objects.",
        ),
    ] = ()
    gold: Annotated[str | None, _column(help="Column of the right answers.")] = None
    gold_is: Annotated[
        GoldIs | None,
        _flag(
            help="What that column holds: the choice's text, its letter or key, its position from "
            "0 or 1, or yes/no.",
            show_default="what alone fits the rows",
        ),
    ] = None
    context: Annotated[str | None, _column(help="Column of the contexts.")] = None
    strip_letters: Annotated[
        bool,
        _flag("--strip-letters", help="Take off the letters that choices begin with: (A) milk."),
    ] = False
    quotes: Annotated[
        Quotes | None,
        _flag(
            help="In a TSV, quotation marks surround cells, as in a CSV, or belong to the text.",
            show_default="what alone fits the file",
        ),
    ] = None

    def facts(self) -> dict[str, Any]:
        """As plain data, for the manifest."""
        return {**asdict(self), "choices": list(self.choices)}

    def stripped(self) -> "Columns":
        """With no spaces around the names: those of the file's names are ignored too."""
        return replace(
            self,
            question=self.question.strip(),
            choices=tuple(map(str.strip, self.choices)),
            gold=self.gold and self.gold.strip(),
            context=self.context and self.context.strip(),
        )

    def all(self) -> tuple[str, ...]:
        """Every column in use."""
        named = (self.question, *self.choices, self.gold, self.context)
        return tuple(column for column in named if column is not None)
