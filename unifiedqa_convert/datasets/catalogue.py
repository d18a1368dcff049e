"""Facts of datasets as plain data (`uqa list`, `uqa show`), and citations (`uqa cite`)."""

import re
import sys
from functools import cache
from pathlib import Path
from typing import Any, Literal, NamedTuple

from unifiedqa_convert.datasets.registry import catalogue, load_adapter
from unifiedqa_convert.schema import Adapter, Source

FORM = re.compile(r"(?P<authors>.+?) (?P<year>(19|20)\d\d)\. (?P<title>.+?[.?!]) ?(?P<where>.*)")
"""The form of an adapter's citation: authors, year, title, venue."""


Reach = Literal["pinned", "lock", "by hand"]


class Citation(NamedTuple):
    """The citation and license of one dataset."""

    dataset: str
    citation: str
    homepage: str
    license: str
    bibtex: tuple[str, ...]
    """An entry for each paper of the citation."""


def citations(datasets: list[str]) -> list[Citation]:
    """One per dataset, of all datasets if none is named; UsageError for an unknown name."""
    adapters = [load_adapter(name) for name in datasets] or list(catalogue().adapters.values())
    return [_citation(adapter) for adapter in adapters]


def _citation(adapter: Adapter) -> Citation:
    source = adapter.source
    cited = (adapter.name, source.citation, source.homepage, source.license)
    package = type(adapter).__module__.partition(".")[0]
    found = [
        (source.citation.index(paper), entry)
        for paper, entry in _references(package).items()
        if paper in source.citation
    ]
    entries = tuple(entry for _, entry in sorted(found))
    return Citation(*cited, entries or (_of_citation(adapter.name, source),))


@cache
def _references(package: str) -> dict[str, str]:
    """The entries of the package's ``references.bib``, by year and title as a citation has them."""
    # A package of one module has no files beside it.
    places = getattr(sys.modules.get(package), "__path__", ())
    files = [path for path in (Path(place, "references.bib") for place in places) if path.is_file()]
    entries = [
        entry.strip()
        for file in files
        for entry in re.split(r"^(?=@)", file.read_text(encoding="utf-8"), flags=re.MULTILINE)
        if entry.startswith("@")
    ]
    return {f"{_field(entry, 'year')}. {_field(entry, 'title')}": entry for entry in entries}


def _field(entry: str, name: str) -> str:
    """A field of a BibTeX entry, without its braces."""
    found = re.search(rf"^\s*{name}\s*=\s*(.*?),?\s*$", entry, re.MULTILINE | re.IGNORECASE)
    return re.sub(r'[{}"]', "", found[1]).replace("\\&", "&") if found else ""


def _of_citation(name: str, source: Source) -> str:
    """An entry with surnames only; a citation of another form becomes a note."""
    found = FORM.fullmatch(source.citation)
    if found is None:
        fields = {"title": name, "note": source.citation}
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
    lines = [f"  {key} = {{{text}}}," for key, text in fields.items() if text]
    return "\n".join([f"@misc{{{name},", *lines, f"  url = {{{source.homepage}}},", "}"])


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
