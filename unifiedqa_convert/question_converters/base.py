"""What a question converter is: a question and an answer → one declarative sentence.

``drafts.draft`` gives the ready sentences of an example and the asks for a question converter,
which are converted in batches.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import partial
from typing import Annotated, Literal, NamedTuple, Protocol, runtime_checkable

import typer

from unifiedqa_convert.errors import QuestionConverterError

_option = partial(typer.Option, rich_help_panel="Question converter")

Backend = Literal["transformers", "ct2"]
Dtype = Literal["auto", "bf16", "fp32", "int8", "fp16"]

# The flags of a question converter, for every command that takes one.
ConverterName = Annotated[
    str,
    _option(
        metavar="NAME",
        help="rules (embedded); rules-only (the same without confidences, faster); none (no "
        "statements, `uqa convert` only); question_converter-3b or any OWNER/NAME that `uqa model "
        "fetch` downloaded; a folder (./FOLDER); the address of a `uqa serve` (http://HOST:PORT); "
        "or a language model behind an OpenAI-compatible address (openai:MODEL@http://HOST:PORT/"
        "v1).",
    ),
]
BackendName = Annotated[Backend, _option(help="Library that runs the model.")]
DeviceName = Annotated[
    str, _option(metavar="DEVICE", help="auto, cpu, cuda (one GPU per worker) or cuda:N.")
]
DtypeName = Annotated[
    Dtype,
    _option(help="auto: bf16 on a GPU, fp32 on the CPU; int8 (ct2 only) may change sentences."),
]
BatchTokens = Annotated[
    int | None,
    _option(
        metavar="N",
        min=1,
        help="Maximum tokens of a batch of prompts, with padding; less needs less memory.",
        show_default="by device",
    ),
]
Revision = Annotated[
    str | None,
    _option(
        metavar="COMMIT",
        help="Commit of the downloaded model, 40 hex digits.",
        show_default="the one that was downloaded",
    ),
]
PromptName = Annotated[
    str | None,
    _option(
        metavar="TEMPLATE",
        help="Template with {question} and {choice}, or question_converter or qa2d.",
        show_default="the model's own",
    ),
]

PATIENCE = 600.0
"""Seconds: a service with a large model may take that long to restart."""
Patience = Annotated[
    float,
    _option(
        metavar="SECONDS",
        min=0,
        help="With http://… or openai:…: how long to wait for a service that is busy or does not "
        "answer.",
    ),
]


@dataclass(frozen=True)
class Options:
    """How a model is run, or a service asked; ``rules`` and ``none`` take none of these."""

    backend: BackendName = "transformers"
    device: DeviceName = "auto"
    dtype: DtypeName = "auto"
    batch_tokens: BatchTokens = None
    revision: Revision = None
    prompt: PromptName = None
    patience: Patience = PATIENCE
    """Of the client of a service; a model takes the others."""
    turn: tuple[int, int] = (0, 1)
    """(K, N): this is worker K of N on this machine. Set by the pipeline, not by the user."""

    def given(self) -> list[str]:
        """The flags of the options that differ from their defaults."""
        return [
            f"--{field.name.replace('_', '-')}"
            for field in fields(self)
            if field.name != "turn" and getattr(self, field.name) != field.default
        ]


MinConfidence = Annotated[
    float | None,
    _option(
        metavar="X",
        min=0,
        max=1,
        help="Leave out a question, with all of its statements, if the confidence in one of them "
        "is less than X; statements without a confidence stay.",
        show_default="all are kept",
    ),
]


class Ask(NamedTuple):
    """A question and an answer to convert."""

    question: str
    answer: str


class Sentence(NamedTuple):
    """A declarative sentence and its origin.

    ``via`` is ``given``, ``filled``, ``rules``, ``rules-fallback``, a model's name or
    ``openai:MODEL``.
    """

    text: str
    via: str
    confidence: float | None = None
    """The probability, 0 to 1 in two digits, that a careful person would have written it; 1 for
    given and filled sentences, None of a converter that tells none.
    """


class QuestionConverter(Protocol):
    """Converts a batch of asks to as many sentences, in the same order, none empty."""

    name: str
    version: str

    def convert(self, asks: Sequence[Ask]) -> list[Sentence]:
        """Convert a batch; raises QuestionConverterError on failure."""
        ...


def answers(converter: QuestionConverter, asks: Sequence[Ask]) -> dict[Ask, Sentence]:
    """The sentence of each distinct ask.

    Raises QuestionConverterError if the converter gives too few or too many sentences, or an empty
    one: a sentence at the wrong position would get a false label.
    """
    distinct = list(dict.fromkeys(asks))
    if not distinct:
        return {}
    sentences = converter.convert(distinct)
    if len(sentences) != len(distinct):
        raise QuestionConverterError(
            f"question converter {converter.name} returned {len(sentences)} sentences "
            f"for {len(distinct)} questions"
        )
    for ask, sentence in zip(distinct, sentences, strict=True):
        if not sentence.text.strip():
            raise QuestionConverterError(
                f"question converter {converter.name} returned an empty sentence for {ask!r}"
            )
    return dict(zip(distinct, sentences, strict=True))


Fact = str | int | float | bool | None


@runtime_checkable
class HasFacts(Protocol):
    """A converter whose sentences depend on more than its name and version."""

    facts: Mapping[str, Fact]
    """Plain data for the manifest: equal facts give equal sentences."""


def converter_facts(converter: QuestionConverter) -> dict[str, Fact]:
    """What a converter's sentences depend on, as the manifest records it."""
    more = dict(converter.facts) if isinstance(converter, HasFacts) else {}
    return {"name": converter.name, "version": converter.version, **more}
