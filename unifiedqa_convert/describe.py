"""What `uqa list` and `uqa show` say: facts as plain data, and the same for people."""

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from unifiedqa_convert.registry import catalogue, load_adapter
from unifiedqa_convert.schema import Adapter

if TYPE_CHECKING:
    from rich.console import Console


def listed() -> list[dict[str, Any]]:
    """One entry per dataset."""
    return [_facts(adapter) for adapter in catalogue().adapters.values()]


def shown(dataset: str, split: str | None, raw: tuple[Path, ...], rows: int) -> dict[str, Any]:
    """A dataset's facts, each shape's fields, and the first ``rows`` rows step by step.

    The rows are the embedded sample's unless ``raw`` names files.
    """
    adapter = load_adapter(dataset)
    return {**facts_and_shapes(adapter), **_steps(adapter, split, raw, rows)}


def facts_and_shapes(adapter: Adapter) -> dict[str, Any]:
    """A dataset's facts, and which raw field of each shape goes where."""
    from unifiedqa_convert.shapes import raw_names

    shapes = [
        {
            "shape": shape.shape,
            "about": _first_line(shape),
            "splits": list(shape.splits or adapter.source.splits),
            "fields": [
                {"raw": raw_names(shape)[name], "goes": field.description or ""}
                for name, field in shape.model_fields.items()
            ],
        }
        for shape in adapter.shapes
    ]
    return {**_facts(adapter), "shapes": shapes}


def print_shown(facts: dict[str, Any]) -> None:
    """The same as ``shown``, laid out for reading from top to bottom."""
    from rich.console import Console

    console = Console(soft_wrap=not sys.stdout.isatty())
    console.print(f"[bold]{facts['name']}[/bold]  {facts['about']}")
    for name in ("citation", "homepage", "license", "partition", "verified"):
        console.print(f"  {name}: {facts[name]}", highlight=False, markup=False)
    splits = ", ".join(f"{name} ({rows or '?'} rows)" for name, rows in facts["splits"].items())
    console.print(f"  --split: {splits}", highlight=False, markup=False)
    for shape in facts["shapes"]:
        console.print(f"\n[bold]raw shape {shape['shape']}[/bold]  {shape['about']}")
        width = max(len(field["raw"]) for field in shape["fields"])
        for field in shape["fields"]:
            console.print(f"  {field['raw']:{width}}  {field['goes']}", markup=False)
    for step in facts["rows"]:
        console.print(f"\n[bold]row {step['row']}[/bold] of {facts['rows_from']}")
        for name in ("raw", "example", "question record", "statements", "declarative records"):
            if name in step:
                _print_step(name, step[name], console)
        if "rejected" in step:
            console.print(f"  [red]rejected[/red]  {step['rejected']}")


def _print_step(name: str, value: Any, console: "Console") -> None:
    lines = value if isinstance(value, list) else [value]
    for line in lines:
        text = line if isinstance(line, str) else json.dumps(line, ensure_ascii=False)
        console.print(f"  [cyan]{name}[/cyan]  ", end="")
        console.print(text, markup=False, highlight=False, soft_wrap=True)


def _facts(adapter: Adapter) -> dict[str, Any]:
    source = adapter.source
    return {
        "name": adapter.name,
        "about": _first_line(type(adapter)),
        "version": adapter.version,
        "partition": adapter.partition,
        "verified": adapter.verified,
        "splits": {name: split.rows for name, split in source.splits.items()},
        "license": source.license,
        "redistributable": source.redistributable,
        "homepage": source.homepage,
        "citation": source.citation,
        "ask": source.ask,
        "shapes": [shape.shape for shape in adapter.shapes],
        "hub": source.hub,
        "revision": source.revision,
    }


def _first_line(cls: type) -> str:
    return (cls.__doc__ or "").strip().split("\n", 1)[0]


def _steps(adapter: Adapter, split: str | None, raw: tuple[Path, ...], rows: int) -> dict[str, Any]:
    from unifiedqa_convert.chunk import convert_chunk
    from unifiedqa_convert.declare.choose import question_converter
    from unifiedqa_convert.joined import complete
    from unifiedqa_convert.profiles import profile_named
    from unifiedqa_convert.rows import as_json, first_rows
    from unifiedqa_convert.sources import canonical_split, locate, sample_splits

    wanted = canonical_split(split) if split else sample_splits(adapter)[0]
    located = locate(adapter, wanted, raw, "sample")
    files = complete(adapter, wanted, located.files)
    steps = []
    for numbered in first_rows(adapter, wanted, files, rows):
        chunk = convert_chunk(
            adapter, wanted, [numbered], profile_named("canonical"), question_converter("rules")
        )
        step: dict[str, Any] = {"row": numbered.number, "raw": as_json(numbered.raw)}
        for item in chunk.converted:
            kept = {k: v for k, v in item.example.model_dump().items() if v is not None}
            step["example"] = {"kind": item.example.kind, **kept}
            step["question record"] = f"{item.question.input} → {item.question.output}"
            step["statements"] = [s._asdict() for s in item.statements]
            step["declarative records"] = [f"{r.input} → {r.output}" for r in item.declaratives]
        for reject in chunk.rejects:
            named = "" if reject["field"] == "-" else f"field {reject['field']}: "
            step["rejected"] = named + reject["reason"]
        steps.append(step)
    where = "the embedded sample" if located.kind == "sample" else str(located.files[0])
    return {"rows_from": f"{where}, {wanted}", "rows": steps}
