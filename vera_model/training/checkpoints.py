"""The checkpoints of one run: ``model/ckp_<step>``, of which ``last`` and ``best`` are kept.

``last`` and ``best`` are symbolic links. A checkpoint is published whole, then the links are set,
then what no link names is deleted: at every moment a valid one remains.
"""

import hashlib
import shutil
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from unifiedqa_convert.errors import ModelError, UsageError
from unifiedqa_convert.storage import point, publish_folder, verify
from vera_model.config import TrainConfig
from vera_model.data.shards import Shard
from vera_model.run_folder import checkpoint_folder
from vera_model.training.training_state import TrainingState, read_state


class Resumed(NamedTuple):
    """A checkpoint to go on from."""

    folder: Path
    state: TrainingState


_PREFIX = "ckp_"


class Checkpoints:
    """Those in ``folder``, a run's ``model``."""

    def __init__(self, folder: Path) -> None:
        """Nothing is read or made yet."""
        self.folder = folder

    def save(self, step: int, fill: Callable[[Path], None], *, best: bool) -> Path:
        """Publish what ``fill`` writes as the last one, and the best one where it is."""
        path = self.folder / f"{_PREFIX}{step}"
        publish_folder(path, fill)
        point(self.folder / "last", path)
        if best or not (self.folder / "best").exists():
            point(self.folder / "best", path)
        kept = {(self.folder / name).resolve() for name in ("last", "best")}
        for other in self._all():
            if other.resolve() not in kept:
                shutil.rmtree(other)
        return path

    def newest_valid(self) -> tuple[Path | None, list[str]]:
        """The newest whose every byte is right, and what is wrong with the newer ones."""
        faults = []
        for path in reversed(self._all()):
            try:
                verify(path)
                read_state(path)
            except ModelError as error:
                faults.append(str(error))
            else:
                return path, faults
        return None, faults

    def go_back_to(self, step: int) -> list[Path]:
        """Delete leftovers of a killed save, and every checkpoint after ``step``; list the latter.

        A run that goes on from ``step`` makes those again; a later resume must not find them.
        """
        if not self.folder.is_dir():
            return []
        for leftover in self.folder.glob(f".{_PREFIX}*"):
            shutil.rmtree(leftover)
        later = [path for path in self._all() if _step(path) > step]
        for path in later:
            shutil.rmtree(path)
        for link in (self.folder / "last", self.folder / "best"):
            if link.is_symlink() and not link.exists():
                link.unlink()
        return later

    def _all(self) -> list[Path]:
        found = [p for p in self.folder.glob(f"{_PREFIX}*") if p.name[len(_PREFIX) :].isdigit()]
        return sorted(found, key=_step)


def whole_checkpoint(path: Path) -> Path:
    """The checkpoint a user names, see :func:`vera_model.run_folder.checkpoint_folder`.

    Raises ModelError, naming the file, where it is not whole.
    """
    folder = checkpoint_folder(path)
    verify(folder)
    return folder


def _step(path: Path) -> int:
    return int(path.name[len(_PREFIX) :])


# Going on from a checkpoint: which one, and whether it is the same run.

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
