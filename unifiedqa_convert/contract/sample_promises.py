"""What an adapter promises of each sample: its rows, their labels, their records."""

import re
from collections import defaultdict
from collections.abc import Iterator
from itertools import islice
from typing import Any

from pydantic import ValidationError

from unifiedqa_convert.contract.labels import STRANGE, UNKNOWN_NUMBER, UNKNOWN_WORD
from unifiedqa_convert.contract.mutations import (
    ABSENT,
    Refused,
    asked_of,
    changed,
    closed,
    dotted,
    examples_of,
    gold_of,
    kinds_of,
    leaves,
    meaning,
    names_of,
    not_named,
    spots,
)
from unifiedqa_convert.contract.sample import (
    CANONICAL,
    Sample,
    chunk_of,
    elsewhere,
    fingerprint,
    rows_of,
)
from unifiedqa_convert.question_converters.drafts import STOP_OF_OTHER_SCRIPTS
from unifiedqa_convert.records.encode import parse, recovers
from unifiedqa_convert.rows.shapes import required, shape_of
from unifiedqa_convert.schema import NO_ANSWER, Example, FreeText, MultipleChoice, collapse


def the_sample_has_the_shape_of_its_folder(sample: Sample) -> Iterator[str]:
    """A file is recognised by its fields; the first of ``shapes`` that fits is taken."""
    for path in sample.files:
        found = shape_of(sample.adapter, sample.split, path)
        if found is not sample.shape:
            yield f"{path.name} is recognised as {found.shape}: put {sample.shape.shape} before it"


def every_row_is_used(sample: Sample) -> Iterator[str]:
    """No sample row is rejected, and each gives an example or a reason (NotAnExample)."""
    chunk = chunk_of(sample)
    for reject in chunk.rejects:
        yield f"row {reject['row']} is rejected: field {reject['field']}: {reject['reason']}"
    if silent := chunk.counts["rows/skipped/no example in it"]:
        yield f"{silent} rows give neither an example nor a reason: raise NotAnExample(reason)"
    elif not chunk.converted:
        yield "no row gives an example"


def rows_are_strict_and_frozen(sample: Sample) -> Iterator[str]:
    """A row class is strict ("1" is not 1) and frozen: a row stays as its authors published it."""
    for option in ("strict", "frozen"):
        if not sample.shape.model_config.get(option):
            yield f"{sample.shape.__name__}.model_config has no {option}=True"
            return
    for _, row in rows_of(sample)[:1]:
        for name in sample.shape.model_fields:
            try:
                setattr(row, name, getattr(row, name))
            except ValidationError:
                continue
            yield f"{sample.shape.__name__}.{name} can be written"


def examples_are_pure(sample: Sample) -> Iterator[str]:
    """The same row gives the same examples, every time and in any order, and is not changed."""
    rows = [row for _, row in rows_of(sample)]
    before = [row.model_dump() for row in rows]
    there = [examples_of(sample, row) for row in rows]
    back = [examples_of(sample, row) for row in reversed(rows)][::-1]
    for number, (one, two) in enumerate(zip(there, back, strict=True)):
        if one != two:
            yield f"row {number} gives {one}, then {two}"
    if [row.model_dump() for row in rows] != before:
        yield "examples changes its row"


def another_process_agrees(sample: Sample) -> Iterator[str]:
    """With another PYTHONHASHSEED the output is the same: the order of a set depends on it."""
    theirs = elsewhere().get(str(sample), "no such sample: is the package installed?")
    if theirs != fingerprint(sample):
        yield f"another process gives other examples ({theirs}): is the order of a set used?"


def written_ids_are_unique_and_say_nothing(sample: Sample) -> Iterator[str]:
    """An id consists of dataset, split, subject if there are any, and row number; it is unique."""
    ids = [item.id for item in chunk_of(sample).converted]
    if len(set(ids)) != len(ids):
        yield "an id occurs twice"
    subject = f"({'|'.join(sample.adapter.subjects)})-" if sample.adapter.subjects else ""
    start = f"{re.escape(sample.adapter.name)}-{re.escape(sample.split)}-"
    form = re.compile(rf"{start}{subject}\d+(\.\d+)?")
    yield from (f"the id {name} has another form" for name in ids if not form.fullmatch(name))


def own_ids_say_nothing(sample: Sample) -> Iterator[str]:
    """No part of the rows' own ids reveals the answer, as the end of WinoGrande's does: a model
    would learn it. For such a dataset, leave ``id`` None.
    """
    known = [
        (re.split("[^0-9a-z]+", e.id.casefold()), gold, names_of(e))
        for e in (item.example for item in chunk_of(sample).converted)
        if e.id is not None and (gold := gold_of(e)) is not None
    ]
    if len({gold for _, gold, _ in known}) < 2:
        return
    for place in range(min(len(parts) for parts, _, _ in known)):
        for step in (place, -1 - place):
            golds = defaultdict(list)
            for parts, gold, _ in known:
                golds[parts[step]].append(gold)
            # Parts that occur once decide nothing: they are numbers or hashes.
            if len(golds) > 1 and all(len(g) > 1 and len(set(g)) == 1 for g in golds.values()):
                yield f"ids: part {step} reveals the answer ({len(known)} examples): leave id None"
                return
    for names in zip(*(names for _, _, names in known), strict=False) if len(known) > 2 else ():
        if all(name in parts for name, (parts, _, _) in zip(names, known, strict=True)):
            yield f"ids: they contain the answers ({', '.join(names[:3])} …): leave id None"
            return


def golds_are_positions(sample: Sample) -> Iterator[str]:
    """``golds`` are ascending positions without repeats; None if the answer is hidden, because
    with empty golds every statement would be false.
    """
    for item in chunk_of(sample).converted:
        example = item.example
        if isinstance(example, MultipleChoice) and example.golds is not None:
            golds = list(example.golds)
            fine = golds == sorted({g for g in golds if 0 <= g < len(example.choices)})
            if not golds or not fine:
                yield f"{item.id}: golds {example.golds} of {len(example.choices)} choices"


def references_are_answers(sample: Sample) -> Iterator[str]:
    """Each answer of free text is a text, none is there twice, and a blank text in a row is none:
    as an answer it would be a gold that nobody gave.
    """
    for item in chunk_of(sample).converted:
        if fault := _no_answer(item.example):
            yield f"{item.id}: {fault}"
            return
    for place, kind in leaves(sample.shape):
        if str not in kinds_of(kind):
            continue
        told = (
            f"{dotted(place)} = ' ': {fault}"
            for raw, _ in rows_of(sample)
            for spot in spots(raw, place)[:2]
            if (blank := changed(raw, spot, " ")) is not None
            if isinstance(found := meaning(sample, blank), list)
            for fault in filter(None, map(_no_answer, found))
        )
        yield from islice(told, 1)


def _no_answer(example: Example) -> str | None:
    """What is wrong with the answers of free text, if anything is."""
    answers = example.answers or () if isinstance(example, FreeText) else ()
    for answer in answers:
        if not answer.strip():
            return "a blank answer: leave it out, or raise FieldError"
        if collapse(answer) == NO_ANSWER:
            return f"{NO_ANSWER!r} as an answer: an unanswerable question has answers=()"
    return "an answer twice" if len({*answers}) < len(answers) else None


def quoted_answers_are_told(sample: Sample) -> Iterator[str]:
    """Where a row has ``answer_start``, ``Row.quotes`` tells it: an answer that does not stand
    there is flagged and counted, and not taken without a word.
    """
    for number, (raw, row) in enumerate(rows_of(sample)):
        starts, quotes = [*_starts(raw)], [*row.quotes()]
        answered = any(isinstance(e, FreeText) and e.answers for e in examples_of(sample, row))
        if (starts and answered and not quotes) or not {q[1] for q in quotes} <= {*starts}:
            yield f"row {number} has the answer_starts {starts}, but quotes() tells {quotes}"
            return


def _starts(value: Any, key: str = "") -> Iterator[int]:
    """The values of ``answer_start`` in a raw record, nested ones too."""
    if isinstance(value, dict | list):
        for name, inner in value.items() if isinstance(value, dict) else ((key, v) for v in value):
            yield from _starts(inner, name)
    elif key == "answer_start":
        yield value


def a_labelled_split_has_labels(sample: Sample) -> Iterator[str]:
    """A split that is stated as ``labelled`` has labels: otherwise training would find none."""
    outputs = [item.question.output for item in chunk_of(sample).converted]
    if sample.adapter.source.splits[sample.split].labelled and not any(outputs):
        yield "no example of its sample has an answer: add one, or state labelled=False"


def unknown_labels_are_refused(sample: Sample) -> Iterator[str]:
    """A closed field (Literal, bool) accepts only its own values, of its own type, and the error
    names the field: a label of another base or file must not become a guess.
    """
    for place, allowed in closed(sample.shape):
        strange: list[Any] = [UNKNOWN_WORD, UNKNOWN_NUMBER]
        strange += [int(v) if isinstance(v, str) else str(v) for v in allowed if str(v).isdecimal()]
        known = {(type(v), v) for v in allowed}
        if {(int, 0), (int, 1)} & known:
            strange += [True, False]  # Python's True is 1: Annotated[Literal[0, 1], NotBool]
        if {(bool, True), (bool, False)} & known:
            strange += [1, 0]  # Literal[True] accepts 1; bool alone doesn't
        for value in (v for v in strange if (type(v), v) not in known):
            told = (
                message
                for raw, _ in rows_of(sample)
                if (broken := changed(raw, place, value)) is not None
                for message in not_named(sample, broken, place, f"{value!r}")
            )
            yield from islice(told, 1)


def no_field_is_guessed(sample: Sample) -> Iterator[str]:
    """An unknown value of a text or number field is rejected by an error that names the field, or
    is part of the example; it never decides the answer (as by an ``else``) or ends the run.
    """
    for place, kind in leaves(sample.shape):
        values = [STRANGE[each] for each in kinds_of(kind) if each in STRANGE]
        for raw, value in ((raw, value) for raw, _ in rows_of(sample) for value in values):
            if (broken := changed(raw, place, value)) is None:
                continue
            before, after = meaning(sample, raw), meaning(sample, broken)
            if isinstance(after, Refused):
                if not after.field:
                    yield f"{dotted(place)} = {value!r} {after.reason}"
            elif isinstance(before, list) and after:  # a row that is skipped settles nothing
                shown = str(value) in str(after).casefold()
                if not shown and [gold_of(e) for e in before] != [gold_of(e) for e in after]:
                    yield f"{dotted(place)} = {value!r} is unknown, but decides the answer"


def missing_fields_are_named(sample: Sample) -> Iterator[str]:
    """A required field that is null or absent is rejected by its raw name, as the file has it."""
    for name in required(sample.shape):
        place = tuple(name.split("."))
        for raw, _ in rows_of(sample)[:1]:
            for value in (None, ABSENT):
                broken = changed(raw, place, value)
                assert broken is not None, f"{name} is not in the sample's first row"
                yield from not_named(sample, broken, place, "null" if value is None else "absent")


def unknown_keys_change_nothing(sample: Sample) -> Iterator[str]:
    """Keys that the shape does not name are ignored: copies and later releases add columns."""
    for raw, _ in rows_of(sample):
        if meaning(sample, {**raw, "zqxjk": ["anything"]}) != meaning(sample, raw):
            yield f"the examples of row {raw} change with a key that its shape does not name"


def labels_stay_out_of_the_question(sample: Sample) -> Iterator[str]:
    """With another label, only the answer changes: not question, choices, context or own id."""
    for place, allowed in closed(sample.shape):
        for raw, value in ((raw, value) for raw, _ in rows_of(sample) for value in allowed):
            one, two = meaning(sample, raw), meaning(sample, changed(raw, place, value) or raw)
            if not isinstance(one, list) or not isinstance(two, list):
                continue
            for a, b in zip(one, two, strict=False):
                if gold_of(a) != gold_of(b) and asked_of(a) != asked_of(b):
                    yield f"{dotted(place)} decides the answer, but also changes {asked_of(b)}"


def records_parse_back_or_are_flagged(sample: Sample) -> Iterator[str]:
    """``parse`` gives the example back, or the record has the flag ``ambiguous-record``."""
    for item in chunk_of(sample).converted:
        back = recovers(item.example, item.question, CANONICAL)
        if back == ("ambiguous-record" in item.flags):
            can = "can" if back else "can't"
            yield f"{item.id} {can} be parsed back, but its flags are {list(item.flags)}"
        choices = len(item.example.choices) if isinstance(item.example, MultipleChoice) else 0
        if back and len(parse(item.question, CANONICAL).choices) != choices:
            yield f"{item.id} has other choices when parsed"


def records_are_one_line(sample: Sample) -> Iterator[str]:
    """A record is not empty and has no tab or line end: it is one line of a TSV."""
    for item in chunk_of(sample).converted:
        for record in (item.question, *item.declaratives):
            for text in (record.input, record.output or ""):
                if "\t" in text or text.splitlines() not in ([], [text]):
                    yield f"{item.id} has a tab or a line end: {text!r}"
            if not record.input.strip():
                yield f"{item.id} has an empty input"


def given_sentences_are_sentences(sample: Sample) -> Iterator[str]:
    """A statement starts with a capital, digit or mark, ends with a full stop or exclamation mark,
    and has single spaces.
    """
    for item in chunk_of(sample).converted:
        for sentence in (statement.sentence for statement in item.statements):
            started = re.match(r"[^\w\s]{0,2}[^\W_a-z]", sentence)
            ended = re.search(r"[.!]['\")]*$", sentence) or STOP_OF_OTHER_SCRIPTS.search(sentence)
            if not started or not ended or "  " in sentence:
                yield f"{item.id}: {sentence!r} is not a sentence"
