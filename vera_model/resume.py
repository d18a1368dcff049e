"""Going on from a checkpoint: which one, and whether it is the same run."""

import hashlib
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from unifiedqa_convert.errors import UsageError
from vera_model.checkpoints import Checkpoints, whole_checkpoint
from vera_model.config import TrainConfig
from vera_model.data import Shard
from vera_model.loop import Resumed
from vera_model.training_state import TrainingState, read_state

_MAY_CHANGE = {
    *("preset", "out", "overwrite", "resume", "device", "track", "missing"),
    *("model", "start_from", "allow_pickle"),  # the checkpoint has the weights
    *("log_every", "save_every", "eval_every", "save", "eval_batch_size"),
    # Where the data lie; what they are is compared by digest.
    *("data", "valid", "data_root", "train_tasks", "valid_tasks", "eval_tasks", "allow_sample"),
}


def decides(config: TrainConfig, shards: Sequence[Shard], processes: int) -> dict[str, Any]:
    """What must be the same for the losses to go on as if the run had never stopped."""
    fields = config.model_dump(mode="json", exclude=_MAY_CHANGE)
    if config.decay == "constant":
        del fields["steps"]  # more of the same may be trained
    digest = hashlib.sha256("\n".join(shard.sha256 for shard in shards).encode()).hexdigest()
    return {**fields, "data": digest, "processes": processes}


def find_resumed(config: TrainConfig, say: Callable[[str], None]) -> Resumed | None:
    """The checkpoint that ``config.resume`` means; None: from the start.

    Raises ModelError, naming the file, where a named checkpoint is not whole. ``auto`` passes
    over one that is not, says so, and takes the newest that is.
    """
    if config.resume is None:
        return None
    if config.resume != "auto":
        folder = whole_checkpoint(Path(config.resume))
        return Resumed(folder, read_state(folder))
    found, faults = Checkpoints(config.out / "model").newest_valid()
    for fault in faults:
        say(f"passed over: {fault}")
    if found is None:
        say(f"{config.out} holds no checkpoint to resume from: training starts anew")
        return None
    return Resumed(found, read_state(found))


def check_same_run(state: TrainingState, now: dict[str, Any]) -> None:
    """Raise UsageError, naming what differs, where the checkpoint is of another run."""
    names = sorted(state.decides.keys() | now.keys())
    differ = [name for name in names if state.decides.get(name) != now.get(name)]
    if differ:
        listed = ", ".join(
            f"{name} was {state.decides.get(name)}, is {now.get(name)}" for name in differ
        )
        raise UsageError(
            f"the checkpoint is of another run ({listed}): resume with the same, or start a new "
            "run from its weights with --start-from"
        )
