"""Facts of datasets as plain data (`uqa list`, `uqa show`), and citations (`uqa cite`)."""

import re
from typing import Any, Literal, NamedTuple

from unifiedqa_convert.datasets.registry import catalogue, load_adapter
from unifiedqa_convert.schema import Adapter

FORM = re.compile(r"(?P<authors>.+?) (?P<year>(19|20)\d\d)\. (?P<title>.+?[.?!]) ?(?P<where>.*)")
"""The form of an adapter's citation: authors, year, title, venue."""


Reach = Literal["pinned", "lock", "by hand"]


class Citation(NamedTuple):
    """The citation and license of one dataset."""

    dataset: str
    citation: str
    homepage: str
    license: str


def citations(datasets: list[str]) -> list[Citation]:
    """One per dataset, of all datasets if none is named; UsageError for an unknown name."""
    adapters = [load_adapter(name) for name in datasets] or list(catalogue().adapters.values())
    return [_citation(adapter) for adapter in adapters]


def _citation(adapter: Adapter) -> Citation:
    source = adapter.source
    return Citation(adapter.name, source.citation, source.homepage, source.license)


def bibtex(cited: Citation) -> str:
    """A BibTeX entry, with surnames only; a citation of another form becomes a note."""
    found = FORM.fullmatch(cited.citation)
    if found is None:
        fields = {"title": cited.dataset, "note": cited.citation}
    else:
        surnames = re.split(r", and |, | and ", found["authors"])
        fields = {
            "title": found["title"].removesuffix("."),
            "author": " and ".join(
                surname.replace(" et al.", " and others") for surname in surnames
            ),
            "year": found["year"],
            "note": found["where"].removesuffix("."),
        }
    lines = [f"  {name} = {{{text}}}," for name, text in fields.items() if text]
    return "\n".join([f"@misc{{{cited.dataset},", *lines, f"  url = {{{cited.homepage}}},", "}"])


def listed() -> list[dict[str, Any]]:
    """One entry per dataset."""
    return [_facts(adapter) for adapter in catalogue().adapters.values()]


def facts_and_shapes(adapter: Adapter) -> dict[str, Any]:
    """A dataset's facts, and the raw fields of each shape with their descriptions."""
    from unifiedqa_convert.rows.shapes import raw_names

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


def reach(adapter: Adapter) -> Reach:
    """How its labelled train, validation and test (or else all its splits) can be downloaded.

    ``pinned``: each from a commit that the adapter ships; ``lock``: the first use looks some up.
    """
    splits = adapter.source.splits
    wanted = [s for s in ("train", "validation", "test") if s in splits and splits[s].labelled]
    best = [adapter.source.having(split)[:1] for split in wanted or splits]
    if not all(best):
        return "by hand"
    kinds = {it.strength(s) for s, (it,) in zip(wanted or splits, best, strict=True)}
    return "lock" if "lock" in kinds else "pinned"


def _facts(adapter: Adapter) -> dict[str, Any]:
    source = adapter.source
    return {
        "name": adapter.name,
        "aliases": list(adapter.aliases),
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
        "reach": reach(adapter),
        "sources": {
            name: [
                {
                    "host": it.host,
                    "repository": it.name,
                    "commit": it.commit,
                    "proof": it.strength(name),
                    "evidence": it.evidence,
                }
                for it in source.having(name)
            ]
            for name in source.splits
        },
    }


def _first_line(cls: type) -> str:
    return (cls.__doc__ or "").strip().split("\n", 1)[0]
