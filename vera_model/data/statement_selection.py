"""Which statements of a group become a problem, by recipe, and why others don't."""

from collections import Counter
from collections.abc import Sequence
from typing import Literal, NamedTuple

Recipe = Literal["clean", "vera"]
"""``clean``: masked statements and choices without a gold are left out. ``vera``: as upstream,
which has no masks and takes the first statement for the gold, whatever its label."""


class Group(NamedTuple):
    """The statements of one example, in parallel."""

    is_choice: bool
    labels: Sequence[int]
    """1 true, 0 false, -1 unknown."""
    masked: Sequence[bool]
    """The same text is true and false in this group."""
    blank: Sequence[bool]
    """The text is empty."""
    confidence: float = 1.0
    """The least confidence in one of the statements; 1 where nothing tells any."""


class Selection(NamedTuple):
    """A problem's statements by number, the gold first."""

    is_choice: bool
    statements: list[int]


def select_statements(
    group: Group, recipe: Recipe, dropped: Counter[str], left_out: Counter[str]
) -> Selection | None:
    """The group's problem; None if it has none. Adds what is not used to the two counters."""
    usable = [
        number
        for number, label in enumerate(group.labels)
        if label >= 0
        and not (group.blank[number] and (recipe == "clean" or not label))
        and not (group.masked[number] and recipe == "clean")
    ]
    golds = [number for number in usable if group.labels[number]]
    if not usable or (group.is_choice and not golds and recipe == "clean"):
        dropped[_why_dropped(group, usable)] += 1
        left_out["in a dropped group"] += len(group.labels)
        return None
    others = [number for number in usable if not group.labels[number]]
    chosen = [*golds[:1], *others] if group.is_choice else usable[:1]
    for number in set(range(len(group.labels))) - set(usable):
        left_out[_why_left_out(group, number)] += 1
    left_out["beyond the first gold"] += len(usable) - len(chosen)
    # A gold without distractors is not a choice; upstream counts it as one.
    is_choice = group.is_choice and (len(chosen) > 1 or recipe == "vera")
    return Selection(is_choice, chosen)


def _why_dropped(group: Group, usable: Sequence[int]) -> str:
    if not group.labels:
        return "without statements"
    if usable:
        return "without a gold"
    if all(label < 0 for label in group.labels):
        return "unlabelled"
    return "blank" if all(group.blank) else "masked"


def _why_left_out(group: Group, number: int) -> str:
    if group.labels[number] < 0:
        return "unlabelled"
    return "blank" if group.blank[number] else "masked"
