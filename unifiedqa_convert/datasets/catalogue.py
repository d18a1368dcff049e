"""What `uqa list` and `uqa show` say: facts as plain data, and the same for people."""

import re
from typing import TYPE_CHECKING, Any, NamedTuple

from unifiedqa_convert.datasets.registry import catalogue, load_adapter
from unifiedqa_convert.schema import Adapter

if TYPE_CHECKING:
    pass


# Who is to be cited for a dataset: from its adapter, as a line or as BibTeX.

FORM = re.compile(r"(?P<authors>.+?) (?P<year>(19|20)\d\d)\. (?P<title>.+?[.?!]) ?(?P<where>.*)")
"""How an adapter words a citation: authors, year, title, venue."""


class Citation(NamedTuple):
    """What to cite for one dataset."""

    dataset: str
    citation: str
    homepage: str
    license: str


def citations(datasets: list[str]) -> list[Citation]:
    """One per dataset; UsageError for a name that nobody knows. No names: every dataset."""
    adapters = [load_adapter(name) for name in datasets] or list(catalogue().adapters.values())
    return [_citation(adapter) for adapter in adapters]


def _citation(adapter: Adapter) -> Citation:
    source = adapter.source
    return Citation(adapter.name, source.citation, source.homepage, source.license)


def bibtex(cited: Citation) -> str:
    """A BibTeX entry; surnames only, as the adapter gives them. No year: a note."""
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
    """A dataset's facts, and which raw field of each shape goes where."""
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
