"""How many of a split's rows were read, and how many have no label: what is said of both."""

from collections.abc import Sequence
from typing import Any, TypedDict

from unifiedqa_convert.rows.companion_files import LATER, SECOND
from unifiedqa_convert.rows.shapes import OTHER_SPLIT, OTHER_SUBJECT
from unifiedqa_convert.rows.typed_rows import BEYOND

_OTHERS = (SECOND.reason, LATER.reason, BEYOND, OTHER_SPLIT, OTHER_SUBJECT)
"""How the reasons begin for which rows are skipped that are none of the split's."""


class SplitSize(TypedDict):
    """``partial`` is None where nobody knows the split's size."""

    read: int
    known: int | None
    partial: bool | None


def split_size(
    rows: dict[str, Any],
    known: int | None,
    limit: int | None,
    share: Sequence[int],
    examples: int = 0,
) -> SplitSize:
    """The split's rows that were read, beside the number that it is ``known`` to have.

    ``rows`` are the manifest's counts. Rows that the shape leaves out (second ones of pairs, those
    beyond its ``first``, those of other splits) are none of the split's. Those that the adapter
    skips may be counted in the known number (ATOMIC's heads without a tail) or not (CycIC's
    true/false items). Where rows hold several questions (DREAM's dialogues), the known number is
    that of the ``examples``.
    """
    skipped: dict[str, int] = rows["skipped"]
    left_out = sum(n for why, n in skipped.items() if why.startswith(_OTHERS))
    read, kept = rows["read"] - left_out, rows["read"] - sum(skipped.values())
    if known is not None and known in (kept, examples):
        read = known
    partial = _cut(rows["read"], limit, share) or None if known is None else read < known
    return {"read": read, "known": known, "partial": partial}


def example_count(examples: dict[str, Any]) -> int:
    """How many examples the rows have, of the manifest's counts of examples.

    A published form may leave some of them out, and have others that are none.
    """
    left_out, added = (sum(examples.get(kind, {}).values()) for kind in ("left out", "added"))
    number: int = examples["labelled"] + examples["unlabelled"] + left_out - added
    return number


def _cut(read: int, limit: int | None, share: Sequence[int]) -> bool:
    """True if --limit or --num-shards left rows out, as far as can be told."""
    return share[1] > 1 or (limit is not None and read >= limit)


def size_words(size: SplitSize) -> str:
    """``100 of 1,954 rows``."""
    known = "an unknown number of" if size["known"] is None else f"{size['known']:,}"
    return f"{size['read']:,} of {known} rows"


def other_size(manifest: dict[str, Any]) -> str | None:
    """Both numbers, where the rows are more or fewer than known and nobody asked for a part."""
    size: SplitSize | None = manifest.get("split_size")
    if size is None or size["known"] is None or size["read"] == size["known"]:
        return None
    if _cut(manifest["counts"]["rows"]["read"], manifest["limit"], manifest["share"]):
        return None
    which = f"{manifest['dataset']}/{manifest['split']}"
    difference = "fewer" if size["partial"] else "more"
    return f"{which} has {size['known']:,} rows; these are {difference}, {size['read']:,}"


def without_label(manifest: dict[str, Any]) -> str | None:
    """How many examples have no label, of a split that has them."""
    examples = manifest["counts"]["examples"]
    if not manifest.get("labelled") or not examples["unlabelled"]:
        return None
    which, every = (
        f"{manifest['dataset']}/{manifest['split']}",
        examples["labelled"] + examples["unlabelled"],
    )
    return (
        f"{which} is a labelled split, but {examples['unlabelled']:,} of {every:,} examples have "
        "no label"
    )
