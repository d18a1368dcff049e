"""Goldens: the expected records of the samples, in files that a person has reviewed."""

import json
from collections.abc import Iterator
from itertools import zip_longest
from pathlib import Path

from unifiedqa_convert.contract.sample import Sample, chunk_of, samples
from unifiedqa_convert.records.converted import Converted
from unifiedqa_convert.schema import Adapter


def samples_become_their_goldens(folder: Path, update: bool, sample: Sample) -> Iterator[str]:
    """The converted samples equal the goldens, which a person has reviewed."""
    golden = _golden(folder, sample)
    lines = _lines(chunk_of(sample).converted)
    if update:
        golden.parent.mkdir(parents=True, exist_ok=True)
        golden.write_text("\n".join(lines) + "\n", encoding="utf-8")
    # Split at \n only: a text may contain other line ends.
    wanted = golden.read_text(encoding="utf-8").split("\n")[:-1] if golden.is_file() else []
    for number, (was, now) in enumerate(zip_longest(wanted, lines), start=1):
        if was != now:
            yield f"{golden} line {number}: expected {was}, found {now}"


def goldens_have_their_sample(folder: Path, adapter: Adapter) -> Iterator[str]:
    """Each golden has its sample: without it, the golden would check nothing."""
    wanted = {_golden(folder, sample) for sample in samples(adapter)}
    for path in sorted(set((folder / adapter.name).glob("*/*")) - wanted):
        yield f"{path} has no sample: delete it, or restore the sample"


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
