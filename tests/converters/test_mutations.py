"""A thousand seeded mutations of sample files: converted as before, rejected, or refused.

None turns a label into another valid one, so a record that still asks the same must have the same
output (of free text, a reference or a part of one), or, if its label went, none; and whatever is
wrong ends as a UqaError, never as a traceback.
"""

import json
import random
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from unifiedqa_convert.contract.sample import CANONICAL, Sample, chunk_of, samples
from unifiedqa_convert.conversion.chunk import convert_chunk
from unifiedqa_convert.datasets.registry import catalogue
from unifiedqa_convert.errors import UqaError
from unifiedqa_convert.rows.companion_files import with_companions
from unifiedqa_convert.rows.typed_rows import typed_rows
from unifiedqa_convert.schema import FreeText

SAMPLES = [sample for adapter in catalogue().adapters.values() for sample in samples(adapter)]
BATCHES, EACH = 20, 50
WRONG: tuple[Any, ...] = (999, "zqxjk", 1.5, [], {}, None, "", -7, [[1]], {"a": 1}, "\x00", True)


def places(value: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    """The way to every field of a record, also inside objects and lists."""
    inside = value.items() if isinstance(value, dict) else enumerate(value)
    found = []
    for key, inner in inside:
        found.append((*path, key))
        if isinstance(inner, dict | list):
            found += places(inner, (*path, key))
    return found


def change_record(record: Any, chance: random.Random) -> None:
    """Delete, rename or break one field; a text only loses its type, never becomes another one."""
    *way, last = chance.choice(places(record))
    holder = record
    for key in way:
        holder = holder[key]
    kind = chance.choice(["delete", "rename", "break", "spaces"])
    value = holder[last]
    if kind == "delete" or (kind == "rename" and isinstance(holder, list)):
        del holder[last]
    elif kind == "rename":
        holder[f"{last}_"] = holder.pop(last)
    elif kind == "spaces" and isinstance(value, str) and len(value) > 8:
        holder[last] = f"  {value}\u00a0 "
    else:
        broken = [it for it in WRONG if type(it) is not type(value)]
        # True is 1 to Python, and 1 may be a valid label.
        holder[last] = chance.choice([it for it in broken if it is not True or value is not False])


def change_json(path: Path, chance: random.Random) -> None:
    text = path.read_text(encoding="utf-8-sig")
    try:
        rows, whole = [json.loads(line) for line in text.split("\n") if line.strip()], False
    except json.JSONDecodeError:  # one array, or one object, over several lines
        rows, whole = json.loads(text), True
    record = chance.choice(rows) if isinstance(rows, list) else rows
    if isinstance(record, dict) and record:
        change_record(record, chance)
    path.write_text(json.dumps(rows) if whole else "\n".join(map(json.dumps, rows)) + "\n")


def change_lines(path: Path, chance: random.Random) -> None:
    """Delete, repeat, cut or damage a line of a table, of XML or of labels."""
    lines = path.read_bytes().split(b"\n")
    place = chance.randrange(len(lines))
    line = lines[place]
    kind = chance.choice(["delete", "repeat", "cut", "byte", "junk", "longer"])
    changed = {
        "delete": [],
        "repeat": [line, line],
        "cut": [line[: len(line) // 2]],
        "byte": [line[: len(line) // 2] + b"\xff" + line[len(line) // 2 :]],
        "junk": [b"zqxjk", line],
        "longer": [line + b"\tzqxjk,zqxjk"],
    }
    lines[place : place + 1] = changed[kind]
    path.write_bytes(b"\n".join(lines))


def mutated(sample: Sample, chance: random.Random, folder: Path) -> tuple[Path, ...]:
    """Copies of the sample's files, one of them changed."""
    shutil.copytree(sample.files[0].parent, folder)
    files = [folder / path.name for path in sample.all_files]
    path = chance.choice(files)
    change: Callable[[Path, random.Random], None] = change_lines
    if path.suffix in (".json", ".jsonl") and chance.random() < 0.8:
        change = change_json
    change(path, chance)
    return tuple(folder / path.name for path in sample.files)


@pytest.mark.parametrize("batch", range(BATCHES))
def test_no_mutation_changes_a_gold_without_a_word(batch: int, tmp_path: Path) -> None:
    for seed in range(batch * EACH, (batch + 1) * EACH):
        chance = random.Random(seed)
        sample = chance.choice(SAMPLES)
        before: dict[str, set[str | None]] = {}
        for item in chunk_of(sample).converted:
            known = before.setdefault(item.question.input, set())
            known.update([item.question.output], getattr(item.example, "answers", None) or ())
        files = mutated(sample, chance, tmp_path / str(seed))
        try:
            given = with_companions(sample.adapter, sample.split, files)
            rows = typed_rows(sample.adapter, sample.split, given)
            chunk = convert_chunk(sample.adapter, sample.split, rows, CANONICAL, None)
        except UqaError:
            continue
        for reject in chunk.rejects:
            assert reject["field"], (seed, sample)
            assert reject["reason"], (seed, sample)
        for item in chunk.converted:
            asked, output = item.question
            told = before.get(asked)
            if told is not None and output is not None and isinstance(item.example, FreeText):
                # Without one of its references or parts, a free text is shorter, or the next one.
                assert any(it and is_part(output, it) for it in told), (seed, sample, asked)
            else:
                assert told is None or output is None or output in told, (seed, sample, asked)


def is_part(text: str, whole: str) -> bool:
    """Whether each word of the text is in the whole."""
    return {word.strip(",") for word in text.split()} <= {w.strip(",") for w in whole.split()}
