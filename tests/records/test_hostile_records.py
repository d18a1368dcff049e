"""Texts made to be misread: whatever they hold, a record reads back as its example or is flagged.

The flag is asked of ``convert_chunk``, the reading of ``parse``, from each of the files that hold
records: Arrow, Parquet, JSON lines and TSV, in every profile.
"""

import io
import json
from collections.abc import Callable, Iterator, Sequence
from random import Random

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from unifiedqa_convert.conversion.chunk import convert_chunk
from unifiedqa_convert.question_converters.base import Ask, Sentence
from unifiedqa_convert.records.arrow import as_rows
from unifiedqa_convert.records.converted import AMBIGUOUS, Converted, Record
from unifiedqa_convert.records.encode import (
    UNLABELLED,
    arrange,
    fields,
    joined,
    parse,
    parse_declarative,
    plain_record,
    recovers,
    same_text,
)
from unifiedqa_convert.records.formats import FORMATS, Format
from unifiedqa_convert.records.profiles import PROFILES, Profile, Records
from unifiedqa_convert.rows.shapes import NumberedRow
from unifiedqa_convert.schema import Adapter, Example, FreeText, MultipleChoice, Row, Source, YesNo

PIECES = (
    *("(a)", " (b) ", "(A)", "(B)", "(c", "\\n", " \\n ", "\\", "n", "'", "-", "yes", "no", "It's"),
    *("\t", "\n", "\r", " ", "  ", "\u2028", "\u0085", "\u00a0", "\x1c", "\ufeff", "\u200b"),
    *("\u202e", "\u2066", "é", "İ", "ß", "x", "Y", "%s", "{}", "_", "<No Answer>", '"'),
)
texts = st.lists(st.sampled_from(PIECES), max_size=6).map("".join)
# Short and few pieces: equal choices and empty ones come by often.
choice_lists = st.lists(texts | st.sampled_from(["", "x", "x ", "X"]), max_size=4).map(tuple)
profiles = st.sampled_from(
    [
        *PROFILES.values(),
        PROFILES["unifiedqa"].of("social_iqa"),
        PROFILES["unifiedqa-train"].of("physical_iqa"),
        PROFILES["rainier"].of("quartz"),
        PROFILES["rainier"].of("numersense"),
    ]
)


@st.composite
def multiple_choice(draw: st.DrawFn) -> MultipleChoice:
    choices = draw(choice_lists)
    golds = draw(st.none() | st.sets(st.integers(0, len(choices) - 1))) if choices else None
    return MultipleChoice(
        question=draw(texts),
        cue=draw(st.sampled_from(["", "Which?"])),
        context=draw(st.none() | texts),
        choices=choices,
        golds=None if golds is None else tuple(sorted(golds)),
    )


examples: st.SearchStrategy[Example] = st.one_of(
    multiple_choice(),
    st.builds(
        YesNo,
        question=texts,
        context=st.none() | texts,
        answer=st.none() | st.booleans(),
        sentence=st.none() | texts.filter(str.strip),
    ),
    st.builds(
        FreeText,
        question=texts,
        context=st.none() | texts,
        answers=st.none() | st.lists(texts, max_size=2).map(tuple),
    ),
)


class Given(Adapter):
    """An adapter that has its examples already; ``row`` says which."""

    name, version, verified = "given", 1, "documentation only"
    shapes = ()
    source = Source(splits={}, license="", homepage="", citation="")

    def __init__(self, example: Example) -> None:
        self.example = example

    def examples(self, row: Row) -> Iterator[Example]:  # noqa: ARG002
        yield self.example


class Echo:
    """A question converter whose sentences are as hostile as what it was asked."""

    name, version = "echo", "1"

    def convert(self, asks: Sequence[Ask]) -> list[Sentence]:
        return [Sentence(f"{ask.question} {ask.answer}.", "echo") for ask in asks]


def converted(example: Example, profile: Profile) -> Converted:
    numbered = [NumberedRow(0, {}, Row())]
    (item,) = convert_chunk(Given(example), "test", numbered, profile, Echo()).converted
    return item


def normal_fields(example: Example, profile: Profile) -> dict[str, object]:
    """What ``parse`` must give back of an example that isn't flagged."""
    normal = profile.normal
    output = fields(example, profile).output
    choices, golds = (), None
    if isinstance(example, MultipleChoice):
        choices = tuple(map(normal, example.choices))
        golds = example.golds[:1] if example.golds else None
    return {
        "question": normal(profile.question_text(example)),
        "choices": choices,
        "golds": golds,
        "context": normal(example.context or "") or None,
        "answer": None if output is None else profile.whole(output).strip(),
    }


def parsed_fields(record: Record, profile: Profile) -> dict[str, object]:
    parsed = parse(record, profile)
    return {
        key: getattr(parsed, key) for key in ("question", "choices", "golds", "context", "answer")
    }


@given(texts, st.none() | texts, profiles)
def test_any_record_parses(text: str, output: str | None, profile: Profile) -> None:
    parse(Record(text, output), profile)
    parse_declarative(Record(text, output), profile)


@given(examples, profiles)
def test_a_plain_record_is_what_the_careful_way_gives(example: Example, profile: Profile) -> None:
    record = plain_record(example, profile)
    if record is not None:
        parts = fields(example, profile)
        assert record == joined(parts, profile)
        assert recovers(example, record, profile)
        assert len(set(map(same_text, parts.choices))) == len(parts.choices)


@pytest.mark.parametrize(
    "example",
    [
        MultipleChoice(question="Why (now)?", choices=("x", "y"), context="Of it.", golds=(1,)),
        MultipleChoice(question="Q?", cue="Which?", choices=("x", "y")),
        YesNo(question="Is ice cold?", context="Ice.", answer=False),
    ],
)
def test_what_has_nothing_unusual_is_plain(example: Example) -> None:
    record = plain_record(example, PROFILES["canonical"])
    assert (record is None) == ("(" in example.question)


@pytest.mark.parametrize(
    "example",
    [
        MultipleChoice(question="See \\n (a)foo.", choices=("x", "y"), golds=(0,)),
        MultipleChoice(question="What \\n", choices=("x", "y"), golds=(0,)),
        MultipleChoice(question="Q?", choices=("x", "y \\n"), context="c", golds=(0,)),
        MultipleChoice(question="Q?", choices=("-", "y"), golds=(0,)),
        YesNo(question="Is \\n (a)foo?", answer=True),
        YesNo(question="Q?", context="(a) typical case", answer=True),
    ],
)
def test_what_reads_back_otherwise_is_flagged(example: Example) -> None:
    profile = PROFILES["canonical"]
    assert plain_record(example, profile) is None
    assert converted(example, profile).flags == (AMBIGUOUS,)


@pytest.mark.parametrize("context", ["(a)typical case", "See (a) and (b)."])
def test_a_context_that_does_not_begin_with_a_marker_is_no_list_of_choices(context: str) -> None:
    example = YesNo(question="Q?", context=context, answer=True)
    item = converted(example, PROFILES["canonical"])
    assert item.flags == ()
    assert parse(item.question, PROFILES["canonical"]).context == context


def read_back(
    items: list[Converted], to: Format, records: Records, profile: Profile
) -> list[Record]:
    """The items' records, from a file of that format."""
    file = io.BytesIO()
    writer = FORMATS[to].writer(file, records, {"profile": profile.name, "dataset": "given"})
    writer.write(as_rows(items, records))
    writer.close()
    return [Record(row["input"], row["output"]) for row in _READERS[to](file.getvalue())]


def _tsv(content: bytes) -> list[dict[str, str | None]]:
    lines = [line.split("\t") for line in content.decode().split("\n")[:-1]]
    return [{"input": text, "output": None if out == UNLABELLED else out} for text, out in lines]


_READERS: dict[Format, Callable[[bytes], list[dict[str, str | None]]]] = {
    "arrow": lambda content: pa.ipc.open_stream(content).read_all().to_pylist(),
    "parquet": lambda content: pq.read_table(pa.BufferReader(content)).to_pylist(),
    "jsonl": lambda content: [json.loads(line) for line in content.decode().split("\n")[:-1]],
    "tsv": _tsv,
}


def test_every_format_of_records_has_a_reader_here() -> None:
    assert set(_READERS) == {to for to, form in FORMATS.items() if form.content != "groups"}


def check_files(given: list[Example], profile: Profile) -> None:
    """From every format a record comes back as its example, or its row says that it doesn't."""
    arranged = [arrange(example, profile) for example in given]
    items = [converted(example, profile) for example in given]
    for to in _READERS:
        records = read_back(items, to, "question", profile)
        for item, example, record in zip(items, arranged, records, strict=True):
            if AMBIGUOUS not in item.flags:
                assert record == item.question
                assert parsed_fields(record, profile) == normal_fields(example, profile)
        said = [
            (item, place, example)
            for item, example in zip(items, arranged, strict=True)
            for place in range(len(item.statements))
        ]
        records = read_back(items, to, "declarative", profile)
        for (item, place, example), record in zip(said, records, strict=True):
            if place not in item.ambiguous:
                back, context = parse_declarative(record, profile)
                statement = item.statements[place]
                assert back.sentence == profile.normal(statement.sentence)
                assert back.label == statement.label
                assert context == (profile.normal(example.context or "") or None)


@settings(max_examples=200, suppress_health_check=[HealthCheck.too_slow], deadline=None)
@given(example=examples, profile=profiles)
def test_each_format_gives_back_what_is_not_flagged(example: Example, profile: Profile) -> None:
    check_files([example], profile)


def random_example(seeded: Random) -> Example:
    """As ``examples``, drawn at a hundredth of the price."""

    def text() -> str:
        return "".join(seeded.choices(PIECES, k=seeded.randrange(7)))

    question, context = text(), text() if seeded.random() < 0.5 else None
    match seeded.randrange(4):
        case 0:
            answer = seeded.choice([None, True, False])
            return YesNo(question=question, context=context, answer=answer)
        case 1:
            answers = tuple(text() for _ in range(seeded.randrange(3)))
            return FreeText(question=question, context=context, answers=answers)
    choices = tuple(seeded.choice([text(), "x", "X ", ""]) for _ in range(seeded.randrange(1, 5)))
    golds = (seeded.randrange(len(choices)),) if seeded.random() < 0.8 else None
    return MultipleChoice(question=question, context=context, choices=choices, golds=golds)


@pytest.mark.slow
@settings(max_examples=100, deadline=None)
@given(seed=st.integers(0, 2**32), profile=profiles)
def test_ten_thousand_examples_in_each_format(seed: int, profile: Profile) -> None:
    seeded = Random(seed)
    check_files([random_example(seeded) for _ in range(100)], profile)
