"""Prompts → batches for a model: of like length, within a budget of tokens. Pure."""

from collections.abc import Sequence

SHORTEST = 32
"""What a prompt counts at least: its sentence costs memory too, however short the question."""


def token_batches(lengths: Sequence[int], budget: int) -> list[list[int]]:
    """Places of ``lengths``, longest first, cut so that a padded batch stays within ``budget``.

    A padded batch costs its longest prompt times its size. A prompt longer than the budget is a
    batch of its own. The longest come first, so that what does not fit in memory fails at once.
    Equal lengths keep their order: the batches depend on the lengths and the budget only.
    """
    order = sorted(range(len(lengths)), key=lambda place: -lengths[place])
    batches: list[list[int]] = []
    width = 0
    for place in order:
        if not batches or (len(batches[-1]) + 1) * width > budget:
            batches.append([])
            width = max(lengths[place], SHORTEST)
        batches[-1].append(place)
    return batches
