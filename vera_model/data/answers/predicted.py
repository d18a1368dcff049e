"""A model's answers, read from a file, and matched with the questions that they answer.

JSON lines: an object a line, with an id (the record's or the row's own) or all in order without;
``.json``: one object of ids and texts, as SQuAD's; other files: ``id⇥text`` a line, or a text a
line in order. What is missing, doubled or foreign is an error, or counted where it is allowed.
"""

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Literal, NamedTuple

from unifiedqa_convert.documents import parsed, quoted
from unifiedqa_convert.errors import SourceError, UsageError
from vera_model.data.answers.questions import Question

IDS = ("id", "question_id", "qid", "query_id", "example_id", "uid", "guid", "source_id")
TEXTS = (
    *("prediction", "prediction_text", "predicted_answer", "predicted", "pred"),
    *("generated_text", "generated", "response"),
)
UNSURE_TEXTS = ("answer", "output", "text")
"""Names of predictions, and where there is one, of the right answer or the input beside it."""
_JSON_LINES = (".jsonl", ".ndjson")


Missing = Literal["error", "empty", "leave-out"]
Foreign = Literal["error", "leave-out"]


class Predicted(NamedTuple):
    """One answer of a model."""

    id: str | None
    """None: answers are in the order of the records."""
    split: str | None
    """``copa/validation`` or ``copa``, if it is given; an id may occur in several splits."""
    texts: tuple[str, ...]
    """One text; or the parts of an answer that has several, which a list in JSON gives."""
    place: str
    """For messages: ``line 3``."""
    choices: tuple[int, ...] | None = None
    """Instead of a text: the choices that a model ranks highest, equally."""


class Matched(NamedTuple):
    """Questions with their answers, and what there was besides."""

    pairs: list[tuple[Question, Predicted]]
    counts: dict[str, int]


def read_predicted(path: Path) -> list[Predicted]:
    """The answers in a file; SourceError names the line that can't be read."""
    try:
        text = path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise SourceError(f"{path} can't be read: {error.strerror or error}") from None
    except UnicodeDecodeError as error:
        line = error.object.count(b"\n", 0, error.start) + 1
        raise SourceError(f"{path} line {line}: not UTF-8: save it as UTF-8") from None
    lines = text.split("\n")
    if lines and not lines[-1]:
        lines.pop()  # what ends in a line feed has no further line
    lines = [line.removesuffix("\r") for line in lines]
    if path.suffix == ".json" and (found := _mapping(path, text)) is not None:
        pass
    elif path.suffix in (*_JSON_LINES, ".json"):
        found = [
            _of_object(path, f"line {number}", _object(path, number, line))
            for number, line in enumerate(lines, 1)
            if line.strip()
        ]
    else:
        found = list(_of_lines(path, lines))
    if not found:
        raise SourceError(f"{path} has no prediction")
    without = [one for one in found if one.id is None]
    if 0 < len(without) < len(found):
        raise SourceError(f"{path} {without[0].place} has no id, and others have: give one to each")
    return found


def _mapping(path: Path, text: str) -> list[Predicted] | None:
    """The answers of one JSON document; None if it is not one, but perhaps one a line."""
    try:
        document = parsed(text)
    except ValueError:
        return None
    if isinstance(document, list):
        items = enumerate(document)
        return [_of_object(path, f"item {number}", item) for number, item in items]
    if isinstance(document, dict) and not set(document) & {*IDS, *TEXTS, *UNSURE_TEXTS}:
        return [
            Predicted(key, None, _texts(path, f"key {quoted(key)}", value), f"key {quoted(key)}")
            for key, value in document.items()
        ]
    return None


def _object(path: Path, number: int, line: str) -> Any:
    try:
        return parsed(line)
    except ValueError as error:
        raise SourceError(f"{path} line {number}: not JSON: {error}") from None


def _of_object(path: Path, place: str, item: Any) -> Predicted:
    if not isinstance(item, dict):
        raise SourceError(f"{path} {place}: not an object ({{…}}) but {quoted(item)}")
    text = _only(path, place, item, TEXTS) or _only(path, place, item, UNSURE_TEXTS)
    if text is None:
        raise SourceError(f"{path} {place} has no prediction: name its field {TEXTS[0]}")
    key = _only(path, place, item, IDS)
    own = None if key is None else item[key]
    if own is not None and type(own) not in (str, int):
        raise SourceError(f"{path} {place}, field {key}: {quoted(own)} is no id")
    dataset, split = item.get("dataset"), item.get("split")
    for name, value in (("dataset", dataset), ("split", split)):
        if value is not None and not isinstance(value, str):
            raise SourceError(f"{path} {place}, field {name}: {quoted(value)} is no name")
    named = "/".join(filter(None, (dataset, split))) if dataset else None
    texts = _texts(path, f"{place}, field {text}", item[text])
    return Predicted(None if own is None else str(own), named, texts, place)


def _only(path: Path, place: str, item: dict[str, Any], names: Sequence[str]) -> str | None:
    """Which of the names the object has; SourceError for several."""
    found = [name for name in names if name in item]
    if len(found) > 1 and found != ["id", "source_id"]:  # our own rows have both
        raise SourceError(f"{path} {place} has both {found[0]} and {found[1]}: leave one")
    return found[0] if found else None


def _texts(path: Path, place: str, value: Any) -> tuple[str, ...]:
    texts = [value] if isinstance(value, str) else value
    if isinstance(texts, list) and all(isinstance(text, str) for text in texts):
        return tuple(texts) or ("",)
    raise SourceError(f"{path} {place}: {quoted(value)} is no text and no list of texts")


def _of_lines(path: Path, lines: Sequence[str]) -> Iterator[Predicted]:
    tabs = [line.count("\t") for line in lines]
    with_id = max(tabs, default=0) > 0
    for number, (line, count) in enumerate(zip(lines, tabs, strict=True), 1):
        if count != int(with_id):
            first = next((at for at, other in enumerate(tabs, 1) if other == 1), 0)
            also = f", and line {first} an id, a tab and a prediction" if first else ""
            raise SourceError(
                f"{path} line {number} has {count} tabs{also}: give id, tab, prediction in each "
                "line, or no tab in any, or JSON lines"
            )
        own, _, text = line.rpartition("\t")
        yield Predicted(own.strip() if with_id else None, None, (text,), f"line {number}")


def match(
    questions: Sequence[Question],
    predicted: Sequence[Predicted],
    source: Path,
    *,
    missing: Missing = "error",
    foreign: Foreign = "error",
) -> Matched:
    """Give each labelled question its answer.

    SourceError for a question without an answer (``missing``: ``empty`` gives it the empty text),
    an answer without a question, and two answers of one question.
    """
    if predicted[0].id is None:
        return _in_order(questions, predicted, source)
    by_id, others = _by_id(questions, predicted, source)
    if others and foreign == "error":
        raise SourceError(
            f"{source} {others[0].place}: no question has the id {quoted(others[0].id)}"
            f"{_more(others)}, they are like {_known(questions)}; convert the rows that were "
            "answered, or add --foreign leave-out"
        )
    labelled = [one for one in questions if one.labelled]
    without = [one for one in labelled if one.positions[0] not in by_id]
    if without and missing == "error":
        raise SourceError(
            f"{source} has no prediction for {without[0].place}{_more(without)}; predict them too, "
            "or add --missing empty to score them as empty answers, or --missing leave-out"
        )
    if len(without) == len(labelled) and missing == "leave-out":
        raise SourceError(f"{source} has no prediction for any of {len(labelled):,} questions")
    if missing == "empty":
        empty = Predicted("", None, ("",), "absent")
        by_id |= {one.positions[0]: empty for one in without}
    pairs = [(one, by_id[one.positions[0]]) for one in labelled if one.positions[0] in by_id]
    return Matched(pairs, _counts(questions, predicted, without, others))


def _known(questions: Sequence[Question]) -> str:
    one = questions[0]
    return quoted(one.id) + (f" or {quoted(one.source_id)}" if one.source_id else "")


def _more(found: Sequence[Any]) -> str:
    return f" (and {len(found) - 1:,} more)" if len(found) > 1 else ""


def _counts(
    questions: Sequence[Question],
    predicted: Sequence[Predicted],
    missing: Sequence[Question] = (),
    foreign: Sequence[Predicted] = (),
) -> dict[str, int]:
    return {
        "predictions": len(predicted),
        "questions": len(questions),
        "unlabelled": sum(not one.labelled for one in questions),
        "missing": len(missing),
        "foreign": len(foreign),
    }


def _in_order(
    questions: Sequence[Question], predicted: Sequence[Predicted], source: Path
) -> Matched:
    records = sum(len(one.positions) for one in questions)
    if len(predicted) != records:
        raise SourceError(
            f"{source} has {len(predicted):,} predictions without ids for {records:,} records: "
            "give one a record, in their order, or ids"
        )
    labelled = [one for one in questions if one.labelled]
    pairs = [(one, predicted[one.positions[0]]) for one in labelled]
    differ = sum(len({predicted[place].texts for place in one.positions}) > 1 for one in labelled)
    return Matched(pairs, {**_counts(questions, predicted), "answered_differently": differ})


def _by_id(
    questions: Sequence[Question], predicted: Sequence[Predicted], source: Path
) -> tuple[dict[int, Predicted], list[Predicted]]:
    """The answers by their question's first record, and those of no question."""
    named: dict[str, list[Question]] = {}
    for one in questions:
        for own in {one.id, one.source_id} - {None}:
            named.setdefault(str(own), []).append(one)
    if not named:
        raise UsageError(
            f"{source} has ids, and a TSV has none: give one prediction a line, in its order, or "
            "convert the split again with --to jsonl"
        )
    found: dict[int, Predicted] = {}
    foreign = []
    for answer in predicted:
        fitting = [one for one in named.get(str(answer.id), ()) if _fits(one, answer.split)]
        if len(fitting) > 1:
            raise SourceError(
                f"{source} {answer.place}: {quoted(answer.id)} is the id of {fitting[0].place} and "
                f"of {fitting[1].place}: use the output's own ids (column id), or add dataset and "
                "split to each line"
            )
        if not fitting:
            foreign.append(answer)
        elif (other := found.setdefault(fitting[0].positions[0], answer)) is not answer:
            raise SourceError(
                f"{source} {other.place} and {answer.place} are both predictions for "
                f"{fitting[0].place}: leave one"
            )
    return found, foreign


def _fits(question: Question, split: str | None) -> bool:
    return split in (None, question.dataset, question.split_name)
