"""A dataset's facts and some of its rows, converted step by step: `uqa show`, and `--dry-run`."""

from dataclasses import asdict
from pathlib import Path
from string import ascii_lowercase
from typing import TYPE_CHECKING, Any

from unifiedqa_convert.datasets.catalogue import facts_and_shapes
from unifiedqa_convert.datasets.registry import load_adapter
from unifiedqa_convert.schema import Adapter, Example, FreeText, MultipleChoice, YesNo

if TYPE_CHECKING:
    from unifiedqa_convert.conversion.chunk import Chunk
    from unifiedqa_convert.conversion.request import Request
    from unifiedqa_convert.records.converted import Converted
    from unifiedqa_convert.rows.shapes import NumberedRow


def shown(dataset: str, split: str | None, raw: tuple[Path, ...], rows: int) -> dict[str, Any]:
    """A dataset's facts, the fields of each shape, and the first ``rows`` rows step by step.

    The rows come from the embedded sample unless ``raw`` names files.
    """
    adapter = load_adapter(dataset)
    return {**facts_and_shapes(adapter), **_steps(adapter, split, raw, rows)}


def _steps(adapter: Adapter, split: str | None, raw: tuple[Path, ...], rows: int) -> dict[str, Any]:
    from unifiedqa_convert.conversion.chunk import convert_chunk
    from unifiedqa_convert.datasets.listing import canonical_split
    from unifiedqa_convert.datasets.sources import Places, locate, sample_splits
    from unifiedqa_convert.question_converters.select import question_converter
    from unifiedqa_convert.records.profiles import profile_named
    from unifiedqa_convert.rows.companion_files import with_companions
    from unifiedqa_convert.rows.typed_rows import first_rows

    wanted = canonical_split(split) if split else sample_splits(adapter)[0]
    located = locate(adapter, wanted, Places(raw, "sample"))
    files = with_companions(adapter, wanted, located.files)
    profile, converter = profile_named("canonical"), question_converter("rules")
    steps = [
        _step(numbered, convert_chunk(adapter, wanted, [numbered], profile, converter))
        for numbered in first_rows(adapter, wanted, files, rows)
    ]
    where = "the embedded sample" if located.kind == "sample" else str(located.files[0])
    return {"rows_from": f"{where}, {wanted}", "rows": steps}


def previewed(request: "Request", rows: int = 3) -> dict[str, Any]:
    """What `uqa convert` would make of the first ``rows`` rows; writes nothing."""
    from unifiedqa_convert.conversion.pipeline import converted_rows
    from unifiedqa_convert.conversion.request import resolve
    from unifiedqa_convert.rows.typed_rows import first_rows

    job = resolve(request)
    first = first_rows(job.adapter, job.split, job.located.files, rows)
    own = job.request.columns if request.from_file is not None else None
    return {
        "columns": own and own.facts(),
        "told": list(job.located.told),
        "rows": [_step(numbered, converted_rows(job, [numbered])) for numbered in first],
    }


def _step(numbered: "NumberedRow", chunk: "Chunk") -> dict[str, Any]:
    """One row, its examples, their records and statements, or why it has none.

    Those of the first example are the row's; of a row that has several, ``further`` lists the
    others'.
    """
    from unifiedqa_convert.rows.typed_rows import row_as_json

    step: dict[str, Any] = {"row": numbered.number, "raw": row_as_json(numbered.raw)}
    first, *others = [_made(item) for item in chunk.converted] or [{}]
    step |= first
    if others:
        step["further"] = others
    for reject in chunk.rejects:
        named = "" if reject["field"] == "-" else f"field {reject['field']}: "
        step["rejected"] = named + reject["reason"]
    for reason in chunk.counts:
        if reason.startswith("rows/skipped/"):
            step["skipped"] = reason.removeprefix("rows/skipped/")
    return step


def _answer(example: Example) -> str:
    """What the right answer is, in words."""
    if isinstance(example, YesNo):
        return {True: "yes", False: "no", None: "hidden"}[example.answer]
    if isinstance(example, FreeText):
        texts = example.answers
        if not texts:
            return "hidden" if texts is None else "none: the question is unanswerable"
        parts = example.parts and len(texts) > 1
        of = f"in {len(texts)} parts: " if parts else f"any of {len(texts)} references: "
        return (of if len(texts) > 1 else "") + " | ".join(map(repr, texts))
    assert isinstance(example, MultipleChoice)
    if not example.golds:
        return "hidden" if example.golds is None else "none of the choices"
    return " | ".join(f"({ascii_lowercase[n]}) {example.choices[n]}" for n in example.golds)


def _made(item: "Converted") -> dict[str, Any]:
    """One example of a row, its records and statements."""
    kept = {k: v for k, v in asdict(item.example).items() if v is not None and k != "published"}
    output = "(unlabelled)" if item.question.output is None else item.question.output
    return {
        "example": {"kind": item.example.kind, **kept},
        "answer": _answer(item.example),
        **({"flags": list(item.flags)} if item.flags else {}),
        "question record": f"{item.question.input} → {output}",
        "statements": [s._asdict() for s in item.statements],
        "declarative records": [f"{r.input} → {r.output}" for r in item.declaratives],
    }
