"""Examples check their own types, stay as they were made, and travel as JSON."""

import pickle
from dataclasses import FrozenInstanceError, asdict, fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from pydantic import TypeAdapter, ValidationError

from unifiedqa_convert.schema import (
    Example,
    ExampleError,
    FreeText,
    MultipleChoice,
    YesNo,
    collapse,
)

CHOICE = MultipleChoice(
    id="7",
    question="What melts?",
    cue="Choose.",
    context="It is hot.",
    choices=("ice", "rock"),
    golds=(0,),
    sentences=("Ice melts.", "Rock melts."),
    order_matters=False,
)
KINDS: list[Example] = [
    CHOICE,
    MultipleChoice(question="", choices=()),
    YesNo(question="Is ice cold?", answer=True, sentence="Ice is cold."),
    YesNo(question="Is ice cold?"),
    FreeText(question="Who?", answers=("Ada", "Lovelace")),
    FreeText(question="Who?", id="9"),
]
WRONG: list[tuple[Example, str, Any, str]] = [
    (CHOICE, "id", 7, "id"),
    (CHOICE, "question", None, "question"),
    (CHOICE, "question", b"What?", "question"),
    (CHOICE, "cue", None, "cue"),
    (CHOICE, "context", 3.5, "context"),
    (CHOICE, "choices", ["ice", "rock"], "choices"),
    (CHOICE, "choices", "ab", "choices"),
    (CHOICE, "choices", ("ice", 2), "choices.1"),
    (CHOICE, "golds", 0, "golds"),
    (CHOICE, "golds", [0], "golds"),
    (CHOICE, "golds", ("0",), "golds.0"),
    (CHOICE, "golds", (0, True), "golds.1"),
    (CHOICE, "golds", (0, 1.0), "golds.1"),
    (CHOICE, "golds", (2,), "golds"),
    (CHOICE, "golds", (-1,), "golds"),
    (CHOICE, "sentences", ("Ice melts.",), "sentences"),
    (CHOICE, "sentences", ["Ice melts.", "Rock melts."], "sentences"),
    (CHOICE, "sentences", ("Ice melts.", None), "sentences.1"),
    (CHOICE, "order_matters", 0, "order_matters"),
    (YesNo(question="Q?"), "answer", 1, "answer"),
    (YesNo(question="Q?"), "answer", "yes", "answer"),
    (YesNo(question="Q?"), "sentence", 1, "sentence"),
    (YesNo(question="Q?"), "question", 1, "question"),
    (FreeText(question="Q?"), "answers", "Ada", "answers"),
    (FreeText(question="Q?"), "answers", ["Ada"], "answers"),
    (FreeText(question="Q?"), "answers", (None,), "answers.0"),
]


@pytest.mark.parametrize(("example", "field", "value", "place"), WRONG)
def test_a_wrong_type_names_kind_and_field(
    example: Example, field: str, value: object, place: str
) -> None:
    with pytest.raises(ExampleError) as found:
        replace(example, **{field: value})
    assert found.value.field == f"{example.kind}.{place}"
    with pytest.raises(ValidationError):  # and from outside, as pydantic reads it
        TypeAdapter(type(example)).validate_python({**asdict(example), field: value}, strict=True)


@pytest.mark.parametrize("example", KINDS)
def test_an_example_is_frozen_small_and_travels(example: Example) -> None:
    for field in fields(example):
        with pytest.raises(FrozenInstanceError):
            setattr(example, field.name, getattr(example, field.name))
    assert not hasattr(example, "__dict__")
    assert pickle.loads(pickle.dumps(example)) == example
    assert {example, replace(example)} == {example}
    adapter = TypeAdapter(type(example))
    assert adapter.validate_json(adapter.dump_json(example)) == example
    assert set(adapter.json_schema()["properties"]) == {field.name for field in fields(example)}
    with pytest.raises(ValidationError):
        adapter.validate_python({**asdict(example), "unknown": 1})


def test_texts_of_a_subclass_are_texts() -> None:
    class Word(str):
        __slots__ = ()

    assert MultipleChoice(question=Word("Q?"), choices=(Word("x"),)).choices == ("x",)


@given(
    st.text(st.sampled_from("ab \t\n\r\x0b\x0c\x1c\x1f\x85\u00a0\u2028\u3000\u200b("), max_size=8)
)
def test_collapse_is_split_and_join(text: str) -> None:
    assert collapse(text) == " ".join(text.split())
