"""What an adapter promises: its facts, its samples' folders, its purity."""

import ast
import inspect
import re
import sys
from collections.abc import Iterator
from importlib.util import resolve_name
from typing import get_args

from unifiedqa_convert import schema
from unifiedqa_convert.contract.mutations import closed
from unifiedqa_convert.contract.sample import chunk_of, samples
from unifiedqa_convert.datasets.listing import canonical_split
from unifiedqa_convert.datasets.names import meanings
from unifiedqa_convert.datasets.registry import catalogue
from unifiedqa_convert.datasets.sources import sample_folder
from unifiedqa_convert.schema import Adapter, MultipleChoice, YesNo

LONGEST_EXAMPLES = 40
IMPURE = frozenset(
    "asyncio datetime glob http importlib io os pathlib random requests secrets shutil socket "
    "subprocess sys tempfile threading time urllib uuid".split()
)
IMPURE_CALLS = frozenset("__import__ eval exec input open print".split())


def facts_are_stated(adapter: Adapter) -> Iterator[str]:
    """Name, version, verification, license, citation and homepage are stated and well-formed."""
    source = adapter.source
    kept = {
        f"name {adapter.name!r} may only contain a-z, 0-9 and _": re.fullmatch(
            "[a-z0-9_]+", adapter.name
        ),
        f"version {adapter.version!r} is not a whole number of at least 1": type(adapter.version)
        is int
        and adapter.version >= 1,
        "the class has no docstring": (type(adapter).__doc__ or "").strip(),
        f"partition {adapter.partition!r} is unknown": adapter.partition
        in get_args(schema.Partition),
        f"verified {adapter.verified!r} is unknown": adapter.verified in get_args(schema.Verified),
        "source.license is empty": source.license.strip(),
        "source.citation is empty": source.citation.strip(),
        "source.homepage is not an https:// address": source.homepage.startswith("https://"),
    }
    yield from (message for message, fact in kept.items() if not fact)


def other_names_are_its_own(adapter: Adapter) -> Iterator[str]:
    """An alias is plain (``[a-z0-9_]+``, or a hub id), no dataset's name, and no other's alias.

    A name that may mean something else belongs to ``unclear``, with the other meaning.
    """
    adapters = {**catalogue().adapters, adapter.name: adapter}
    for alias in (*adapter.aliases, *adapter.unclear):
        if not re.fullmatch(r"[a-z0-9_]+(/[a-z0-9_.]+)?(:[a-z0-9_.]+)?", alias):
            yield f"alias {alias!r} may only contain a-z, 0-9 and _, unless it is a hub id"
        if alias in adapters:
            yield f"alias {alias!r} is a dataset's name"
        elif (meant := meanings(alias, adapters)) != ((adapter.name,), ()):
            if alias in adapter.aliases:
                yield f"alias {alias!r} can mean {' or '.join((*meant.datasets, *meant.elsewhere))}"
        elif alias in adapter.unclear:
            yield f"unclear: {alias!r} names no other meaning than {adapter.name}"


def pins_are_whole(adapter: Adapter) -> Iterator[str]:
    """A commit or git blob is 40 hex digits, a sha256 64: a shortened one would pin nothing.

    A commit has its evidence, and what a repository has are the dataset's splits.
    """
    for it in adapter.source.repositories:
        if not re.fullmatch(r"[\w.-]+/[\w.-]+", it.name):
            yield f"repository {it.name!r} is not owner/name"
        if it.commit is not None and not it.evidence:
            yield f"{it.name}: no evidence for its commit"
        for split in sorted({*it.files, *(it.splits or ())} - {*adapter.source.splits}):
            yield f"{it.name}: {adapter.name} has no split {split!r}"
    for what, value in _hashes(adapter):
        digits = 40 if what in ("commit", "git_blob") else 64
        if value is not None and not re.fullmatch(f"[0-9a-f]{{{digits}}}", value):
            yield f"{what} {value!r} is not {digits} hex digits"


def _hashes(adapter: Adapter) -> Iterator[tuple[str, str | None]]:
    """Every commit and hash that the adapter states."""
    for it in adapter.source.repositories:
        yield "commit", it.commit
        for file in (file for files in it.files.values() for file in files):
            yield "sha256", file.sha256
            yield "git_blob", file.git_blob
    yield from (("digest", split.digest) for split in adapter.source.splits.values())


def fields_say_where_they_go(adapter: Adapter) -> Iterator[str]:
    """Every shape has a docstring, every field a description: `uqa show` prints them."""
    for shape in adapter.shapes:
        if not (shape.__doc__ or "").strip():
            yield f"{shape.__name__} has no docstring"
        for name, field in shape.model_fields.items():
            if not field.description:
                yield f"{shape.__name__}.{name} has no description"


def shapes_give_the_sources_splits(adapter: Adapter) -> Iterator[str]:
    """A shape's splits are the source's, each split has a shape, and no split is an alias."""
    known, given = set(adapter.source.splits), set[str]()
    for shape in adapter.shapes:
        splits = known if shape.splits is None else set(shape.splits)
        given |= splits
        yield from (f"{shape.__name__}: no split {name!r}" for name in sorted(splits - known))
    yield from (f"split {name!r} is in no shape" for name in sorted(known - given))
    for name in sorted(known):
        if canonical_split(name) != name:
            yield f"split {name!r} is an alias: name it {canonical_split(name)!r}"
    if not known:
        yield "source.splits is empty"


def every_shape_and_only_they_have_a_sample(adapter: Adapter) -> Iterator[str]:
    """Each shape has a sample, for offline use and for this contract, and no file is unused."""
    folder, shapes = sample_folder(adapter), {shape.shape for shape in adapter.shapes}
    files = [path for path in folder.glob("*/*") if not path.name.startswith(".")]
    read = {path for sample in samples(adapter) for path in sample.all_files}
    for name in sorted(shapes - {path.parent.name for path in read}):
        yield f"{folder / name} has no file of rows named for a split"
    for path in folder.iterdir() if folder.is_dir() else ():
        if path.name not in shapes and not path.name.startswith("."):
            yield f"{path} is not named for a shape"
    for path in sorted(set(files) - read):
        yield f"{path} is not named for a split"


def samples_show_each_answer(adapter: Adapter) -> Iterator[str]:
    """The samples have each answer, and none nearly always: a label's wrong base would not be seen,
    nor that the gold's place is fixed in the source (``order_matters=False``).
    """
    every = [item.example for sample in samples(adapter) for item in chunk_of(sample).converted]
    yes_no = {e.answer for e in every if isinstance(e, YesNo) and e.answer is not None}
    if len(yes_no) == 1:
        yield f"all yes/no examples of its samples have the same answer {yes_no}"
    known = [e for e in every if isinstance(e, MultipleChoice) and e.golds and e.order_matters]
    golds = [(e.golds[0], e.golds[-1] - len(e.choices)) for e in known if e.golds]
    places = {gold for e in known for gold in e.golds or ()}
    most = max((len(e.choices) for e in known), default=0)
    labels = {str(v) for shape in adapter.shapes for _, allowed in closed(shape) for v in allowed}
    # A label that is its choice's text can have no wrong base.
    if len(places) == 1 or not {choice for e in known for choice in e.choices} <= labels:
        missing = [str(place) for place in range(most) if place not in places]
        if missing:
            yield f"no example of its samples has the gold {' or '.join(missing)}, counted from 0"
    for side, fixed in enumerate((0, -1)):
        there = sum(gold[side] == fixed for gold in golds)
        # Of three rows with two choices each, two are always at one place.
        if len(places) > 1 and len(golds) > 2 and there >= len(golds) - (len(golds) > 3):
            where = "first" if fixed == 0 else "last"
            yield f"the gold is {where} in {there} of {len(golds)} examples: is its place fixed?"


def examples_is_short(adapter: Adapter) -> Iterator[str]:
    """``examples`` has at most 40 lines, so that it is quick to review."""
    lines, _ = inspect.getsourcelines(type(adapter).examples)
    if len(lines) > LONGEST_EXAMPLES:
        yield f"examples has {len(lines)} lines, more than {LONGEST_EXAMPLES}"


def a_dataset_is_pure(adapter: Adapter) -> Iterator[str]:
    """No file, network, clock or randomness: the adapter's module, and those of its package that it
    imports, import no such library; of unifiedqa_convert they import only the schema.
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
