"""Shards for the tests, written the way the converter writes them."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from unifiedqa_convert.records.arrow import arrow_schema, as_rows, record_batch
from unifiedqa_convert.records.converted import Converted, Record, Statement
from unifiedqa_convert.records.profiles import Records
from unifiedqa_convert.schema import Example, FreeText, MultipleChoice, YesNo


def choice(
    number: int,
    sentences: Sequence[str],
    gold: int | None,
    *,
    context: str | None = None,
    golds: tuple[int, ...] | None = None,
    masked: frozenset[int] = frozenset(),
    told: Sequence[float | None] = (),
) -> Converted:
    """One multiple-choice group, its gold at position ``gold`` (None: unlabelled)."""
    if golds is None and gold is not None:
        golds = (gold,)
    example = MultipleChoice(
        question="Which?", choices=tuple(sentences), golds=golds, context=context
    )
    statements = tuple(
        Statement(
            text,
            None if golds is None else at in golds,
            at,
            "given",
            told[at] if told else 1.0,
            at in masked,
        )
        for at, text in enumerate(sentences)
    )
    return converted(number, example, statements)


def yes_no(number: int, sentence: str, answer: bool | None) -> Converted:
    """One yes/no group: a lone statement."""
    example = YesNo(question=sentence, answer=answer, sentence=sentence)
    return converted(number, example, (Statement(sentence, answer, 0, "given", 1.0),))


def free_text(number: int, sentences: Sequence[str]) -> Converted:
    """One free-text group: every statement is true."""
    example = FreeText(question="What?", answers=tuple(sentences))
    statements = tuple(Statement(text, True, at, "rules") for at, text in enumerate(sentences))
    return converted(number, example, statements)


def converted(number: int, example: Example, statements: tuple[Statement, ...]) -> Converted:
    """The example with its records."""
    outputs = {True: "yes", False: "no", None: "-"}
    return Converted(
        id=f"train-{number:06d}",
        row=number,
        example=example,
        question=Record("input", None),
        statements=statements,
        declaratives=tuple(Record(s.sentence, outputs[s.label]) for s in statements),
        flags=(),
    )


def write_split(
    folder: Path,
    groups: Sequence[Converted],
    *,
    dataset: str = "planted",
    split: str = "train",
    records: Records = "both",
    manifest: bool = True,
    size: dict[str, Any] | None = None,
    form: str = "arrow",
    **facts: Any,
) -> Path:
    """Write one split's folder, ``manifest.json`` last; returns the folder. ``form``: --to's."""
    folder.mkdir(parents=True)
    schema = arrow_schema(records, {"dataset": dataset, "split": split, "sample": False, **facts})
    name = f"data-00000.{form}"
    opened = pq.ParquetWriter if form == "parquet" else pa.ipc.new_stream
    with opened(folder / name, schema) as writer:
        for start in range(0, len(groups), 100):
            rows = as_rows(groups[start : start + 100], records)
            writer.write_batch(record_batch(rows, schema))
    if manifest:
        stated = {"split_size": size, "share": [0, 1], "files": [{"path": name}]}
        (folder / "manifest.json").write_text(json.dumps(stated))
    return folder
