"""What every adapter promises, as plain functions: no test framework is needed to ask.

A promise takes an adapter, or one embedded sample of it, and yields a message for each way it is
broken; its docstring says what is promised and why.

    python -m unifiedqa_convert.contract [DATASET …] [--goldens FOLDER [--update-goldens]] [--json]

asks every installed adapter, a stranger's like ours; tests/test_contract.py asks through the same
functions. One line per breach on stdout; exit 0, or 4 where a promise is broken.

Over 300 lines: the promises are read together. Their tools, below, could move out.
"""

import argparse
import ast
import copy
import inspect
import json
import os
import re
import subprocess
import sys
import types
from collections import defaultdict
from collections.abc import Callable, Iterator
from functools import cache, partial
from hashlib import sha256
from importlib.util import resolve_name
from itertools import zip_longest
from pathlib import Path
from typing import (
    Annotated,
    Any,
    Literal,
    NamedTuple,
    Union,
    cast,
    get_args,
    get_origin,
    get_type_hints,
)

from pydantic import BaseModel, ValidationError
from typing_extensions import is_typeddict

from unifiedqa_convert import schema
from unifiedqa_convert.chunk import Chunk, convert_chunk
from unifiedqa_convert.encode import arrange, parse, question_record, recovers
from unifiedqa_convert.errors import UqaError, UsageError
from unifiedqa_convert.joined import complete
from unifiedqa_convert.numbered import Numbered
from unifiedqa_convert.profiles import PROFILES
from unifiedqa_convert.registry import catalogue, load_adapter
from unifiedqa_convert.rows import typed_rows, wrong_field
from unifiedqa_convert.schema import (
    Adapter,
    Converted,
    Example,
    FieldError,
    MultipleChoice,
    NotAnExample,
    YesNo,
)
from unifiedqa_convert.shapes import raw_names, required, shape_of
from unifiedqa_convert.sources import canonical_split, sample_folder

CANONICAL = PROFILES["canonical"]
LONGEST_EXAMPLES = 40
UNKNOWN_WORD, UNKNOWN_NUMBER = "zqxjk", 987_654_321
"""What no dataset defines: a label that accepts it guesses."""
IMPURE = frozenset(
    "asyncio datetime glob http importlib io os pathlib random requests secrets shutil socket "
    "subprocess sys tempfile threading time urllib uuid".split()
)
IMPURE_CALLS = frozenset("__import__ eval exec input open print".split())

Promise = Callable[[Any], Iterator[str]]
Place = tuple[str | int, ...]
"""Where a value lies in a raw record: keys, and 0 for a list's first."""


class Breach(NamedTuple):
    """A promise that was not kept."""

    adapter: str
    promise: str
    message: str
    sample: str | None = None


class Sample(NamedTuple):
    """The embedded rows of one split in one raw shape."""

    adapter: Adapter
    shape: type[schema.Row]
    split: str

    def __str__(self) -> str:
        return f"{self.adapter.name}/{self.shape.shape}/{self.split}"

    @property
    def files(self) -> tuple[Path, ...]:
        """Its rows' files; labels beside them not counted."""
        folder = sample_folder(self.adapter) / self.shape.shape
        return tuple(sorted(folder.glob(f"{self.split}.*")))

    @property
    def all_files(self) -> tuple[Path, ...]:
        """Its rows' files with the labels' files that lie beside them."""
        return complete(self.adapter, self.split, self.files)


class Refused(NamedTuple):
    """A raw record the adapter does not accept; no field where it failed instead of refusing."""

    field: str
    reason: str


class Case(NamedTuple):
    """One promise, asked of one adapter or sample."""

    adapter: str
    sample: str | None
    promise: str
    broken: Callable[[], Iterator[str]]

    def __str__(self) -> str:
        return f"{self.sample or self.adapter}-{self.promise}"


# --- promises of an adapter -------------------------------------------------------------------


def facts_are_stated(adapter: Adapter) -> Iterator[str]:
    """Name, version, proof, license, citation, homepage: what a user trusts and cites it by."""
    source = adapter.source
    kept = {
        f"name {adapter.name!r} is not of a-z, 0-9 and _": re.fullmatch("[a-z0-9_]+", adapter.name),
        f"version {adapter.version!r} is no whole number from 1 on": type(adapter.version) is int
        and adapter.version >= 1,
        "the class has no docstring": (type(adapter).__doc__ or "").strip(),
        f"partition {adapter.partition!r} is unknown": adapter.partition
        in get_args(schema.Partition),
        f"verified {adapter.verified!r} is unknown": adapter.verified in get_args(schema.Verified),
        "source.license is empty": source.license.strip(),
        "source.citation is empty": source.citation.strip(),
        "source.homepage is no https:// address": source.homepage.startswith("https://"),
    }
    yield from (message for message, fact in kept.items() if not fact)


def pins_are_whole(adapter: Adapter) -> Iterator[str]:
    """A revision is 40 hex digits, a hash 64, or None: a shortened or invented one pins nothing."""
    source = adapter.source
    if source.revision is not None and not re.fullmatch("[0-9a-f]{40}", source.revision):
        yield f"revision {source.revision!r} is not 40 hex digits"
    for name, split in source.splits.items():
        if split.sha256 is not None and not re.fullmatch("[0-9a-f]{64}", split.sha256):
            yield f"{name}: sha256 {split.sha256!r} is not 64 hex digits"
        if split.file is not None and source.hub is None:
            yield f"{name}: a hub file, but no hub"


def fields_say_where_they_go(adapter: Adapter) -> Iterator[str]:
    """Every shape has a docstring, every field a description: `uqa show` prints them."""
    for shape in adapter.shapes:
        if not (shape.__doc__ or "").strip():
            yield f"{shape.__name__} has no docstring"
        for name, field in shape.model_fields.items():
            if not field.description:
                yield f"{shape.__name__}.{name} has no description"


def shapes_give_the_sources_splits(adapter: Adapter) -> Iterator[str]:
    """A shape's splits are the source's, each split has a shape, and `--split` can name it."""
    known, given = set(adapter.source.splits), set[str]()
    for shape in adapter.shapes:
        splits = known if shape.splits is None else set(shape.splits)
        given |= splits
        yield from (f"{shape.__name__}: no split {name!r}" for name in sorted(splits - known))
    yield from (f"split {name!r} is in no shape" for name in sorted(known - given))
    for name in sorted(known):
        if canonical_split(name) != name:
            yield f"split {name!r} is called {canonical_split(name)!r} here"
    if not known:
        yield "there is no split"


def every_shape_and_only_they_have_a_sample(adapter: Adapter) -> Iterator[str]:
    """The sample is the offline default and what all else is asked of; a stray file is unread."""
    folder, shapes = sample_folder(adapter), {shape.shape for shape in adapter.shapes}
    files = [path for path in folder.glob("*/*") if not path.name.startswith(".")]
    read = {path for sample in samples(adapter) for path in sample.all_files}
    for name in sorted(shapes - {path.parent.name for path in read}):
        yield f"no rows of a split in {folder / name}"
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name not in shapes and not path.name.startswith("."):
            yield f"{path} is no shape's folder"
    for path in sorted(set(files) - read):
        yield f"{path} is no split's file"


def samples_show_more_than_one_answer(adapter: Adapter) -> Iterator[str]:
    """Where every gold is the first choice, nobody sees that a label was counted from 0, not 1."""
    examples = [item.example for sample in samples(adapter) for item in _chunk(sample).converted]
    fixed = [e for e in examples if isinstance(e, MultipleChoice) and not e.order_matters]
    golds = [gold for e in examples if e not in fixed and (gold := _gold(e)) is not None]
    if golds and len(set(golds)) == 1:
        yield f"all {len(golds)} labelled examples of its samples have the answer {golds[0]}"


def examples_is_short(adapter: Adapter) -> Iterator[str]:
    """At most 40 lines, so that a reader checks a dataset in a minute."""
    lines, _ = inspect.getsourcelines(type(adapter).examples)
    if len(lines) > LONGEST_EXAMPLES:
        yield f"examples has {len(lines)} lines, more than {LONGEST_EXAMPLES}"


def a_dataset_is_pure(adapter: Adapter) -> Iterator[str]:
    """No file, network, clock or randomness: its module, and those of its package that this one
    imports, never even import them; of unifiedqa_convert they know the schema alone.
    """
    for module, tree in _own_modules(adapter).items():
        for name in _imports(module, tree):
            ours = name.split(".")[0] == "unifiedqa_convert"
            if name.split(".")[0] in IMPURE or (ours and name.split(".")[1:2] != ["schema"]):
                yield f"{module} imports {name}"
        for node in ast.walk(tree):
            called = node.func if isinstance(node, ast.Call) else None
            if isinstance(called, ast.Name) and called.id in IMPURE_CALLS:
                yield f"{module} calls {called.id}, line {called.lineno}"


# --- promises of a sample ---------------------------------------------------------------------


def the_sample_has_the_shape_of_its_folder(sample: Sample) -> Iterator[str]:
    """A file is recognised by its fields; where two shapes share them, the order of both counts."""
    for path in sample.files:
        found = shape_of(sample.adapter, sample.split, path)
        if found is not sample.shape:
            yield f"{path.name} is taken for the shape {found.shape}"


def every_row_is_used(sample: Sample) -> Iterator[str]:
    """No sample row is rejected, and they give examples: rows that vanish are not noticed."""
    chunk = _chunk(sample)
    for reject in chunk.rejects:
        yield f"row {reject['row']} is rejected: field {reject['field']}: {reject['reason']}"
    if not chunk.converted:
        yield "no row gives an example"


def rows_are_strict_and_frozen(sample: Sample) -> Iterator[str]:
    """A row is what its authors published: "1" is not 1, and nothing may write to it."""
    for option in ("strict", "frozen"):
        if not sample.shape.model_config.get(option):
            yield f"{sample.shape.__name__}.model_config has no {option}=True"
    for _, row in _rows(sample)[:1]:
        for name in sample.shape.model_fields:
            try:
                setattr(row, name, getattr(row, name))
            except ValidationError:
                continue
            yield f"{sample.shape.__name__}.{name} can be written"


def examples_are_pure(sample: Sample) -> Iterator[str]:
    """The same row gives the same examples, twice and in any order, and is left as it was."""
    rows = [row for _, row in _rows(sample)]
    before = [row.model_dump() for row in rows]
    there = [_examples(sample, row) for row in rows]
    back = [_examples(sample, row) for row in reversed(rows)][::-1]
    for number, (one, two) in enumerate(zip(there, back, strict=True)):
        if one != two:
            yield f"row {number} gives {one}, then {two}"
    if [row.model_dump() for row in rows] != before:
        yield "examples changes its row"


def another_process_agrees(sample: Sample) -> Iterator[str]:
    """With another PYTHONHASHSEED the same bytes: an order taken from a set differs by process."""
    theirs = _elsewhere().get(str(sample), "no such sample: is the package installed?")
    if theirs != _fingerprint(sample):
        yield f"another process makes something else of it ({theirs})"


def written_ids_are_unique_and_say_nothing(sample: Sample) -> Iterator[str]:
    """An id is dataset, split and row number: joinable, never doubled, blind to the answer."""
    ids = [item.id for item in _chunk(sample).converted]
    if len(set(ids)) != len(ids):
        yield "an id stands twice"
    form = re.compile(rf"{re.escape(sample.adapter.name)}-{re.escape(sample.split)}-\d+(\.\d+)?")
    yield from (f"the id {name} has another form" for name in ids if not form.fullmatch(name))


def own_ids_say_nothing(sample: Sample) -> Iterator[str]:
    """No part of the rows' own ids is or decides the answer (WinoGrande's end does): such an id
    trains a model to read it. Leave ``id`` None then.
    """
    known = [
        (re.split("[^0-9a-z]+", e.id.casefold()), gold, _names(e))
        for e in (item.example for item in _chunk(sample).converted)
        if e.id is not None and (gold := _gold(e)) is not None
    ]
    if len({gold for _, gold, _ in known}) < 2:
        return
    for place in range(min(len(parts) for parts, _, _ in known)):
        for step in (place, -1 - place):
            golds = defaultdict(list)
            for parts, gold, _ in known:
                golds[parts[step]].append(gold)
            # Parts that stand once decide nothing: they are numbers or hashes.
            if len(golds) > 1 and all(len(g) > 1 and len(set(g)) == 1 for g in golds.values()):
                yield f"part {step} of the id decides the answer in all {len(known)} examples"
    for names in zip(*(names for _, _, names in known), strict=False) if len(known) > 2 else ():
        if all(name in parts for name, (parts, _, _) in zip(names, known, strict=True)):
            yield f"the ids hold the answers: {', '.join(names[:3])} …"


def golds_are_positions(sample: Sample) -> Iterator[str]:
    """Gold is ascending positions without repeats; where the answer is hidden it is None, for an
    empty gold would make every statement false.
    """
    for item in _chunk(sample).converted:
        example = item.example
        if isinstance(example, MultipleChoice) and example.golds is not None:
            golds = list(example.golds)
            fine = golds == sorted({g for g in golds if 0 <= g < len(example.choices)})
            if not golds or not fine:
                yield f"{item.id}: golds {example.golds} of {len(example.choices)} choices"


def a_labelled_split_has_labels(sample: Sample) -> Iterator[str]:
    """A split is ``labelled`` or its answers are hidden: else training finds no label at all."""
    outputs = [item.question.output for item in _chunk(sample).converted]
    if sample.adapter.source.splits[sample.split].labelled and not any(outputs):
        yield "the split is labelled, but no example of its sample has an answer"


def unknown_labels_are_refused(sample: Sample) -> Iterator[str]:
    """A closed field (Literal, bool) takes its own values alone, of its own type, and the error
    names the field: a label of another base or file must not become a guess.
    """
    for place, allowed in _closed(sample.shape):
        strange: list[Any] = [UNKNOWN_WORD, UNKNOWN_NUMBER]
        strange += [int(v) if isinstance(v, str) else str(v) for v in allowed if str(v).isdigit()]
        for value in (v for v in strange if v not in allowed):
            for raw, _ in _rows(sample):
                if (broken := _with(raw, place, value)) is not None:
                    yield from _not_named(sample, broken, place, f"{value!r}")


def no_field_is_guessed(sample: Sample) -> Iterator[str]:
    """Whatever a field of text or numbers holds, it is refused with a field's name, or shown in
    the example; it never settles the answer by an ``else`` and never ends the whole run.
    """
    for place, kind in _leaves(sample.shape):
        value = {str: UNKNOWN_WORD, int: UNKNOWN_NUMBER}.get(kind)
        for raw, _ in _rows(sample) if value else ():
            if (broken := _with(raw, place, value)) is None:
                continue
            before, after = _meaning(sample, raw), _meaning(sample, broken)
            if isinstance(after, Refused):
                if not after.field:
                    yield f"{_dotted(place)} = {value!r} {after.reason}"
            elif isinstance(before, list) and after:  # a row that is skipped settles nothing
                shown = str(value) in str(after).casefold()
                if not shown and [_gold(e) for e in before] != [_gold(e) for e in after]:
                    yield f"{_dotted(place)} = {value!r} is unknown, and settles the answer"


def missing_fields_are_named(sample: Sample) -> Iterator[str]:
    """A required field that is null or absent is rejected by its raw name, as the file has it."""
    for name in required(sample.shape):
        place = tuple(name.split("."))
        for raw, _ in _rows(sample)[:1]:
            for value in (None, _ABSENT):
                broken = _with(raw, place, value)
                assert broken is not None, f"{name} is not in the sample's first row"
                yield from _not_named(sample, broken, place, "null" if value is None else "absent")


def unknown_keys_change_nothing(sample: Sample) -> Iterator[str]:
    """Mirrors and later releases add columns; keys the shape does not name are left alone."""
    for raw, _ in _rows(sample):
        if _meaning(sample, {**raw, "zqxjk": ["anything"]}) != _meaning(sample, raw):
            yield f"the row {raw} changes by a key its shape does not name"


def labels_stay_out_of_the_question(sample: Sample) -> Iterator[str]:
    """Where another label gives another answer, question, choices, context and own id stay."""
    for place, allowed in _closed(sample.shape):
        for raw, value in ((raw, value) for raw, _ in _rows(sample) for value in allowed):
            one, two = _meaning(sample, raw), _meaning(sample, _with(raw, place, value) or raw)
            if not isinstance(one, list) or not isinstance(two, list):
                continue
            for a, b in zip(one, two, strict=False):
                if _gold(a) != _gold(b) and _asked(a) != _asked(b):
                    yield f"{_dotted(place)} decides the answer and shows in {_asked(b)}"


def records_parse_back_or_are_flagged(sample: Sample) -> Iterator[str]:
    """``parse`` gives the example back, or the record says that it can't."""
    for item in _chunk(sample).converted:
        back = recovers(item.example, item.question, CANONICAL)
        if back == ("ambiguous-record" in item.flags):
            yield f"{item.id} {'is' if back else 'is not'} recovered, its flags: {item.flags}"
        choices = len(item.example.choices) if isinstance(item.example, MultipleChoice) else 0
        if back and len(parse(item.question, CANONICAL).choices) != choices:
            yield f"{item.id} has other choices when parsed"


def records_are_one_line(sample: Sample) -> Iterator[str]:
    """No tab or line end in a record, and something to read: one record is one line of a TSV."""
    for item in _chunk(sample).converted:
        for record in (item.question, *item.declaratives):
            for text in (record.input, record.output or ""):
                if "\t" in text or text.splitlines() not in ([], [text]):
                    yield f"{item.id} has a tab or a line end: {text!r}"
            if not record.input.strip():
                yield f"{item.id} has an empty input"


def given_sentences_are_sentences(sample: Sample) -> Iterator[str]:
    """A statement begins with a capital, a digit or a mark, ends with a stop, is spaced singly."""
    for item in _chunk(sample).converted:
        for sentence in (statement.sentence for statement in item.statements):
            if not re.fullmatch(r"[^\W_a-z].*[.!]['\")]*", sentence) or "  " in sentence:
                yield f"{item.id}: {sentence!r} is not a sentence"


OF_ADAPTER: tuple[Promise, ...] = (
    facts_are_stated,
    pins_are_whole,
    fields_say_where_they_go,
    shapes_give_the_sources_splits,
    every_shape_and_only_they_have_a_sample,
    samples_show_more_than_one_answer,
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
    a_labelled_split_has_labels,
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


# --- golden files -----------------------------------------------------------------------------


def samples_become_their_goldens(folder: Path, update: bool, sample: Sample) -> Iterator[str]:
    """What the samples become stands in a file that somebody has read."""
    golden = _golden(folder, sample)
    lines = _lines(_chunk(sample).converted)
    if update:
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text("\n".join(lines) + "\n", encoding="utf-8")
    # Split at \n alone: other line ends may stand inside a text.
    wanted = golden.read_text(encoding="utf-8").split("\n")[:-1] if golden.is_file() else []
    for number, (was, now) in enumerate(zip_longest(wanted, lines), start=1):
        if was != now:
            yield f"{golden} line {number}: {was} has become {now}"


def goldens_have_their_sample(folder: Path, adapter: Adapter) -> Iterator[str]:
    """A golden whose sample has gone checks nothing and looks as if it did."""
    wanted = {_golden(folder, sample) for sample in samples(adapter)}
    for path in sorted(set((folder / adapter.name).glob("*/*")) - wanted):
        yield f"{path} has no sample"


def _golden(folder: Path, sample: Sample) -> Path:
    return folder / sample.adapter.name / sample.shape.shape / f"{sample.split}.jsonl"


def _lines(converted: list[Converted]) -> list[str]:
    return [
        json.dumps(
            {
                "input": item.question.input,
                "output": item.question.output,
                "statements": [[s.sentence, s.label, s.masked] for s in item.statements],
                "flags": list(item.flags),
            },
            ensure_ascii=False,
        )
        for item in converted
    ]


# --- what they are asked of -------------------------------------------------------------------


def samples(adapter: Adapter) -> list[Sample]:
    """The embedded samples there are, by shape and split; none where these facts are missing."""
    if not (hasattr(adapter, "shapes") and hasattr(adapter, "source")):
        return []
    every = (Sample(adapter, shape, s) for shape in adapter.shapes for s in adapter.source.splits)
    return [sample for sample in every if sample.files]


def cases(adapter: Adapter, goldens: Path | None = None, update: bool = False) -> Iterator[Case]:
    """Every promise, asked of the adapter and of each sample; with ``goldens``, these too."""
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
    """How the case's promise is broken; an adapter that fails has broken it too."""
    try:
        messages = list(case.broken())
    except Exception as error:  # noqa: BLE001 (a stranger's adapter may fail in any way)
        messages = [f"{type(error).__name__}: {error}"]
    return [Breach(case.adapter, case.promise, message, case.sample) for message in messages]


# --- reading adapters and samples -------------------------------------------------------------


@cache
def _numbered(sample: Sample) -> list[Numbered]:
    return list(typed_rows(sample.adapter, sample.split, sample.all_files))


def _rows(sample: Sample) -> list[tuple[dict[str, Any], schema.Row]]:
    """Each row that was understood, raw and typed."""
    return [
        (numbered.raw, numbered.row)
        for numbered in _numbered(sample)
        if isinstance(numbered.raw, dict) and isinstance(numbered.row, schema.Row)
    ]


@cache
def _chunk(sample: Sample) -> Chunk:
    return convert_chunk(sample.adapter, sample.split, _numbered(sample), CANONICAL, None)


def _fingerprint(sample: Sample) -> str:
    try:
        chunk = convert_chunk(sample.adapter, sample.split, _numbered(sample), CANONICAL, None)
    except Exception as error:  # noqa: BLE001 (one adapter's failure is not the others')
        return repr(error)
    return sha256(repr((chunk.converted, chunk.rejects)).encode()).hexdigest()


@cache
def _elsewhere() -> dict[str, str]:
    """The fingerprint of every installed adapter's samples, taken by one other process."""
    seed = "1" if os.environ.get("PYTHONHASHSEED") == "0" else "0"
    done = subprocess.run(
        [sys.executable, "-m", "unifiedqa_convert.contract", "--fingerprints"],
        env={**os.environ, "PYTHONHASHSEED": seed},
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found: dict[str, str] = json.loads(done.stdout.splitlines()[-1])
    return found


def _own_modules(adapter: Adapter) -> dict[str, ast.AST]:
    """The adapter's module and those it imports from its own package, as syntax trees."""
    todo, found = [type(adapter).__module__], dict[str, ast.AST]()
    while todo:
        module = todo.pop()
        if module not in found and module in sys.modules:
            found[module] = ast.parse(inspect.getsource(sys.modules[module]))
            near = (n for n in _imports(module, found[module]) if n.startswith(_top(module)))
            todo += [part for name in near for part in (name, name.rpartition(".")[0])]
    return found


def _top(module: str) -> str:
    return module.split(".", 1)[0] + "."


def _imports(module: str, tree: ast.AST) -> Iterator[str]:
    package = sys.modules[module].__package__
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            origin = resolve_name("." * node.level + (node.module or ""), package)
            yield from (f"{origin}.{alias.name}" for alias in node.names)


# --- changing a raw record --------------------------------------------------------------------

_ABSENT = object()


def _leaves(kind: Any, place: Place = ()) -> Iterator[tuple[Place, Any]]:
    """The raw places a shape reads, nested ones too, each with its Python type."""
    if inspect.isclass(kind) and issubclass(kind, BaseModel):
        for name, raw in raw_names(cast("type[schema.Row]", kind)).items():
            yield from _leaves(kind.model_fields[name].annotation, (*place, *raw.split(".")))
    elif is_typeddict(kind):
        for name, inner in get_type_hints(kind, include_extras=True).items():
            yield from _leaves(inner, (*place, name))
    elif get_origin(kind) in (Union, types.UnionType):
        some = [each for each in get_args(kind) if each is not type(None)]
        yield from _leaves(some[0], place) if len(some) == 1 else ((place, kind),)
    elif get_origin(kind) is Annotated:
        yield from _leaves(get_args(kind)[0], place)
    elif get_origin(kind) in (list, tuple):
        yield from _leaves(get_args(kind)[0], (*place, 0))
    else:
        yield place, kind


def _closed(shape: type[schema.Row]) -> Iterator[tuple[Place, tuple[Any, ...]]]:
    """The places that take some values alone, with these values."""
    for place, kind in _leaves(shape):
        if get_origin(kind) is Literal or kind is bool:
            yield place, (True, False) if kind is bool else get_args(kind)


def _with(raw: dict[str, Any], place: Place, value: Any) -> dict[str, Any] | None:
    """A copy of the record with ``value`` at that place; None where the record has no such."""
    changed = copy.deepcopy(raw)
    inner: Any = changed
    *way, last = place
    try:
        for step in way:
            inner = inner[step]
        if isinstance(last, int) and not len(inner):
            return None
        if value is _ABSENT:
            del inner[last]
        else:
            inner[last] = value
    except (KeyError, IndexError, TypeError):
        return None
    return changed


def _meaning(sample: Sample, raw: dict[str, Any]) -> list[Example] | Refused:
    """What a raw record of the sample's shape becomes."""
    try:
        row = sample.shape.model_validate(raw)
    except ValidationError as error:
        return Refused(*wrong_field(error, sample.shape))
    try:
        return _examples(sample, row)
    except FieldError as error:
        return Refused(*wrong_field(error, sample.shape))
    except Exception as error:  # noqa: BLE001 (what the pipeline does not catch ends a run)
        return Refused("", f"raises {error!r}, which ends a run; FieldError rejects the row")


def _examples(sample: Sample, row: schema.Row) -> list[Example]:
    """None for a row that is no part of the dataset, as its adapter says."""
    try:
        return list(sample.adapter.examples(row))
    except NotAnExample:
        return []


def _not_named(sample: Sample, raw: dict[str, Any], place: Place, what: str) -> Iterator[str]:
    """A message unless the record is refused for the field at ``place``."""
    name = next(str(step) for step in reversed(place) if isinstance(step, str))
    meaning = _meaning(sample, raw)
    if not isinstance(meaning, Refused):
        yield f"{_dotted(place)}: {what} is accepted"
    elif name not in meaning.field.split("."):
        yield f"{_dotted(place)}: {what} is blamed on {meaning.field!r}: {meaning.reason}"


def _dotted(place: Place) -> str:
    return ".".join(map(str, place))


def _gold(example: Example) -> tuple[int, ...] | bool | None:
    """The closed answer; a free text's answer shows itself."""
    if isinstance(example, MultipleChoice):
        return example.golds
    return example.answer if isinstance(example, YesNo) else None


def _names(example: Example) -> tuple[str, ...]:
    """What an id could call the answer."""
    if isinstance(example, YesNo):
        return ("yes", "true", "1") if example.answer else ("no", "false", "0")
    if isinstance(example, MultipleChoice) and example.golds:
        gold = example.golds[0]
        return (str(gold), str(gold + 1), chr(ord("a") + gold), example.choices[gold].casefold())
    return ()


def _asked(example: Example) -> tuple[str | None, str]:
    """The own id, and the question record's input: all that may not show the label."""
    return example.id, question_record(arrange(example, CANONICAL), CANONICAL).input


# --- the command ------------------------------------------------------------------------------


def main(arguments: list[str] | None = None) -> int:
    """Run the contract; the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m unifiedqa_convert.contract",
        description="Whether the installed adapters keep what every adapter promises.",
    )
    parser.add_argument("datasets", nargs="*", metavar="DATASET", help="default: all installed")
    parser.add_argument("--goldens", type=Path, help="a folder of what the samples must become")
    parser.add_argument("--update-goldens", action="store_true", help="write them; then read them")
    parser.add_argument("--json", action="store_true", help="print JSON on stdout, for scripts")
    parser.add_argument("--fingerprints", action="store_true", help=argparse.SUPPRESS)
    asked = parser.parse_args(arguments)
    if asked.update_goldens and asked.goldens is None:
        parser.error("--update-goldens needs --goldens FOLDER")
    try:
        adapters = [load_adapter(name) for name in asked.datasets] or _installed()
    except UqaError as error:
        print(f"uqa: {error}", file=sys.stderr)
        return error.exit_code
    if asked.fingerprints:
        every = (sample for adapter in adapters for sample in samples(adapter))
        print(json.dumps({str(sample): _fingerprint(sample) for sample in every}))
        return 0
    plugins = [] if asked.datasets else catalogue().errors
    for plugin in plugins:
        print(f"uqa: {plugin}", file=sys.stderr)
    every_case = (c for a in adapters for c in cases(a, asked.goldens, asked.update_goldens))
    return _tell([breaches(case) for case in every_case], len(plugins), asked.json)


def _installed() -> list[Adapter]:
    adapters = list(catalogue().adapters.values())
    if not adapters:
        raise UsageError("no adapter is installed")
    return adapters


def _tell(results: list[list[Breach]], plugins: int, as_json: bool) -> int:
    """Print the breaches; the exit code. A plugin that is unusable counts as a failure."""
    found = [breach for result in results for breach in result]
    failed = sum(bool(result) for result in results) + plugins
    passed = sum(not result for result in results)
    if as_json:
        listed = [breach._asdict() for breach in found]
        print(json.dumps({"passed": passed, "failed": failed, "breaches": listed}, indent=2))
    else:
        for breach in found:
            where = breach.sample or breach.adapter
            print(f"{where}: {breach.promise}: {breach.message}")
        print(f"{passed} passed, {failed} failed", file=sys.stderr)
    return 4 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
