"""Whole packages with one invented adapter, from its fields, its ``examples`` and its rows."""

from collections.abc import Sequence
from typing import Any, NamedTuple

HEAD = '''"""Frost: an invented dataset."""

from typing import Annotated, ClassVar, Literal

from pydantic import Field

from unifiedqa_convert.schema import (
    Adapter, FieldError, FreeText, MultipleChoice, NotAnExample, NotBool, Row, Source, Split, Text,
    TypedDict, YesNo,
)


class Option(TypedDict):
    text: Annotated[Text, Field(description="text")]
    right: Annotated[bool, Field(description="whether it is right")]


class Keyed(TypedDict):
    key: Annotated[Text, Field(description="key")]
    text: Annotated[Text, Field(description="text")]


class AuthorsRow(Row):
    """Invented rows."""

    shape = "authors"
'''
ADAPTER = '''

class Frost(Adapter):
    """What does frost do?"""

    name = "frost"
    version = 1
    verified = "documentation only"
    shapes: ClassVar = (AuthorsRow,)
    source = Source(
        splits={"validation": Split(), "test": Split(labelled=False)},
        license="MIT",
        homepage="https://example.org/frost",
        citation="Doe 2026. Frost.",
    )

    def examples(self, row):
        """One example a row."""
'''
Row = dict[str, Any]


class Planted(NamedTuple):
    """An adapter's fields and the body of its ``examples``, with sample rows."""

    fields: Sequence[str]
    body: Sequence[str]
    rows: Sequence[Row]
    told: str = ""
    """The promise that is broken and words of its message; empty for an adapter without a fault."""
    hidden: Sequence[Row] = ()


def gold(kind: str, about: str = "gold", default: str = "") -> str:
    return f'answer: {kind} = Field({default}description="{about}")'


ASKED = 'question: Text = Field(description="question")'
OPTIONS = 'options: list[Text] = Field(min_length=2, description="choices")'


def choices(answers: Sequence[Any], **more: Sequence[Any]) -> list[Row]:
    """Rows with three options each."""
    return [
        {"question": f"Why {at}?", "options": [f"{c}{at}" for c in "rst"], "answer": answer}
        | {name: values[at] for name, values in more.items()}
        for at, answer in enumerate(answers)
    ]


def judged(answers: Sequence[Any]) -> list[Row]:
    places = "pond lake road roof field barn".split()
    return [
        {"question": f"Is the {place} frozen?", "answer": answer}
        for place, answer in zip(places, answers, strict=True)
    ]


def choose(golds: str, more: str = "", texts: str = "tuple(row.options)") -> list[str]:
    return [f"yield MultipleChoice(question=row.question, choices={texts}, golds={golds}{more})"]


def judge(answer: str) -> list[str]:
    return [f"yield YesNo(question=row.question, answer={answer})"]


def closed(labels: Sequence[Any], golds: str, told: str = "", about: str = "gold") -> Planted:
    """A closed label of a multiple-choice example."""
    kind = f"Annotated[Literal[{', '.join(map(repr, labels))}], NotBool]"
    return Planted([ASKED, OPTIONS, gold(kind, about)], choose(golds), choices([*labels] * 2), told)


def verdict(labels: Sequence[Any], answer: str, told: str = "", about: str = "answer") -> Planted:
    kind = f"Annotated[Literal[{', '.join(map(repr, labels))}], NotBool]"
    answers = ([*labels] * 3)[:6]
    return Planted([ASKED, gold(kind, about)], judge(answer), judged(answers), told)


def checked(known: str, field: str = "answer", kind: str = "Text") -> tuple[list[str], list[str]]:
    """A label of an open type that the adapter looks at itself."""
    told = [f"if row.{field} not in {known}:", f'    raise FieldError("{field}", "unknown")']
    return [ASKED, OPTIONS, gold(kind)], told


def own(
    known: str, golds: str, answers: Sequence[Any], told: str = "", kind: str = "Text"
) -> Planted:
    its, body = checked(known, kind=kind)
    return Planted(its, [*body, *choose(golds)], choices(answers), told)


def marked(golds: str, told: str = "") -> Planted:
    """Options that the row itself marks as right or wrong."""
    its = 'options: list[Option] = Field(description="choices")'
    rows = [
        {
            "question": f"Why {at}?",
            "options": [{"text": f"{c}{at}", "right": n == at % 3} for n, c in enumerate("rst")],
        }
        for at in range(6)
    ]
    body = ['right = [n for n, o in enumerate(row.options) if o["right"]]', "if len(right) != 1:"]
    body += ['    raise FieldError("options", "not one is right")']
    texts = 'tuple(o["text"] for o in row.options)'
    return Planted([ASKED, its], [*body, *choose(golds, texts=texts)], rows, told)


def keyed(golds: str, told: str = "") -> Planted:
    """Options with keys of their own, in their usual order in every sample row."""
    its = 'options: list[Keyed] = Field(description="choices")'
    rows = [
        {
            "question": f"Why {at}?",
            "options": [{"key": c, "text": f"{c.lower()}{at}"} for c in "ABC"],
            "answer": "ABC"[at % 3],
        }
        for at in range(6)
    ]
    body = ['keys = [o["key"] for o in row.options]', "if row.answer not in keys:"]
    body += ['    raise FieldError("answer", "names no option")']
    texts = 'tuple(o["text"] for o in row.options)'
    return Planted([ASKED, its, gold("Text")], [*body, *choose(golds, texts=texts)], rows, told)


def lettered(golds: str, told: str = "") -> Planted:
    """Options by their letters."""
    its = 'options: dict[str, Text] = Field(description="choices")'
    rows = [
        {
            "question": f"Why {at}?",
            "options": {c: f"{c.lower()}{at}" for c in "ABC"},
            "answer": "ABC"[at % 3],
        }
        for at in range(6)
    ]
    body = ["if row.answer not in row.options:", '    raise FieldError("answer", "no key")']
    texts = "tuple(row.options.values())"
    return Planted(
        [ASKED, its, gold('Literal["A", "B", "C"]')],
        [*body, *choose(golds, texts=texts)],
        rows,
        told,
    )


def apart(golds: str, told: str = "", texts: str = "(row.bad, row.worse, row.good)") -> Planted:
    """Choices in fields of their own, one of which is the gold."""
    its = ['good: Text = Field(description="gold; a field of its own")']
    its += [f'{n}: Text = Field(description="a wrong choice")' for n in ("bad", "worse")]
    names = ("good", "bad", "worse")
    rows = [{"question": f"Why {at}?"} | {n: f"{n}{at}" for n in names} for at in range(4)]
    body = choose(golds, ", order_matters=False", texts)
    return Planted([ASKED, *its], body, rows, told)
