"""Examples written as question records, and records read back."""

from unifiedqa_convert.encode import Parsed, parse, question_record, recovers
from unifiedqa_convert.profiles import Profile, collapse
from unifiedqa_convert.schema import Example, FreeText, MultipleChoice, Record
from unifiedqa_convert.service.items import Entry
from unifiedqa_convert.service.problems import item_problem
from unifiedqa_convert.service.wire import ExampleItem, RecordItem


def encoded(place: int, item: ExampleItem, profile: Profile) -> Entry:
    """The item's record, and whether it reads back; its problem where it contradicts itself."""
    example = _example(item)
    if isinstance(example, tuple):
        return item_problem("invalid", place, *example)
    record = question_record(example, profile)
    return {**record._asdict(), "recovers": recovers(example, record, profile)}


def parsed(item: RecordItem, profile: Profile) -> Entry:
    """What the record says."""
    found: Parsed = parse(Record(item.input, item.output), profile)
    return {
        "question": found.question,
        "choices": list(found.choices),
        "golds": None if found.golds is None else list(found.golds),
        "context": found.context,
        "answer": found.answer,
    }


def _example(item: ExampleItem) -> Example | tuple[str, str]:
    """The example; or the field that is wrong, and why."""
    if not item.choices:
        if item.golds:
            return "golds", "positions of choices, but there are no choices"
        answers = None if item.answer is None else (item.answer,)
        return FreeText(question=item.question, context=item.context, answers=answers)
    count = len(item.choices)
    golds = item.golds
    if golds is not None and (not golds or not all(0 <= gold < count for gold in golds)):
        return "golds", f"positions from 0 to {count - 1}, one at least; null where unknown"
    if item.answer is not None and (
        golds is None or collapse(item.answer) != collapse(item.choices[golds[0]])
    ):
        return "answer", "not the gold's text; a question with choices has golds instead"
    return MultipleChoice(
        question=item.question,
        context=item.context,
        choices=tuple(item.choices),
        golds=None if golds is None else tuple(sorted(set(golds))),
    )
