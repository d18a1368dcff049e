"""What an adapter promises of labels: each is tried in each sample row, shown there or not.

A wrong gold is the worst fault of an adapter, and it keeps all other promises. Each promise tells
one message a field: the first row shows what is wrong.
"""

from collections.abc import Iterator
from functools import cache
from itertools import islice
from typing import Any, NamedTuple

from unifiedqa_convert.contract.labels import (
    HIDDEN,
    NO,
    STRANGE,
    TRIED,
    YES,
    counting,
    in_their_series,
    says,
)
from unifiedqa_convert.contract.mutations import (
    ABSENT,
    Place,
    Refused,
    changed,
    closed,
    described,
    dotted,
    gold_of,
    kinds_of,
    leaves,
    meaning,
    nothing_said,
    spots,
    value_at,
    written_texts,
)
from unifiedqa_convert.contract.sample import Sample, rows_of
from unifiedqa_convert.schema import Example, MultipleChoice, YesNo, collapse

MOST_ITEMS = 3
"""How many items of a list of labels are tried."""


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

    def decided(self) -> Iterator[list[tuple[Any, Example]]]:
        """Those whose gold depends on the label."""
        yield from (it for it in self.answers() if len({gold_of(e) for _, e in it}) > 1)


def every_label_gives_a_gold(sample: Sample) -> Iterator[str]:
    """Each label that a field allows gives a gold, also one that no sample row has: it ends no run,
    and 0 is not taken for hidden.
    """
    for place, trials in _trials(sample).items():
        messages = [message for trial in trials for message in _ends(sample, place, trial)]
        messages += _taken_for_hidden(trials)
        yield from (f"{dotted(place)}{message}" for message in messages[:1])


def hidden_answers_are_kept(sample: Sample) -> Iterator[str]:
    """A row whose answer is hidden (absent, null, "" or -1) gives its examples, without a gold: it
    is no row to leave out without a word, null is not "no", and -1 is not the last choice.
    """
    for place, _ in leaves(sample.shape):
        told = (message for raw, _ in rows_of(sample) for message in _hidden(sample, raw, place))
        yield from (f"{dotted(place)} = {message}" for message in islice(told, 1))


def labels_mean_what_they_say(sample: Sample) -> Iterator[str]:
    """Two labels are two golds; yes is yes; the first label means the first of the row's choices;
    a choice that the row marks as right is a gold, and a key is looked up among the row's keys.

    Where a label counts backwards, the field's description says ``reversed`` ("0 is yes" for a
    number that answers a yes/no question), and it does.
    """
    for place, trials in _trials(sample).items():
        lists = [answers for trial in trials for answers in trial.decided()]
        told = described(sample.shape, place)
        found = [_swapped(answers, told) or _clamped(answers) for answers in lists]
        found += [
            _other_order(changed(trial.raw, place, ABSENT) or {}, answers, "reversed" in told)
            for trial in trials
            for answers in trial.decided()
            # A list of yes and no, or 1 and 0, marks each choice as right or wrong.
            if 0 not in place or any(says(label) is None for label, _ in answers)
        ]
        if not any(found) and 0 not in place:
            found += [_not_looked_up(sample, raw, place) for raw, _ in rows_of(sample)]
        yield from (f"{dotted(place)}{message}" for message in list(filter(None, found))[:1])
    marked = (message for raw, _ in rows_of(sample) for message in _not_as_marked(sample, raw))
    yield from islice(marked, 1)


@cache
def _labels(sample: Sample) -> dict[Place, tuple[Any, ...]]:
    """By field: its closed set of values; those to try if the adapter refuses unknown ones."""
    tried = dict[Place, tuple[Any, ...]]()
    for place, kind in leaves(sample.shape):
        for each in (each for each in kinds_of(kind) if each in TRIED):
            # An open text in a list is a choice or its key, to which the label refers.
            if 0 not in place and _refuses(sample, place, each):
                tried[place] = (*tried.get(place, ()), *TRIED[each])
    return tried | dict(closed(sample.shape))


def _refuses(sample: Sample, place: Place, kind: Any) -> bool:
    rows = [changed(raw, place, STRANGE[kind]) for raw, _ in rows_of(sample)]
    found = [meaning(sample, row) for row in rows if row is not None]
    return any(isinstance(it, Refused) and it.field for it in found)


@cache
def _trials(sample: Sample) -> dict[Place, list[Trial]]:
    return {place: _tried(sample, place, labels) for place, labels in _labels(sample).items()}


def _tried(sample: Sample, place: Place, labels: tuple[Any, ...]) -> list[Trial]:
    trials = []
    for raw, _ in rows_of(sample):
        tried = list(labels)
        if labels[-len(TRIED[str]) :] == TRIED[str]:  # the gold may be the text of a choice
            tried += [*written_texts(changed(raw, place, ABSENT) or {})]
        for spot in spots(raw, place)[:MOST_ITEMS]:
            rows = [(label, changed(raw, spot, label)) for label in dict.fromkeys(tried)]
            found = [(label, meaning(sample, row)) for label, row in rows if row is not None]
            trials.append(Trial(raw, found))
    return trials


def _decides(trial: Trial) -> bool:
    """True if the row's gold depends on the label."""
    return any(trial.decided())


def _ends(sample: Sample, place: Place, trial: Trial) -> Iterator[str]:
    for label, found in trial.found:
        if isinstance(found, Refused) and not found.field:
            yield f" = {label!r} {found.reason}"
        elif found == [] and meaning(sample, trial.raw) and label not in HIDDEN:
            row = changed(trial.raw, place, label)
            if row is not None and nothing_said(sample, row):
                yield f" = {label!r} gives neither an example nor a reason (NotAnExample)"


def _taken_for_hidden(trials: list[Trial]) -> Iterator[str]:
    for answers in (answers for trial in trials for answers in trial.decided()):
        golds = [(v, gold_of(e)) for v, e in answers if counting(v).series != "hidden"]
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
    written = set(written_texts(changed(raw, place, ABSENT) or {}))
    for value in HIDDEN if 0 in place else (*HIDDEN, ABSENT):  # an item of a list isn't optional
        row = changed(raw, place, value)
        after = meaning(sample, row) if row is not None else None
        shown = {None: "null", ABSENT: "absent"}.get(value, repr(value))
        if after == [] and row is not None and nothing_said(sample, row):
            yield f"{shown} gives no example: yield it without a gold"
        # Another field may have the gold of this row, in which this one is absent already.
        elif isinstance(after, list) and value not in written and after != before:
            known = [gold for gold in map(gold_of, after) if gold is not None]
            if known and _gold_field(sample, place):
                yield f"{shown} gives the gold {known[0]}: where the answer is hidden, it is None"


def _gold_field(sample: Sample, place: Place) -> bool:
    return any(map(_decides, _trials(sample).get(place, ())))


def _clamped(answers: list[tuple[Any, Example]]) -> str | None:
    known = [it for it in answers if gold_of(it[1]) is not None]
    words = [it for it in known if counting(it[0]).series == "words"]
    yes = {str(label).casefold() for label, _ in words} & (YES | NO)
    third = [] if len({str(v).casefold() for v, _ in words}) - len(yes) == 0 else words
    for these in (*in_their_series(known), third):
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
            said = says(label)
            if said is not None and word in ("0", "1"):
                said = said != ("0 is yes" in told)
            if said is not None and gold is not None and gold != said:
                hint = ", but “0 is yes”" if "0 is yes" in told else "; say so: “0 is yes”"
                hint = hint if word in ("0", "1") else ""
                return f" = {label!r} gives the answer {'yes' if gold else 'no'}{hint}"
        elif isinstance(example, MultipleChoice) and example.golds and len(word) > 1:
            texts = [choice.casefold() for choice in example.choices]
            word = next((t for t in texts if {word, t} <= YES or {word, t} <= NO), word)
            if texts.count(word) == 1 and texts.index(word) not in example.golds:
                return f" = {label!r} gives another choice, {example.choices[example.golds[0]]!r}"
    return None


def _bare(text: str) -> str:
    return collapse(text).strip(".!? ").casefold()


def _other_order(
    raw: dict[str, Any], answers: list[tuple[Any, Example]], backwards: bool
) -> str | None:
    """The labels in their order give the row's choices in their order, or ``backwards``."""
    written = [_bare(text) for text in written_texts(raw)]
    for these in in_their_series([it for it in answers if gold_of(it[1]) is not None]):
        listed = all(written.count(_bare(str(label))) == 1 for label, _ in these)
        if listed and not any(_is_another_choice(*pair) for pair in these):
            these = sorted(these, key=lambda it: written.index(_bare(str(it[0]))))
        chosen = [
            (label, example.golds[0], _bare(example.choices[example.golds[0]]))
            for label, example in these
            if isinstance(example, MultipleChoice) and example.golds
        ]
        found = all(written.count(text) == 1 for _, _, text in chosen)
        places = [written.index(text) if found else gold for _, gold, text in chosen]
        if places != sorted(places, reverse=backwards):
            labels = ", ".join(str(label) for label, _, _ in chosen)
            texts = ", ".join(repr(text) for _, _, text in chosen)
            message = f": the labels {labels} give {texts}, which is not the row's order"
            return f"{message} backwards, as “reversed” says" if backwards else message
    return None


def _is_another_choice(label: Any, example: Example) -> bool:
    """Whether a label is the text of a choice, but counts them: 2 among the choices 2, 3 and 1."""
    if not isinstance(example, MultipleChoice) or not example.golds:
        return False
    texts = [_bare(choice) for choice in example.choices]
    return _bare(str(label)) in texts and texts.index(_bare(str(label))) not in example.golds


def _not_looked_up(sample: Sample, raw: dict[str, Any], place: Place) -> str | None:
    """With the row's list of keys and choices turned round, the key still means the same choice."""
    key, one = value_at(raw, place), meaning(sample, raw)
    turned = _turned(raw, key) if isinstance(key, str) and key else None
    two = meaning(sample, turned) if turned is not None else None
    if not isinstance(one, list) or not isinstance(two, list):
        return None
    for before, after in zip(one, two, strict=False):
        texts = [
            [e.choices[gold] for gold in e.golds]
            for e in (before, after)
            if isinstance(e, MultipleChoice) and e.golds
        ]
        if len(texts) == 2 and texts[0] != texts[1] and not _is_another_choice(key, before):
            return (
                f" = {key!r} means {texts[0][0]!r}, but {texts[1][0]!r} where the row lists the "
                "same choices in another order: look the key up there"
            )
    return None


def _turned(value: Any, key: str) -> Any:
    """A copy of the record in which the lists beside the one that has the key are turned round, or
    the texts that are listed by key.
    """
    if isinstance(value, dict):
        if key in value and len(value) > 1 and all(isinstance(v, str) for v in value.values()):
            return dict(reversed(value.items()))
        of = [v for v in value.values() if isinstance(v, list) and _has(v, key)]
        sizes = {len(of[0])} if len(of) == 1 and len(of[0]) > 1 else set[int]()
        inner = {
            k: v[::-1] if isinstance(v, list) and len(v) in sizes else _turned(v, key)
            for k, v in value.items()
        }
        changes = bool(sizes) or any(v is not None for v in inner.values())
        kept = {k: value[k] if v is None else v for k, v in inner.items()}
        return kept if changes else None
    return None


def _has(items: list[Any], key: str) -> bool:
    """Whether one item is the key, or a record with it."""
    return [key in i.values() if isinstance(i, dict) else i == key for i in items].count(True) == 1


def _not_as_marked(sample: Sample, raw: dict[str, Any]) -> Iterator[str]:
    """Where the row marks each choice as right or wrong, the right ones are the golds."""
    found = meaning(sample, raw)
    told = " ".join(f.description or "" for f in sample.shape.model_fields.values())
    for example in found if isinstance(found, list) and "reversed" not in told else ():
        if not isinstance(example, MultipleChoice) or not example.golds:
            continue
        texts = [_bare(choice) for choice in example.choices]
        marks = dict[str, set[bool]]()
        for text, mark in _marked(_read(sample, raw), {*texts}):
            marks.setdefault(text, set()).add(mark)
        if len({*texts}) < len(texts) or any(len(marks.get(text, ())) != 1 for text in texts):
            continue
        for place, text in enumerate(texts):
            if (place in example.golds) not in marks[text]:
                kind = "wrong" if place in example.golds else "right"
                text = example.choices[place]
                yield f"choices: the row marks {text!r} as {kind}, the golds are {example.golds}"
                return


def _read(sample: Sample, value: Any, way: Place = ()) -> Any:
    """The raw record without what the shape does not read."""
    if isinstance(value, list):
        return [_read(sample, item, (*way, 0)) for item in value]
    places = [place for place, _ in leaves(sample.shape)]
    if not isinstance(value, dict) or way in places:
        return value
    kept = [key for key in value if any(p[: len(way) + 1] == (*way, key) for p in places)]
    return {key: _read(sample, value[key], (*way, key)) for key in kept}


def _marked(value: Any, choices: set[str]) -> Iterator[tuple[str, bool]]:
    """The choices in a raw record that have a mark beside them, and whether it says right."""
    if isinstance(value, list):
        for item in value:
            yield from _marked(item, choices)
    if not isinstance(value, dict):
        return
    texts = {_bare(v) for v in value.values() if isinstance(v, str)} & choices
    marks = [v for v in value.values() if says(v) is not None and _bare(str(v)) not in choices]
    if len(texts) == 1 and len(marks) == 1:
        yield texts.pop(), bool(says(marks[0]))
    for key, inner in value.items():
        if _bare(str(key)) in choices and says(inner) is not None:
            yield _bare(str(key)), bool(says(inner))
        yield from _marked(inner, choices)
    lists = [v for v in value.values() if isinstance(v, list) and len(v) > 1]
    for marking in (v for v in lists if all(says(mark) is not None for mark in v)):
        if [str(mark) for mark in marking] == ["0", "1"]:  # they may count the choices
            continue
        for words in (v for v in lists if len(v) == len(marking) and v is not marking):
            pairs = zip(words, marking, strict=True)
            yield from (
                (_bare(w), bool(says(mark)))
                for w, mark in pairs
                if isinstance(w, str) and _bare(w) in choices
            )
