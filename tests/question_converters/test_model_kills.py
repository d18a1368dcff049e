"""20 kills in the model stage: the same bytes, and at most one batch made again for each."""

import json
import os
import random
import signal
from collections import Counter
from functools import partial
from itertools import product
from multiprocessing.context import ForkServerProcess
from pathlib import Path
from typing import NamedTuple

import pytest
import started
import tiny_t5
from logged_batches import main_with_log
from outputs import digest

KILLS = 20


def rows(path: Path) -> Path:
    """CommonsenseQA rows of words that the tiny model knows, the same choices in every row."""
    places = ("cold", "windy", "city", "sea")
    with path.open("w") as file:
        for number, (doing, place) in enumerate(product(tiny_t5.DOINGS, places)):
            choices = [
                {"label": label, "text": text}
                for label, text in zip("ABCDE", (*tiny_t5.THINGS, "city"), strict=True)
            ]
            stem = f"What {doing} in the {place}?" if number % 4 else f"What {doing}?"
            question = {"question_concept": doing, "choices": choices, "stem": stem}
            file.write(json.dumps({"answerKey": "A", "id": f"{number}", "question": question}))
            file.write("\n")
    return path


class Place(NamedTuple):
    """A folder of one conversion: its output, its cache of sentences, its log of batches."""

    folder: Path

    def begin(self, tiny: Path, raw: Path) -> ForkServerProcess:
        flags = "convert commonsenseqa --split train -q --device cpu --to jsonl".split()
        flags += "--shard-rows 6 --batch-tokens 256 --out out".split()
        self.folder.mkdir(exist_ok=True)
        return started.models.begin(
            [*flags, "--raw", raw, "--question-converter", tiny],
            cwd=self.folder,
            env={**os.environ, "HF_HUB_OFFLINE": "1", "UQA_CACHE": str(self.folder / "cache")},
            files=started.Files(stderr=self.folder / "stderr"),
            program=partial(main_with_log, self.folder / "log"),
        )

    def batches(self) -> list[str]:
        log = self.folder / "log"
        return log.read_text().splitlines() if log.exists() else []

    def digests(self) -> dict[str, str]:
        return digest(self.folder / "out" / "commonsenseqa" / "train")


def killed(process: ForkServerProcess, place: Place, seeded: random.Random) -> bool:
    """Kill it at any time of its start, or of its work on one of the next batches; did it hit?"""
    there = len(place.batches())
    ahead = there + seeded.randrange(4)
    while process.exitcode is None and len(place.batches()) < ahead:
        process.join(0.002)
    process.join(seeded.uniform(0, 0.5 if ahead == there else 0.05))
    process.kill()
    process.join()
    assert process.exitcode in (0, -signal.SIGKILL), (place.folder / "stderr").read_text()
    return process.exitcode != 0


@pytest.mark.slow
def test_20_kills_in_the_model_stage(tmp_path: Path) -> None:
    tiny, raw = tiny_t5.train(tmp_path / "tiny"), rows(tmp_path / "rows.jsonl")
    whole = Place(tmp_path / "whole")
    process = whole.begin(tiny, raw)
    process.join()
    assert process.exitcode == 0, (whole.folder / "stderr").read_text()
    expected = Counter(whole.batches())
    assert sum(expected.values()) > 8
    assert max(expected.values()) == 1, "a batch was made twice without any kill"
    prompts = [tuple(ids) for batch in whole.batches() for ids in json.loads(batch)]
    assert len(prompts) == len(set(prompts)), "a prompt was put to the model twice in one run"
    seeded = random.Random(2026)
    kills = rounds = 0
    while kills < KILLS:
        place = Place(tmp_path / f"round-{rounds}")
        here = 0
        while kills < KILLS and killed(place.begin(tiny, raw), place, seeded):
            kills, here = kills + 1, here + 1
        process = place.begin(tiny, raw)
        process.join()
        assert process.exitcode == 0, (place.folder / "stderr").read_text()
        assert place.digests() == whole.digests()
        made = Counter(place.batches())
        assert made.keys() == expected.keys(), "the make-up of a batch depends on the kill"
        assert sum(made.values()) - sum(expected.values()) <= here
        rounds += 1
