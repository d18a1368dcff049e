"""What an adapter promises of labels: each is tried in each sample row, shown there or not.

A wrong gold is the worst fault of an adapter, and it keeps all other promises. Each promise tells
one message a field: the first row shows what is wrong.
"""

import re
from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from unifiedqa_convert.contract.mutations import (
    ABSENT,
    Place,
    Refused,
    changed,
    closed,
    described,
    dotted,
    gold_of,
    leaves,
    meaning,
    nothing_said,
    written_texts,
)
from unifiedqa_convert.contract.sample import Sample, rows_of
from unifiedqa_convert.schema import Example, MultipleChoice, YesNo, collapse

HIDDEN = (None, -1, "-1", "")
"""What datasets write where the answer is hidden."""
GOLD = ("gold", "the gold", "answer", "the answer")
"""How the description of a label begins."""
YES, NO = frozenset(("yes", "true")), frozenset(("no", "false"))
TRIED: dict[Any, tuple[Any, ...]] = {
    int: (*range(-1, 12),),
    str: (*"ABCDEFGH", *"0123456789", "yes", "no", "true", "false", "True", "False"),
}
"""Labels that are tried in a field without a closed type; those that it refuses are none."""
STRANGE: dict[Any, tuple[Any, ...]] = {str: ("zqxjk",), int: (987_654_321,), float: (0.125,)}


class Trial(NamedTuple):
    """One row with each label in turn."""

    raw: dict[str, Any]
    found: list[tuple[Any, list[Example] | Refused]]
    """By label: the examples, or how the row is refused."""

    def answers(self) -> Iterator[list[tuple[Any, Example]]]:
        """For each example of the row: it with each label that is not refused."""
        made = [(label, found) for label, found in self.found if isinstance(found, list)]
        for number in range(max((len(examples) for _, examples in made), default=0)):
            yield [(label, found[number]) for label, found in made if number < len(found)]


def every_label_gives_a_gold(sample: Sample) -> Iterator[str]:
    """Each label that a field allows gives a gold, also one that no sample row has: it ends no run,
    and 0 is not taken for hidden. A field that is described as the gold decides it.
    """
    texts = {place for place, kind in leaves(sample.shape) if kind is str}
    for place, trials in _trials(sample).items():
        messages = [message for trial in trials for message in _ends(sample, place, trial)]
        messages += _taken_for_hidden(trials)
        settles = place not in texts and described(sample.shape, place).startswith(GOLD)
        if not messages and settles and trials and not any(map(_decides, trials)):
            messages = [" is described as the gold, but never decides it"]
        yield from (f"{dotted(place)}{message}" for message in messages[:1])


def hidden_answers_are_kept(sample: Sample) -> Iterator[str]:
    """A row whose answer is hidden (null, "" or -1) gives its examples, without a gold: it is no
    row to leave out without a word, and -1 is not the last choice.
    """
    for place, _ in leaves(sample.shape):
        told = (message for raw, _ in rows_of(sample) for message in _hidden(sample, raw, place))
        yield from (f"{dotted(place)} = {message}" for message in islice(told, 1))


def labels_mean_what_they_say(sample: Sample) -> Iterator[str]:
    """Two labels are two golds; yes is yes; the first label means the first of the row's choices.

    Where a label counts otherwise, the field's description says ``reversed`` ("0 is yes" for a
    number that answers a yes/no question).
    """
    for place, trials in _trials(sample).items():
        lists = [answers for trial in trials if _decides(trial) for answers in trial.answers()]
        told = described(sample.shape, place)
        found = [_swapped(answers, told) or _clamped(answers) for answers in lists]
        found += [
            _other_order(changed(trial.raw, place, ABSENT) or {}, answers)
            for trial in trials
            for answers in trial.answers()
            # A list's labels mark each choice as right or wrong.
            if _decides(trial) and "reversed" not in told and 0 not in place
        ]
        yield from (f"{dotted(place)}{message}" for message in list(filter(None, found))[:1])


def unused_fields_change_nothing(sample: Sample) -> Iterator[str]:
    """A field that is described as not used is in no example: `uqa show` would tell a lie."""
    allowed = dict(closed(sample.shape))
    for place, kind in leaves(sample.shape):
        if not re.search(r"\b(not used|unused|ignored)\b", described(sample.shape, place)):
            continue
        values = allowed.get(place) or STRANGE.get(kind, ())
        for raw, value in ((raw, value) for raw, _ in rows_of(sample) for value in values):
            one, two = meaning(sample, raw), meaning(sample, changed(raw, place, value) or raw)
            if isinstance(one, list) and isinstance(two, list) and two and one != two:
                yield f"{dotted(place)} is described as not used, but {value!r} changes the example"
                break


@cache
def _labels(sample: Sample) -> dict[Place, tuple[Any, ...]]:
    """By field: its closed set of values; those to try if the adapter refuses unknown ones."""
    tried = [it for it in leaves(sample.shape) if it[1] in TRIED and _refuses(sample, *it)]
    return {place: TRIED[kind] for place, kind in tried} | dict(closed(sample.shape))


def _refuses(sample: Sample, place: Place, kind: Any) -> bool:
    rows = [changed(raw, place, STRANGE[kind][0]) for raw, _ in rows_of(sample)]
    found = [meaning(sample, row) for row in rows if row is not None]
    return any(isinstance(it, Refused) and it.field for it in found)


@cache
def _trials(sample: Sample) -> dict[Place, list[Trial]]:
    return {place: _tried(sample, place, labels) for place, labels in _labels(sample).items()}


def _tried(sample: Sample, place: Place, labels: tuple[Any, ...]) -> list[Trial]:
    trials = []
    for raw, _ in rows_of(sample):
        rows = [(label, changed(raw, place, label)) for label in labels]
        found = [(label, meaning(sample, row)) for label, row in rows if row is not None]
        trials.append(Trial(raw, found))
    return trials


def _decides(trial: Trial) -> bool:
    """True if the row's gold depends on the label."""
    return any(len({gold_of(e) for _, e in answers}) > 1 for answers in trial.answers())


def _ends(sample: Sample, place: Place, trial: Trial) -> Iterator[str]:
    for label, found in trial.found:
        if isinstance(found, Refused) and not found.field:
            yield f" = {label!r} {found.reason}"
        elif found == [] and meaning(sample, trial.raw) and label not in HIDDEN:
            row = changed(trial.raw, place, label)
            if row is not None and nothing_said(sample, row):
                yield f" = {label!r} gives neither an example nor a reason (NotAnExample)"


def _taken_for_hidden(trials: list[Trial]) -> Iterator[str]:
    for answers in (answers for trial in trials if _decides(trial) for answers in trial.answers()):
        golds = [(label, gold_of(e)) for label, e in answers if _series(label) != "hidden"]
        lost = [label for label, gold in golds if gold is None]
        # A third value of a yes/no question may be "not known".
        known = len({gold for _, gold in golds if gold is not None})
        third = isinstance(answers[0][1], YesNo) and known > 1
        if lost and not third:
            yield f" = {lost[0]!r} gives no gold: it is taken for a hidden answer"


def _hidden(sample: Sample, raw: dict[str, Any], place: Place) -> Iterator[str]:
    before = meaning(sample, raw)
    if not isinstance(before, list) or not before:
        return
    labels = {(type(label), label) for label in _labels(sample).get(place, ())}
    for value in HIDDEN:
        row = changed(raw, place, value)
        after = meaning(sample, row) if row is not None else None
        if after == [] and row is not None and nothing_said(sample, row):
            yield f"{value!r} gives no example: yield it without a gold"
        elif isinstance(after, list) and (type(value), value) in labels:
            known = [gold for gold in map(gold_of, after) if gold is not None]
            if known and _gold_field(sample, place):
                yield f"{value!r} gives the gold {known[0]}: it stands for a hidden one"


def _gold_field(sample: Sample, place: Place) -> bool:
    return any(map(_decides, _trials(sample).get(place, ())))


def _series(label: Any) -> str:
    """Labels of one series count the choices: numbers, or single letters; others are words."""
    if label is None or (not isinstance(label, bool) and label in HIDDEN):
        return "hidden"
    text = str(label)
    if not isinstance(label, bool) and text.isdigit():
        return f"digits as {type(label).__name__}"
    return "letters" if len(text) == 1 and text.isalpha() else "words"


def _counted(answers: list[tuple[Any, Example]]) -> Iterator[list[tuple[Any, Example]]]:
    """The labels of each series in their order, with the examples that have a gold."""
    for series in sorted({_series(label) for label, _ in answers} - {"hidden", "words"}):
        these = [it for it in answers if _series(it[0]) == series and gold_of(it[1]) is not None]
        yield sorted(these, key=lambda it: int(it[0]) if series != "letters" else ord(it[0]))


def _clamped(answers: list[tuple[Any, Example]]) -> str | None:
    words = [it for it in answers if _series(it[0]) == "words" and gold_of(it[1]) is not None]
    yes = {str(label).casefold() for label, _ in words} & (YES | NO)
    third = [] if len({str(v).casefold() for v, _ in words}) - len(yes) == 0 else words
    for these in (*_counted(answers), third):
        seen: dict[Any, Any] = {}
        for label, example in these:
            gold = gold_of(example)
            if gold in seen and str(seen[gold]).casefold() != str(label).casefold():
                return f": {seen[gold]!r} and {label!r} give the same gold {gold}"
            seen.setdefault(gold, label)
    return None


def _swapped(answers: list[tuple[Any, Example]], told: str) -> str | None:
    """A label that says yes or no, or is a choice's text, has that gold."""
    for label, example in answers:
        word, gold = str(label).casefold(), gold_of(example)
        if isinstance(example, YesNo):
            if type(label) is int or word in ("0", "1"):
                said = None if "0 is yes" in told else {"1": True, "0": False}.get(word)
            else:
                said = True if word in YES else False if word in NO else None
            if said is not None and gold is not None and gold != said:
                hint = "" if type(label) is bool or not word.isdigit() else "; say so: “0 is yes”"
                return f" = {label!r} gives the answer {'yes' if gold else 'no'}{hint}"
        elif isinstance(example, MultipleChoice) and example.golds and len(word) > 1:
            texts = [choice.casefold() for choice in example.choices]
            word = next((t for t in texts if {word, t} <= YES or {word, t} <= NO), word)
            if texts.count(word) == 1 and texts.index(word) not in example.golds:
                return f" = {label!r} gives another choice, {example.choices[example.golds[0]]!r}"
    return None


def _bare(text: str) -> str:
    return collapse(text).strip(".!? ").casefold()


def _other_order(raw: dict[str, Any], answers: list[tuple[Any, Example]]) -> str | None:
    """The labels in their order give the row's choices in their order."""
    written = [_bare(text) for text in written_texts(raw)]
    for these in _counted(answers):
        if all(written.count(_bare(str(label))) == 1 for label, _ in these):  # the row lists them
            these = sorted(these, key=lambda it: written.index(_bare(str(it[0]))))
        chosen = [
            (label, example.golds[0], _bare(example.choices[example.golds[0]]))
            for label, example in these
            if isinstance(example, MultipleChoice) and example.golds
        ]
        found = all(written.count(text) == 1 for _, _, text in chosen)
        places = [written.index(text) if found else gold for _, gold, text in chosen]
        if places != sorted(places):
            labels = ", ".join(str(label) for label, _, _ in chosen)
            texts = ", ".join(repr(text) for _, _, text in chosen)
            return f": the labels {labels} give {texts}, which is not the row's order"
    return None
