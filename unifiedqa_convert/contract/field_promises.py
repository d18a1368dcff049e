"""What an adapter promises of its fields: each is in the example as its description says.

`uqa show` prints the descriptions, and the reader of an adapter checks it by them. Each promise
tells one message a field.
"""

import re
from collections.abc import Iterator
from itertools import islice
from typing import Any, get_origin

from unifiedqa_convert.contract.labels import GOLD, STRANGE, UNKNOWN_WORD
from unifiedqa_convert.contract.mutations import (
    ABSENT,
    Place,
    Refused,
    changed,
    closed,
    described,
    dotted,
    field_at,
    gold_of,
    kinds_of,
    leaves,
    meaning,
    spots,
    value_at,
)
from unifiedqa_convert.contract.sample import Sample, rows_of
from unifiedqa_convert.schema import Example, MultipleChoice

_UNUSED = re.compile(r"\b(not used|unused|ignored)\b")
_USED = re.compile(r"(the )?(gold|answer|question|choice|context)s?\b(?!')")
_WRONG = re.compile(r"\b(false|wrong|incorrect) (choice|answer)s?\b|\bdistractors?\b")
_RIGHT = re.compile(r"\b(true|right|correct) (choice|answer)s?\b")


def unused_fields_change_nothing(sample: Sample) -> Iterator[str]:
    """A field that is described as not used is in no example: `uqa show` would tell a lie."""
    for place, kind in leaves(sample.shape):
        if not _UNUSED.search(described(sample.shape, place)):
            continue
        for raw, value, strange in _variants(sample, place, kind):
            one, two = meaning(sample, raw), meaning(sample, changed(raw, place, value) or raw)
            # Another row's value is no reason to refuse the row; a strange one may be.
            used = isinstance(two, Refused) and not strange
            if isinstance(one, list) and (used or (isinstance(two, list) and two and one != two)):
                yield f"{dotted(place)} is described as not used, but {value!r} changes the example"
                break


def used_fields_change_something(sample: Sample) -> Iterator[str]:
    """A field that is described as the question, a choice, the context or the gold is in the
    example: otherwise another one was taken for it, or one was taken twice.
    """
    fixed, effects, what = dict(closed(sample.shape)), dict[str, set[bool]](), dict[str, str]()
    for place, kind in leaves(sample.shape):
        told, field = described(sample.shape, place), field_at(sample.shape, place)
        if (used := _USED.match(told)) and not _UNUSED.search(told):
            settles = told.startswith(GOLD) and place in fixed
            lacks = "never decides it" if settles else "changes nothing in the example"
            what[field] = f"{dotted(place)} is described as the {used[2]}, but {lacks}"
            effects.setdefault(field, set()).update(_effects(sample, place, kind, settles=settles))
    yield from (what[field] for field, found in effects.items() if found == {False})


def texts_are_what_they_are_called(sample: Sample) -> Iterator[str]:
    """A choice in a field of its own is right if the field is described as the gold, wrong if as a
    wrong choice; a ready sentence says the choice at its own place; an empty choice moves no gold.
    """
    every = (
        (place, raw)
        for place, kind in leaves(sample.shape)
        for raw, _ in rows_of(sample)
        if kind is str
    )
    found = ((place, _misplaced(sample, raw, place)) for place, raw in every)
    yield from islice((f"{dotted(place)}{message}" for place, message in found if message), 1)


def _variants(
    sample: Sample, place: Place, kind: Any
) -> Iterator[tuple[dict[str, Any], Any, bool]]:
    """Each row with other values for the field, and whether no row has that value."""
    rows = [raw for raw, _ in rows_of(sample)]
    there = [value for raw in rows if (value := value_at(raw, place)) is not ABSENT]
    strange = list(dict(closed(sample.shape)).get(place, ()))
    for each in kinds_of(kind):
        strange += [STRANGE[each]] if each in STRANGE else [True, False] if each is bool else []
    if get_origin(kind) is dict:
        strange.append({UNKNOWN_WORD: UNKNOWN_WORD})
    for raw in rows:
        yield from ((raw, value, True) for value in strange)
        yield from ((raw, value, False) for value in there)


def _effects(sample: Sample, place: Place, kind: Any, *, settles: bool) -> Iterator[bool]:
    """For each accepted row and value: whether the value changes the example, or is refused."""
    for raw, value, _ in _variants(sample, place, kind):
        if value == value_at(raw, place) or (row := changed(raw, place, value)) is None:
            continue
        one, two = meaning(sample, raw), meaning(sample, row)
        if not isinstance(one, list) or not one:
            continue
        if settles and isinstance(two, list):
            yield [gold_of(e) for e in one] != [gold_of(e) for e in two]
        else:
            yield one != two


def _misplaced(sample: Sample, raw: dict[str, Any], place: Place) -> str | None:
    told, one = described(sample.shape, place), meaning(sample, raw)
    right = bool(_RIGHT.search(told)) or told.startswith(GOLD)
    wrong = bool(_WRONG.search(told))
    for spot in spots(raw, place):
        two = meaning(sample, changed(raw, spot, UNKNOWN_WORD) or raw)
        if isinstance(one, Refused) or isinstance(two, Refused):
            continue
        for number, (before, example) in enumerate(zip(one, two, strict=False)):
            if not isinstance(example, MultipleChoice) or not example.golds or before == example:
                continue
            here, golds = _having(example.choices), {*example.golds}
            if right and not wrong and not here <= golds:
                return " is described as the gold, but is a wrong choice"
            if wrong and not right and here & golds:
                return " is described as a wrong choice, but is the gold"
            said = _having(example.sentences or ())
            asked = UNKNOWN_WORD in f"{example.question_text} {example.context}".casefold()
            if here and said and here != said and not asked:
                at, where = (" and ".join(str(n) for n in sorted(it)) for it in (here, said))
                return f" is choice {at}, but in the ready sentence {where}, counted from 0"
            empty = meaning(sample, changed(raw, spot, "") or raw)
            without = empty[number : number + 1] if isinstance(empty, list) else []
            if here and not here & golds and {*_golds(example)} != {*_golds(*without)} != set():
                return f" = '' makes {_golds(*without)[0]!r} the gold, not {_golds(example)[0]!r}"
    return None


def _golds(*examples: Example) -> list[str]:
    """The right choices' texts."""
    known = [e for e in examples if isinstance(e, MultipleChoice) and e.golds]
    return [e.choices[gold] for e in known for gold in e.golds or ()]


def _having(texts: tuple[str, ...]) -> set[int]:
    return {place for place, text in enumerate(texts) if UNKNOWN_WORD in text.casefold()}
