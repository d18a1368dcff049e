"""The checkpoints of one run: ``model/ckp_<step>``, of which ``last`` and ``best`` are kept.

``last`` and ``best`` are symbolic links. A checkpoint is published atomically, then the links are
set, then checkpoints without a link are deleted: at every moment a valid one remains.
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
    """The checkpoint a run continues from."""

    folder: Path
    state: TrainingState


_PREFIX = "ckp_"


class Checkpoints:
    """The checkpoints in ``folder``, a run's ``model``."""

    def __init__(self, folder: Path) -> None:
        """Nothing is read or created yet."""
        self.folder = folder

    def save(self, step: int, fill: Callable[[Path], None], *, best: bool) -> Path:
        """Publish what ``fill`` writes as the last checkpoint, and as the best if it is."""
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
        """The newest checkpoint with valid digests, and the errors of newer ones."""
        errors = []
        for path in reversed(self._all()):
            try:
                verify(path)
                read_state(path)
            except ModelError as error:
                errors.append(str(error))
            else:
                return path, errors
        return None, errors

    def delete_after(self, step: int) -> list[Path]:
        """Delete leftovers of a killed save, and checkpoints after ``step``; return the latter.

        A run that continues from ``step`` writes them again; a later resume must not find them.
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


def verified_checkpoint(path: Path) -> Path:
    """The checkpoint a user names, see :func:`vera_model.run_folder.checkpoint_folder`.

    Raises ModelError, naming the file, if one is missing or has another digest.
    """
    folder = checkpoint_folder(path)
    verify(folder)
    return folder


def _step(path: Path) -> int:
    return int(path.name[len(_PREFIX) :])


_MAY_CHANGE = {
    *("preset", "out", "overwrite", "resume", "device", "track", "missing"),
    *("model", "start_from", "allow_pickle"),  # the checkpoint has the weights
    *("log_every", "save_every", "eval_every", "save", "eval_batch_size"),
    # The paths of the data; their contents are compared by digest.
    *("data", "valid", "data_root", "train_tasks", "valid_tasks", "eval_tasks", "allow_sample"),
}


def fixed_settings(config: TrainConfig, shards: Sequence[Shard], processes: int) -> dict[str, Any]:
    """The settings that must not change for a resumed run to have the same losses."""
    fields = config.model_dump(mode="json", exclude=_MAY_CHANGE)
    if config.decay == "constant":
        del fields["steps"]  # a longer run begins with the same updates
    digest = hashlib.sha256("\n".join(shard.sha256 for shard in shards).encode()).hexdigest()
    return {**fields, "data": digest, "processes": processes}


def find_resumed(config: TrainConfig, say: Callable[[str], None]) -> Resumed | None:
    """The checkpoint of ``config.resume``; None: start from the beginning.

    Raises ModelError, naming the file, for a named checkpoint that is damaged. ``auto`` skips
    damaged ones, says so, and takes the newest valid one.
    """
    if config.resume is None:
        return None
    if config.resume != "auto":
        folder = verified_checkpoint(Path(config.resume))
        return Resumed(folder, read_state(folder))
    found, errors = Checkpoints(config.out / "model").newest_valid()
    for error in errors:
        say(f"skipped a damaged checkpoint: {error}")
    if found is None:
        say(f"{config.out} has no checkpoint to resume from: starting from the beginning")
        return None
    return Resumed(found, read_state(found))


def check_same_run(state: TrainingState, now: dict[str, Any]) -> None:
    """Raise UsageError, naming the settings that differ, for a checkpoint of another run."""
    before = state.settings
    differ = [name for name in sorted({*before, *now}) if before.get(name) != now.get(name)]
    if differ:
        listed = ", ".join(f"{name} was {before.get(name)}, is {now.get(name)}" for name in differ)
        raise UsageError(
            f"the checkpoint is of another run ({listed}): resume with the same, or start a new "
            "run from its weights with --start-from"
        )
