"""Train a Vera model from scratch on converted shards, then evaluate it.

    python -m vera_model.run --preset tiny --data converted --out runs/tiny
    accelerate launch --num_processes 1 --cpu -m vera_model.run --preset tiny --data … --out …

The run folder gets ``config.json``, ``train_log.jsonl`` (one line per step), ``model/`` and last
``metrics.json``, whose presence says that the run is complete. Neither log nor metrics hold a
clock: the same configuration and data give the same bytes on the same machine.
"""

import json
import math
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any, NamedTuple, TextIO

import torch
from accelerate import Accelerator  # type: ignore[import-untyped]  # ships no types
from accelerate.utils import set_seed  # type: ignore[import-untyped]  # as above
from transformers import T5Tokenizer

from unifiedqa_convert.errors import ModelError, OutputError, UsageError
from unifiedqa_convert.files import write_json
from vera_model.batches import Batch, Encoding, collate, encode, training_batches
from vera_model.checkpoint import save_checkpoint
from vera_model.config import TrainConfig
from vera_model.data import (
    Holdout,
    Reading,
    Shard,
    check_apart,
    hold_out,
    read_problems,
    same_texts,
)
from vera_model.evaluate import score, summarise
from vera_model.loss import Loss, to_grid, vera_loss
from vera_model.metrics import problem_correct
from vera_model.model import VeraModel, from_scratch
from vera_model.progress import TrainingProgress
from vera_model.tokenizer import train_tokenizer


class Data(NamedTuple):
    """What was read, and which problems serve for what."""

    data: Reading
    valid: Reading | None
    holdout: Holdout


def run(config: TrainConfig) -> Path:
    """Train, evaluate, and return the path of ``metrics.json`` in the run folder.

    Raises SourceError and UsageError for the data, OutputError for the run folder, ModelError
    for a loss that is no longer finite. Seeds torch's, numpy's and Python's global generators.
    """
    accelerator = Accelerator(cpu=config.device == "cpu")
    if accelerator.num_processes > 1:
        raise UsageError("several processes are not supported yet: --num_processes 1")
    data = load_data(config)
    _prepare_folder(config)
    set_seed(config.seed)
    train, evaluation = data.holdout
    # The vocabulary may know nothing of the held-out texts either.
    texts = (text for problem in train for text in problem.texts)
    tokenizer = train_tokenizer(texts, config.encoder.vocab_size)
    model = from_scratch(config.encoder, len(tokenizer))
    encoded = encode(train, tokenizer, config, config.train_statements)
    model = _train(accelerator, model, tokenizer, encoded, config)
    save_checkpoint(config.out / "model", model, tokenizer)
    asked = encode(evaluation, tokenizer, config, config.eval_statements)
    pad = tokenizer.pad_token_id
    logits = score(model, asked.problems, batch_size=config.eval_batch_size, pad=pad)
    document = {
        "metrics": summarise(asked.problems, logits),
        "data": describe_data(config, data, encoded, asked),
        "model": {
            "preset": config.preset,
            "parameters": model.num_parameters(),
            "vocabulary": len(tokenizer),
        },
        "run": {"seed": config.seed, "steps": config.steps, **_environment(accelerator)},
    }
    write_json(config.out / "metrics.json", document)
    return config.out / "metrics.json"


def load_data(config: TrainConfig) -> Data:
    """Read the shards and decide what is evaluated on; never what is trained on."""
    data = read_problems(config.data, allow_sample=config.allow_sample)
    if not config.valid:
        held = hold_out(data.problems, config.valid_fraction, config.split_seed)
        return Data(data, None, held)
    valid = read_problems(config.valid, allow_sample=config.allow_sample)
    check_apart(data.problems, valid.problems)
    return Data(data, valid, Holdout(data.problems, valid.problems))


def describe_data(
    config: TrainConfig, data: Data, train: Encoding, evaluation: Encoding
) -> dict[str, Any]:
    """Say what was read, used and left out, so that the counts add up."""
    readings = [reading for reading in (data.data, data.valid) if reading is not None]
    dropped = sum((reading.dropped for reading in readings), start=type(data.data.dropped)())
    left_out = sum((reading.left_out for reading in readings), start=type(dropped)())
    left_out["over the limit per group"] = train.over_limit + evaluation.over_limit
    choice = (
        "the shards of --valid"
        if data.valid is not None
        else f"a share of {config.valid_fraction} held out by sha256 of split seed "
        f"{config.split_seed}, dataset, split and id"
    )
    return {
        "sample": any(shard.sample for reading in readings for shard in reading.shards),
        "evaluation_split": choice,
        "evaluation_problems_whose_texts_were_trained_on": same_texts(*data.holdout),
        "groups": {
            "read": sum(reading.groups for reading in readings),
            "trained_on": len(train.problems),
            "evaluated_on": len(evaluation.problems),
            "dropped": dict(sorted(dropped.items())),
        },
        "statements": {
            "read": sum(reading.statements for reading in readings),
            "trained_on": train.statements,
            "evaluated_on": evaluation.statements,
            "left_out": {why: count for why, count in sorted(left_out.items()) if count},
            "cut_to_max_tokens": {"trained_on": train.cut, "evaluated_on": evaluation.cut},
        },
        "shards": _shards(data.data.shards),
        "valid_shards": _shards(data.valid.shards if data.valid is not None else ()),
    }


def _shards(shards: Sequence[Shard]) -> list[dict[str, Any]]:
    return [shard._asdict() for shard in shards]


def _prepare_folder(config: TrainConfig) -> None:
    folder = config.out
    try:
        if not config.overwrite and folder.exists() and any(folder.iterdir()):
            raise OutputError(f"{folder} is not empty: choose another --out, or say --overwrite")
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "metrics.json").unlink(missing_ok=True)  # an unfinished run must not look done
        write_json(folder / "config.json", config.model_dump(mode="json"))
    except OSError as error:
        raise OutputError(f"{folder} can't be written, choose another --out: {error}") from error


def _train(
    accelerator: Accelerator,
    model: VeraModel,
    tokenizer: T5Tokenizer,
    encoded: Encoding,
    config: TrainConfig,
) -> VeraModel:
    optimizer = torch.optim.Adam(model.parameters(), lr=config.lr)
    model, optimizer = accelerator.prepare(model, optimizer)
    model.train()
    batches = training_batches(encoded.problems, config.batch_size, config.seed)
    with (
        (config.out / "train_log.jsonl").open("w", encoding="utf-8") as log,
        TrainingProgress(config.steps) as progress,
    ):
        for number, (epoch, problems) in zip(range(1, config.steps + 1), batches, strict=False):
            batch = collate(problems, tokenizer.pad_token_id).to(accelerator.device)
            scores = model(batch.input_ids, batch.attention_mask)
            logits = to_grid(scores.raw_logits, batch.mask)
            loss = _loss(logits, to_grid(scores.hidden, batch.mask), batch, config)
            value = loss.total.item()
            # Upstream's contrastive value is infinite by design, its gradient is not.
            if not math.isfinite(loss.scoring.item() if _upstream(config) else value):
                raise ModelError(f"the loss is {value} at step {number}: train with a lower --lr")
            optimizer.zero_grad()
            accelerator.backward(loss.total)
            optimizer.step()
            accuracy = _accuracy(logits, batch)
            _log(log, number, epoch, len(problems), loss, accuracy)
            progress.step(number, len(problems), value, accuracy)
    trained: VeraModel = accelerator.unwrap_model(model)
    return trained


def _upstream(config: TrainConfig) -> bool:
    return config.contrastive_labels == "upstream"


def _loss(logits: torch.Tensor, hidden: torch.Tensor, batch: Batch, config: TrainConfig) -> Loss:
    return vera_loss(
        logits,
        hidden,
        batch.labels,
        batch.mask,
        batch.is_choice,
        scoring=config.scoring,
        contrastive=config.contrastive,
        contrastive_labels=config.contrastive_labels,
        temperature=config.temperature,
        weight=config.contrastive_weight,
    )


def _accuracy(logits: torch.Tensor, batch: Batch) -> float:
    arrays = (logits.detach().float(), batch.labels, batch.mask, batch.is_choice)
    return float(problem_correct(*(array.cpu().numpy() for array in arrays)).mean())


def _log(log: TextIO, step: int, epoch: int, problems: int, loss: Loss, accuracy: float) -> None:
    total, scoring, contrastive = (_or_null(part.item()) for part in loss)
    line = {
        "step": step,
        "epoch": epoch,
        "problems": problems,
        "loss": total,
        "loss_scoring": scoring,
        "loss_contrastive": contrastive,
        "accuracy": accuracy,
    }
    log.write(json.dumps(line, allow_nan=False) + "\n")
    log.flush()


def _or_null(value: float) -> float | None:
    """Strict JSON has no infinity."""
    return value if math.isfinite(value) else None


def _environment(accelerator: Accelerator) -> dict[str, Any]:
    """What the last digits of the losses depend on."""
    packages = ("torch", "transformers", "accelerate", "sentencepiece", "numpy")
    return {
        "device": accelerator.device.type,
        "precision": accelerator.mixed_precision,
        "threads": torch.get_num_threads(),
        "python": platform.python_version(),
        "versions": {name: version(name) for name in packages},
    }
