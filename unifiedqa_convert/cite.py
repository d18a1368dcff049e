"""Who is to be cited for a dataset: from its adapter, as a line or as BibTeX."""

import re
from typing import NamedTuple

from unifiedqa_convert.registry import catalogue, load_adapter
from unifiedqa_convert.schema import Adapter

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
