"""What became of every row, as the manifest says it, and the sums that must hold."""

from collections import Counter
from typing import Any

Tree = dict[str, Any]


def tree(counts: Counter[str]) -> Tree:
    """Counts by path (``rows/skipped/<reason>``) → the manifest's nested form, nothing left out.

    Raises AssertionError where the sums do not hold: a row got lost, which is a bug of ours.
    """
    nested: Tree = {
        "rows": {"read": 0, "used": 0, "skipped": {}, "rejected": 0},
        "examples": {"labelled": 0, "unlabelled": 0},
        "statements": {
            **{"true": 0, "false": 0, "unknown": 0, "masked": 0, "ambiguous": 0},
            "not made": {},
        },
        "via": {},
        "flags": {},
        "asks": {"asked": 0, "distinct per chunk": 0},
        "written": {"rows": 0, "left out": {}},
    }
    for path, number in sorted(counts.items()):
        *parents, leaf = path.split("/", 2)
        place = nested
        for parent in parents:
            place = place[parent]
        if number:
            place[leaf] = number
    rows = nested["rows"]
    accounted = rows["used"] + sum(rows["skipped"].values()) + rows["rejected"]
    if rows["read"] != accounted:
        raise AssertionError(f"{rows['read']} rows read, {accounted} accounted for: {rows}")
    return nested
