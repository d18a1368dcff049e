"""Questions with sentences that a search found, as UnifiedQA's authors had them: several datasets
in one file of each split.

Documented in allenai/unifiedqa, files/arc-with-ir/README.md, of which an older version (commit
657725b) names the archives; read so by TFDS's ai2_arc_with_ir too.
"""

from pydantic import Field

from converters.shared.labelled_choices import NestedRow
from unifiedqa_convert.schema import FieldError, NotAnExample, Source, Split, Text

_SETS = {
    "ARCEZ_": "arc_easy",
    "ARCCH_": "arc_hard",
    "OBQA_": "openbookqa",
    "RegLivEnv_": "the Regents exam Living Environment",
}
"""Of which set a row of these files is, by the start of its id."""
_ALL = "ARC-OBQA-RegLivEnv-IR10V8"
"""The archive's name, and its folder's: the variant with one para a question. IR10V2 has one a
choice, and UnifiedQA did not use it."""
_ARC = "ARC-IR10V8"
"""The same rows of ARC alone, in TFDS's copy."""


class RetrievedRow(NestedRow):
    """The authors' JSON lines with one para a question: ARC's two sets, OpenBookQA and another."""

    id: Text = Field(description="source id; its start names the set that the row belongs to")
    answer_key: Text = Field(
        alias="answerKey",
        description="gold: the label of one of the choices, A-E or 1-4; never hidden",
    )
    para: Text = Field(
        description="context: ten sentences found for the question and its choices, the best last"
    )


def of_set(own_id: str, dataset: str, *, marked: bool) -> None:
    """NotAnExample if the id names another set than the dataset's; nothing otherwise.

    FieldError for an id that names no set at all, if each row of the shape is ``marked``.
    """
    found = next((name for start, name in _SETS.items() if own_id.startswith(start)), None)
    if found is None and marked:
        raise FieldError("id", f"{own_id!r} begins with none of {' '.join(_SETS)}")
    if found not in (None, dataset.removesuffix("_with_ir")):
        raise NotAnExample(f"a row of {found}")


def retrieved_source(sizes: dict[str, int], homepage: str, citation: str, *, arc: bool) -> Source:
    """The source of one set, which is ARC's or OpenBookQA's; ``sizes`` are its splits' rows.

    UnifiedQA's program finds the para of every one of the set's rows; nobody counted them.
    """
    copy = (
        f"or {_ARC}.zip, which TFDS's ai2_arc_with_ir downloads from "
        f"http://aristo-data.s3.amazonaws.com/custom-datasets/{_ARC}.zip, "
    )
    files = {"train": "train.jsonl", "validation": "dev.jsonl", "test": "test.jsonl"}
    return Source(
        splits={name: Split(rows=rows, names=(files[name],)) for name, rows in sizes.items()},
        license="unknown",
        downloads=(_ALL, _ARC) if arc else (_ALL,),
        ask=f"get {_ALL}.zip, which https://github.com/allenai/unifiedqa had in files/arc-with-ir "
        f"and no longer links, {copy if arc else ''}and give its folder with --data-dir, or the "
        "split's file with --raw",
        homepage=homepage,
        citation=f"{citation} Retrieved sentences: Khashabi, Min, Khot, Sabharwal, Tafjord, Clark "
        "and Hajishirzi 2020. UnifiedQA: Crossing Format Boundaries With a Single QA System. "
        "Findings of EMNLP.",
    )
