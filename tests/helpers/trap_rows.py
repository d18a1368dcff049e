"""What the tests of traps share: sample rows, what becomes of them, and a converter that echoes."""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from conftest import ROOT

from unifiedqa_convert.conversion.chunk import Chunk, convert_chunk
from unifiedqa_convert.datasets.registry import load_adapter
from unifiedqa_convert.question_converters.base import Ask, Sentence
from unifiedqa_convert.records.converted import Converted
from unifiedqa_convert.records.profiles import PROFILES
from unifiedqa_convert.rows.companion_files import with_companions
from unifiedqa_convert.rows.typed_rows import typed_rows
from unifiedqa_convert.schema import MultipleChoice

SAMPLES = ROOT / "data" / "samples"
CANONICAL = PROFILES["canonical"]


class Echo:
    """A question converter whose sentences show what it was asked."""

    name, version = "echo", "1"

    def convert(self, asks: Sequence[Ask]) -> list[Sentence]:
        return [Sentence(f"[{question}] {answer}.", "echo") for question, answer in asks]


def chunk_of(dataset: str, split: str, *paths: Path) -> Chunk:
    adapter = load_adapter(dataset)
    rows = typed_rows(adapter, split, with_companions(adapter, split, paths))
    return convert_chunk(adapter, split, rows, CANONICAL, Echo())


def sample(place: str) -> tuple[str, str, Path]:
    """``dataset/shape/split`` → dataset, split and its file."""
    dataset, shape, split = place.split("/")
    (path,) = (p for p in (SAMPLES / dataset / shape).glob(f"{split}.*") if p.suffix != ".lst")
    return dataset, split, path


def all_of(place: str) -> list[Converted]:
    dataset, split, path = sample(place)
    chunk = chunk_of(dataset, split, path)
    assert not chunk.rejects
    return chunk.converted


def one(place: str, words: str) -> Converted:
    """What became of the sample row whose question or context has these words."""
    (item,) = (x for x in all_of(place) if words in f"{x.example.question} {x.example.context}")
    return item


def changed(place: str, tmp_path: Path, change: Callable[[dict[str, Any]], object]) -> Chunk:
    """The sample's first row once ``change`` has been at it, and its second as it is."""
    dataset, split, path = sample(place)
    text = path.read_text("utf-8")
    rows = json.loads(text if text.startswith("[") else f"[{','.join(text.splitlines())}]")
    first, second = rows[:2]
    change(first)
    copy = tmp_path / f"{split}.jsonl"
    copy.write_text(f"{json.dumps(second)}\n{json.dumps(first)}\n")
    return chunk_of(dataset, split, copy)


def edited(place: str, tmp_path: Path, old: str, new: str, encoding: str = "utf-8") -> Chunk:
    """The sample with the first ``old`` of its file replaced."""
    dataset, split, path = sample(place)
    text = path.read_text(encoding)
    assert old in text
    copy = tmp_path / path.name
    copy.write_text(text.replace(old, new, 1), encoding)
    return chunk_of(dataset, split, copy)


def made(item: Converted) -> list[Any]:
    assert item.statements
    return list(item.statements)


def choices_of(item: Converted) -> tuple[str, ...]:
    assert isinstance(item.example, MultipleChoice)
    return item.example.choices
