"""20 kills in the model stage: the same bytes, and at most one batch made again for each."""

import json
import os
import subprocess
import sys
from collections import Counter
from itertools import product
from pathlib import Path

import pytest
from conftest import ROOT

sys.path.insert(0, str(Path(__file__).parent))
import tiny_t5

KILLS = 20


def rows(path: Path) -> Path:
    """CommonsenseQA rows of words that the tiny model knows; two choices come again and again."""
    places = ("cold", "windy", "city", "sea")
    with path.open("w") as file:
        for number, (doing, place) in enumerate(product(tiny_t5.DOINGS, places)):
            choices = [
                {"label": label, "text": text}
                for label, text in zip("ABCDE", (*tiny_t5.THINGS, "city"), strict=True)
            ]
            # Every fourth row asks what the row before it asked.
            stem = f"What {doing} in the {place}?" if number % 4 else f"What {doing}?"
            question = {"question_concept": doing, "choices": choices, "stem": stem}
            file.write(json.dumps({"answerKey": "A", "id": f"{number}", "question": question}))
            file.write("\n")
    return path


@pytest.mark.slow
def test_20_kills_in_the_model_stage(tmp_path: Path) -> None:
    tiny = tiny_t5.train(tmp_path / "tiny")
    program = ROOT / "tests" / "declare" / "kill_model.py"
    done = subprocess.run(
        [sys.executable, program, tiny, rows(tmp_path / "rows.jsonl"), tmp_path, str(KILLS)],
        env={**os.environ, "OMP_NUM_THREADS": "1", "HF_HUB_OFFLINE": "1"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout.splitlines()[-1])
    whole = told["whole"]
    expected = Counter(map(json.dumps, whole["batches"]))
    assert sum(expected.values()) > 8
    assert max(expected.values()) == 1, "a batch was made twice without any kill"
    prompts = [tuple(ids) for batch in whole["batches"] for ids in batch]
    assert len(prompts) == len(set(prompts)), "a prompt was put to the model twice in one run"
    assert sum(part["kills"] for part in told["rounds"]) == KILLS
    for part in told["rounds"]:
        assert part["digests"] == whole["digests"]
        made = Counter(map(json.dumps, part["batches"]))
        assert made.keys() == expected.keys(), "the make-up of a batch depends on the kill"
        assert sum(made.values()) - sum(expected.values()) <= part["kills"]
