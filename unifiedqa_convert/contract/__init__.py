"""The contract: what every adapter promises, as plain functions that need no test framework.

A promise takes an adapter, or one embedded sample of it, and yields a message for each violation;
its docstring says what is promised and why.

    python -m unifiedqa_convert.contract [DATASET …] [--goldens FOLDER [--update-goldens]] [--json]

checks every installed adapter, also those of other packages; tests/contract/test_contract.py calls
the same functions. Prints one line per breach on stdout; the exit code is 4 if there is one.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from unifiedqa_convert.contract.adapter_promises import (
    a_dataset_is_pure,
    every_shape_and_only_they_have_a_sample,
    examples_is_short,
    facts_are_stated,
    fields_say_where_they_go,
    other_names_are_its_own,
    pins_are_whole,
    samples_show_each_answer,
    shapes_give_the_sources_splits,
)
from unifiedqa_convert.contract.field_promises import (
    texts_are_what_they_are_called,
    unused_fields_change_nothing,
    used_fields_change_something,
)
from unifiedqa_convert.contract.goldens import (
    goldens_have_their_sample,
    samples_become_their_goldens,
)
from unifiedqa_convert.contract.label_promises import (
    every_label_gives_a_gold,
    hidden_answers_are_kept,
    labels_mean_what_they_say,
)
from unifiedqa_convert.contract.sample import Sample as Sample
from unifiedqa_convert.contract.sample import samples as samples
from unifiedqa_convert.contract.sample_promises import (
    a_labelled_split_has_labels,
    another_process_agrees,
    every_row_is_used,
    examples_are_pure,
    given_sentences_are_sentences,
    golds_are_positions,
    labels_stay_out_of_the_question,
    missing_fields_are_named,
    no_field_is_guessed,
    own_ids_say_nothing,
    quoted_answers_are_told,
    records_are_one_line,
    records_parse_back_or_are_flagged,
    references_are_answers,
    rows_are_strict_and_frozen,
    the_sample_has_the_shape_of_its_folder,
    unknown_keys_change_nothing,
    unknown_labels_are_refused,
    written_ids_are_unique_and_say_nothing,
)
from unifiedqa_convert.schema import Adapter

Promise = Callable[[Any], Iterator[str]]


class Breach(NamedTuple):
    """One violation of a promise."""

    adapter: str
    promise: str
    message: str
    sample: str | None = None
    failed: bool = False
    """The adapter raised an exception, so that the promise could not be asked."""


class Case(NamedTuple):
    """One promise, to check for one adapter or sample."""

    adapter: str
    sample: str | None
    promise: str
    broken: Callable[[], Iterator[str]]

    def __str__(self) -> str:
        return f"{self.sample or self.adapter}-{self.promise}"


OF_ADAPTER: tuple[Promise, ...] = (
    facts_are_stated,
    other_names_are_its_own,
    pins_are_whole,
    fields_say_where_they_go,
    shapes_give_the_sources_splits,
    every_shape_and_only_they_have_a_sample,
    samples_show_each_answer,
    examples_is_short,
    a_dataset_is_pure,
)
OF_SAMPLE: tuple[Promise, ...] = (
    the_sample_has_the_shape_of_its_folder,
    every_row_is_used,
    rows_are_strict_and_frozen,
    examples_are_pure,
    another_process_agrees,
    written_ids_are_unique_and_say_nothing,
    own_ids_say_nothing,
    golds_are_positions,
    references_are_answers,
    quoted_answers_are_told,
    a_labelled_split_has_labels,
    every_label_gives_a_gold,
    hidden_answers_are_kept,
    labels_mean_what_they_say,
    texts_are_what_they_are_called,
    unused_fields_change_nothing,
    used_fields_change_something,
    unknown_labels_are_refused,
    no_field_is_guessed,
    missing_fields_are_named,
    unknown_keys_change_nothing,
    labels_stay_out_of_the_question,
    records_parse_back_or_are_flagged,
    records_are_one_line,
    given_sentences_are_sentences,
)
PROMISES = (*OF_ADAPTER, *OF_SAMPLE)


def cases(adapter: Adapter, goldens: Path | None = None, update: bool = False) -> Iterator[Case]:
    """Every promise for the adapter and each sample; with ``goldens``, also those of goldens."""
    of_adapter: list[tuple[str, Promise]] = [(p.__name__, p) for p in OF_ADAPTER]
    of_sample: list[tuple[str, Promise]] = [(p.__name__, p) for p in OF_SAMPLE]
    if goldens is not None:
        stale, became = goldens_have_their_sample, samples_become_their_goldens
        of_adapter.append((stale.__name__, partial(stale, goldens)))
        of_sample.append((became.__name__, partial(became, goldens, update)))
    for name, promise in of_adapter:
        yield Case(adapter.name, None, name, partial(promise, adapter))
    for sample in samples(adapter):
        for name, promise in of_sample:
            yield Case(adapter.name, str(sample), name, partial(promise, sample))


def breaches(case: Case) -> list[Breach]:
    """The violations of the case's promise; an exception of the adapter is one."""
    try:
        messages = list(case.broken())
    except Exception as error:  # noqa: BLE001 (another package's adapter may raise anything)
        message = f"{type(error).__name__}: {error}"
        return [Breach(case.adapter, case.promise, message, case.sample, failed=True)]
    return [Breach(case.adapter, case.promise, message, case.sample) for message in messages]


_FOLLOWS: dict[str, tuple[Promise, ...]] = {
    "samples_show_each_answer": (
        golds_are_positions,
        every_label_gives_a_gold,
        hidden_answers_are_kept,
        labels_mean_what_they_say,
        no_field_is_guessed,
        every_row_is_used,
        examples_are_pure,
    ),
    "used_fields_change_something": (
        samples_show_each_answer,
        every_row_is_used,
        examples_are_pure,
        golds_are_positions,
        every_label_gives_a_gold,
        hidden_answers_are_kept,
        labels_mean_what_they_say,
        texts_are_what_they_are_called,
        unused_fields_change_nothing,
        no_field_is_guessed,
    ),
    "references_are_answers": (used_fields_change_something, every_row_is_used),
    "own_ids_say_nothing": (labels_stay_out_of_the_question, unused_fields_change_nothing),
    "texts_are_what_they_are_called": (labels_mean_what_they_say, examples_are_pure),
    "every_label_gives_a_gold": (golds_are_positions, every_row_is_used),
    "a_labelled_split_has_labels": (golds_are_positions, every_row_is_used),
    "hidden_answers_are_kept": (every_row_is_used, unknown_labels_are_refused),
    "labels_mean_what_they_say": (examples_are_pure,),
    "labels_stay_out_of_the_question": (examples_are_pure, unused_fields_change_nothing),
    "unknown_keys_change_nothing": (examples_are_pure,),
}
"""A promise that is broken as well where one of these is."""


def told_once(found: Sequence[Breach]) -> list[Breach]:
    """The breaches without those of a cause that an earlier one tells.

    A promise tells a field, or what else its message begins with, for the first row; another
    shape's field that breaks the same promise is told with it. An adapter that fails on its sample
    tells that and nothing else of its samples.
    """
    broken = {(b.adapter, b.promise) for b in found}
    failed = {b.adapter for b in found if b.failed}
    told, seen = list[Breach](), set[tuple[str, ...]]()
    for b in found:
        if any((b.adapter, root.__name__) in broken for root in _FOLLOWS.get(b.promise, ())):
            continue
        if b.adapter in failed and (b.failed or b.sample is not None):
            key: tuple[str, ...] = (b.adapter, "failed")
            if not b.failed:
                continue
        elif b.sample is None:
            key = (b.adapter, b.promise, b.message)
        else:
            subject = re.sub(r"\d+", "#", b.message.partition(" ")[0])
            split = b.sample.rpartition("/")[2]
            key = (b.adapter, b.promise, subject.replace(f"-{split}-", "-"))
        if key in seen:
            continue
        seen.add(key)
        shape = _shape(b)
        same = [
            at for at, it in enumerate(told) if it[:2] == b[:2] and _shape(it) not in ("", shape)
        ]
        if shape and same:
            also = f"; in {shape}, also {b.message.partition(' ')[0].rstrip(':')}"
            told[same[0]] = told[same[0]]._replace(message=told[same[0]].message + also)
        else:
            told.append(b)
    return told


def _shape(breach: Breach) -> str:
    return breach.sample.split("/")[1] if breach.sample else ""
