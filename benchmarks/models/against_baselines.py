"""What tiny and smol know, beside chance and a bag of words: the table of docs/evaluation.md.

    python benchmarks/models/against_baselines.py --raw ../shared/real --out /tmp/known --write

Converts the dev rows of each dataset, trains on four fifths of its problems and measures all on the
last fifth, chosen by a hash: chance, the baselines of ``metrics.json``, tiny, smol zero-shot, and
smol trained (--train-smol NAMES). What is in --out already is not made again. Needs `uqa model
fetch smol`. On two cores: a minute a dataset for tiny, a few minutes for smol zero-shot, a quarter
of an hour for each that smol is trained on. --write puts the table into docs/evaluation.md.
"""

import argparse
import json
import resource
import subprocess
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from sklearn.linear_model import LogisticRegression

from unifiedqa_convert.storage import write_json
from vera_model.config import from_preset
from vera_model.data.loading import Holdout, hold_out, read_problems, subsample
from vera_model.data.problems import Problems
from vera_model.data.tokenized import tokenize
from vera_model.embedded import ZERO_SHOT, smol_folder
from vera_model.metrics.baselines import baselines
from vera_model.metrics.bootstrap import Resampling
from vera_model.metrics.predictions import Predictions, read_predictions
from vera_model.metrics.scoring import predict, score_problems
from vera_model.metrics.summary import summarise
from vera_model.model.initial_model import ZERO_SHOT_LIMITS, load_scorer
from vera_model.programs.score import score_texts
from vera_model.run_folder import PREDICTIONS

DOCS = Path(__file__).resolve().parents[2] / "docs" / "evaluation.md"
PAIRS = Path(__file__).with_name("pairs.tsv")
BEGIN, END = "<!-- against_baselines.py -->\n", "<!-- end -->\n"

RAW = {
    "commonsenseqa": "commonsenseqa/authors/dev_rand_split.jsonl",
    "sciq": "sciq/authors/valid.json",
    "qasc": "qasc/authors/dev.jsonl",
    "social_iqa": "social_iqa/hub/validation.rows.jsonl",
    "openbookqa": "openbookqa/authors/dev.jsonl",
    "physical_iqa": "physical_iqa/hub/validation.rows.jsonl",
    "copa": "copa/superglue/val.jsonl",
}
COLUMNS = {
    "chance": "chance",
    "length_only": "length",
    "choice_only": "choice alone",
    "bag_of_words": "bag of words",
    "tiny": "tiny",
    "zero_shot": "smol zero-shot",
    "smol": "smol trained",
}


def uqa(*words: object) -> None:
    command = [str(Path(sys.executable).with_name("uqa")), *map(str, words)]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)


def trained(preset: str, data: Path, out: Path, more: Sequence[str]) -> dict[str, Any]:
    """The numbers of a run, with the seconds that it took: by the clock, and of the processor."""
    if not (out / "metrics.json").is_file():
        began, used = time.monotonic(), resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        uqa("train", "--preset", preset, "--data", data, "--out", out, "--resume", "auto", *more)
        worked = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - used
        took = {"seconds": round(time.monotonic() - began), "cpu_seconds": round(worked)}
        write_json(out / "took.json", took)
    overall: dict[str, Any] = json.loads((out / "metrics.json").read_bytes())["metrics"]["overall"]
    times: dict[str, Any] = json.loads((out / "took.json").read_bytes())
    return overall | times


def held_out(data: Path) -> Holdout[Problems]:
    """The problems as a run on ``data`` divides them."""
    return hold_out(read_problems([data], allow_sample=False).problems, 0.2, 0)


def zero_shot(data: Path, out: Path, most: int) -> Predictions:
    """smol's predictions of ``most`` of the problems that are held out."""
    if not (out / PREDICTIONS).is_file():
        out.mkdir(parents=True, exist_ok=True)
        model, tokenizer = load_scorer(smol_folder())
        config = from_preset(data=(data,), out=out, **ZERO_SHOT_LIMITS)
        asked = subsample(held_out(data).evaluation, most)
        problems = tokenize(asked, tokenizer, config, None)
        logits = score_problems(model, problems, batch_size=64, pad=tokenizer.pad_token_id)
        predict(problems, logits).write(out / PREDICTIONS)
    return read_predictions(out / PREDICTIONS)


def measure(name: str, given: argparse.Namespace) -> dict[str, Any]:
    """A row of the table: choice accuracy and its interval, by column."""
    data = given.out / "data" / name
    if not (data / "validation" / "manifest.json").is_file():
        raw = given.raw / RAW[name]
        uqa("convert", name, "--split", "validation", "--raw", raw, "--out", given.out / "data")
    predictions = zero_shot(data, given.out / "zero_shot" / name, given.problems)
    found: dict[str, Any] = {
        "zero_shot": summarise(predictions, resampling=Resampling())["overall"]
    }
    problems = held_out(data)
    every = list(problems.evaluation)
    blank = Predictions.of(every, [np.zeros(len(one.texts)) for one in every])
    found |= baselines(blank, problems.train, Resampling())["tasks"][name]
    found["problems"] = len(every)
    if name in given.train_tiny.split(","):
        found["tiny"] = trained("tiny", data, given.out / "tiny" / name, [])
    if name in given.train_smol.split(","):
        more = ["--precision", given.precision]
        found["smol"] = trained("smol", data, given.out / "smol" / name, more)
    return found


def cell(found: dict[str, Any] | None) -> str:
    if found is None:
        return "-"
    low_high = found.get("intervals", {}).get("choice_accuracy")
    spread = f" ({low_high[0]:.2f} to {low_high[1]:.2f})" if low_high else ""
    return f"{found['choice_accuracy']:.3f}{spread}"


def table(rows: dict[str, dict[str, Any]]) -> str:
    lines = [
        f"| dataset | problems | {' | '.join(COLUMNS.values())} |",
        "|---|---|" + "---|" * len(COLUMNS),
    ]
    for name, found in rows.items():
        shown = {key: cell(found.get(key)) for key in COLUMNS}
        shown["zero_shot"] += f", of {found['zero_shot']['problems']}"
        cells = " | ".join(shown.values())
        lines.append(f"| {name} | {found['problems']} | {cells} |")
    return "\n".join(lines) + "\n"


def pairs() -> str:
    """How often smol prefers the true one of two plain sentences of our own."""
    lines = PAIRS.read_text(encoding="utf-8").splitlines()
    both = [line.split("\t") for line in lines]
    scored = score_texts(smol_folder(), [text for pair in both for text in pair])
    logit = {one.text: one.logit for one in scored}
    right = sum(logit[true] > logit[false] for true, false in both)
    alone = sum((logit[true] > 0) + (logit[false] <= 0) for true, false in both)
    return (
        f"\nOf {len(both)} pairs of plain sentences, one true, one false "
        f"(`benchmarks/models/pairs.tsv`), smol zero-shot\ngives the true one the higher score in "
        f"{right}; each sentence alone, with 0.5 as the threshold, is right in {alone} of "
        f"{2 * len(both)}.\n"
    )


def training_times(rows: dict[str, dict[str, Any]]) -> str:
    """How long smol was trained, where it was."""
    lines = [
        f"smol was trained on {name} in {one['smol']['cpu_seconds'] / 60:.0f} minutes of processor "
        f"time,\n{one['smol']['seconds'] / 60:.0f} by the clock, its evaluation included.\n"
        for name, one in rows.items()
        if "smol" in one
    ]
    return "\n" + "".join(lines) if lines else ""


def fitted(folder: Path) -> tuple[float, float]:
    """The weight and the level at which zero-shot scores are best probabilities.

    Over all measured datasets, each with the same weight, and so has each label.
    """
    values, labels, weights = [], [], []
    for path in sorted(folder.glob(f"*/{PREDICTIONS}")):
        found = read_predictions(path)
        values.append(found.logit / ZERO_SHOT[0] + ZERO_SHOT[1])
        labels.append(found.label)
        weights.append(np.where(found.label, 1 / found.label.mean(), 1 / (1 - found.label.mean())))
        weights[-1] /= weights[-1].sum()
    model = LogisticRegression(C=1e6)
    model.fit(
        np.concatenate(values)[:, None], np.concatenate(labels), np.concatenate(weights) * 1e3
    )
    weight = float(model.coef_[0, 0])
    return weight, float(-model.intercept_[0] / weight)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--raw", type=Path, default=Path("../shared/real"))
    parser.add_argument("--out", type=Path, required=True)
    parser.add_argument("--datasets", default=",".join(RAW))
    parser.add_argument("--problems", type=int, default=100, help="of smol zero-shot")
    parser.add_argument("--train-tiny", default="commonsenseqa,sciq,qasc,social_iqa")
    parser.add_argument("--train-smol", default="commonsenseqa")
    parser.add_argument("--precision", default="fp32", help="of smol's training: fp32 or bf16")
    parser.add_argument("--write", action="store_true")
    given = parser.parse_args()
    rows = {}
    for name in given.datasets.split(","):
        rows[name] = measure(name, given)
        print(name, {key: cell(rows[name].get(key)) for key in COLUMNS}, flush=True)
        write_json(given.out / "rows.json", rows)
    text = table(rows) + training_times(rows) + pairs()
    print(text)
    print("zero-shot weight and level that fit best:", fitted(given.out / "zero_shot"))
    if given.write:
        before, rest = DOCS.read_text(encoding="utf-8").split(BEGIN)
        after = rest.split(END)[1]
        DOCS.write_text(before + BEGIN + "\n" + text + END + after, encoding="utf-8")


if __name__ == "__main__":
    main()
