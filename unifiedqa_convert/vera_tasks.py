"""Vera's tasks under upstream's names: their order, their kind and their partition.

As in liujch1998/vera (scripts/data.py, and the defaults of scripts/run.py); the two unseen
partitions are the paper's (Liu et al. 2023).
"""

from typing import Literal

KNOWLEDGE_BASES = ("atomic2020_3d", "genericskb_3d")
"""Stage A's tasks."""

STAGE_B = (
    *("openbookqa", "arc_easy", "arc_hard", "ai2_science_elementary", "ai2_science_middle"),
    *("commonsenseqa", "qasc", "physical_iqa", "social_iqa", "winogrande_xl", "com2sense_paired"),
    *("sciq", "quarel", "quartz", "cycic_mc", "comve_a", "csqa2", "symkd_anno", "gengen_anno"),
)
"""Stage B's 19 tasks, which upstream trains both stages on where no task list is given."""

EVALUATED = (
    *STAGE_B,
    *("wsc273", "copa", "numersense", "prost", "spatial_cs", "swag", "hellaswag", "codah"),
    *("story_cloze_test", "alphanli", "strategyqa", "creak", "rainier_anno"),
)
"""Upstream's 32 tasks of an evaluation."""

VERA_TASKS = (*KNOWLEDGE_BASES, *EVALUATED)

SEEN = frozenset({*KNOWLEDGE_BASES, *STAGE_B})
UNSEEN_1 = frozenset({"wsc273", "copa", "numersense", "prost", "spatial_cs", "rainier_anno"})
PARTITIONS: dict[str, frozenset[str]] = {
    "seen": SEEN,
    "unseen-1": UNSEEN_1,
    "unseen-2": frozenset(EVALUATED) - SEEN - UNSEEN_1,
}

GroupName = Literal[
    "vera-seen", "vera-unseen", "vera", "unifiedqa-v1", "unifiedqa-v2", "unifiedqa", "all"
]
"""Groups of datasets; conversion/groups.py says which datasets are in each."""

BOOLEAN = frozenset(
    {"csqa2", "symkd_anno", "gengen_anno", "spatial_cs", "strategyqa", "creak", "rainier_anno"}
)
"""The tasks of single statements; the others are multiple choice, also where a file holds a group
without a gold, or a gold alone."""


def partition_of(task: str) -> str:
    """The task's partition; ``none`` if it is not one of Vera's."""
    return next((name for name, tasks in PARTITIONS.items() if task in tasks), "none")
