"""The checkpoints of one run: ``model/ckp_<step>``, of which ``last`` and ``best`` are kept.

``last`` and ``best`` are symbolic links. A checkpoint is published atomically, then the links are
set, then checkpoints without a link are removed: at every moment a valid one remains. One that is
not whole, to which somebody added files, or whose card was edited, is not removed.
"""

import hashlib
import os
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path
from typing import Any, NamedTuple

from unifiedqa_convert.errors import ModelError, UsageError
from unifiedqa_convert.storage import (
    card_changed,
    discard,
    others_in,
    point,
    publish_folder,
    settle,
    verify,
)
from vera_model.config import TrainConfig
from vera_model.data.shards import Shard
from vera_model.run_folder import (
    LINKS,
    METRICS,
    card_notes,
    checkpoint_folder,
    checkpoints,
    step_of,
)
from vera_model.training.training_state import TrainingState, read_state


class Resumed(NamedTuple):
    """The checkpoint a run continues from."""

    folder: Path
    state: TrainingState


class Checkpoints:
    """The checkpoints in ``folder``, a run's ``model``."""

    def __init__(self, folder: Path) -> None:
        """Nothing is read or created yet."""
        self.folder = folder
        self._last, self._best = (folder / name for name in LINKS)

    def save(self, step: int, fill: Callable[[Path], None], *, best: bool) -> Path:
        """Publish what ``fill`` writes as the last checkpoint, and as the best if it is."""
        path = self._at(step)
        publish_folder(path, fill)
        point(self._last, path)
        if best or not self._best.exists():
            point(self._best, path)
        kept = {link.resolve() for link in (self._last, self._best)}
        for other in checkpoints(self.folder):
            if other.resolve() not in kept and not _is_edited(other):
                discard(other)
        return path

    def newest_valid(self) -> tuple[Path | None, list[str]]:
        """The newest checkpoint with valid digests, and the errors of newer ones.

        Without one, a link that names none is an error, too.
        """
        settle(self.folder)
        errors = []
        for path in reversed(checkpoints(self.folder)):
            try:
                verify(path)
                _check_name(path, read_state(path))
            except ModelError as error:
                errors.append(str(error))
            else:
                return path, errors
        for link in (self._last, self._best):
            if link.is_symlink() and not link.exists():
                errors.append(f"{link} names {link.readlink()}, which does not exist")
        return None, errors

    def resume_from(self, resumed: Resumed) -> list[Path]:
        """Set the links as after that checkpoint; return what was renamed: the run would write it
        again, and a later resume must not find it.

        Those are the later checkpoints, or all, if the run goes on from one of another folder.
        """
        if not self.folder.is_dir():
            return []
        ours = resumed.folder.resolve().parent == self.folder.resolve()
        step = resumed.state.step if ours else -1
        renamed = [_set_aside(path) for path in checkpoints(self.folder) if step_of(path) > step]
        for link in (self._last, self._best):
            if link.is_symlink() and not link.exists():
                link.unlink()
        if ours:
            _point(self._last, self._at(step))
            evaluations = resumed.state.evaluations
            best = self._at(
                max(evaluations, key=lambda one: one.value).step if evaluations else step
            )
            if best.is_dir():
                _point(self._best, best)
            elif not self._best.exists():
                _point(self._best, self._at(step))
        return renamed

    def _at(self, step: int) -> Path:
        return self.folder / f"ckp_{step}"


def _check_name(checkpoint: Path, state: TrainingState) -> None:
    """Raise ModelError for one that was renamed: names decide which are later ones."""
    if checkpoint.name != (right := f"ckp_{state.step}"):
        raise ModelError(
            f"{checkpoint} is the checkpoint after {state.step} updates: rename it to {right}"
        )


def _set_aside(path: Path) -> Path:
    names = (f"{path.name}.set-aside{number or ''}" for number in count())
    free = next(p for p in map(path.with_name, names) if not os.path.lexists(p))
    return path.rename(free)


def _point(link: Path, target: Path) -> None:
    if link.resolve() != target.resolve():
        point(link, target)


def _is_edited(checkpoint: Path) -> bool:
    try:
        return bool(others_in(checkpoint)) or card_changed(checkpoint)
    except ModelError:
        return True


def verified_checkpoint(path: Path) -> Path:
    """The checkpoint a user names, see :func:`vera_model.run_folder.checkpoint_folder`.

    Raises ModelError, naming the file, if one is missing or has another digest.
    """
    folder = checkpoint_folder(path)
    verify(folder)
    return folder


_MAY_CHANGE = {
    *("preset", "out", "overwrite", "resume", "device", "threads", "track", "missing"),
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
    # Checkpoints of versions that mixed by size only, and had no LoRA, have no such settings.
    default: dict[str, Any] = {"mix": "size", "mix_limit": None, "mix_together": []}
    default |= {"likelihood": None, "lora": None}
    fields = {key: value for key, value in fields.items() if value != default.get(key, fields)}
    digest = hashlib.sha256("\n".join(shard.sha256 for shard in shards).encode()).hexdigest()
    return {**fields, "data": digest, "processes": processes}


def find_resumed(config: TrainConfig, say: Callable[[str], None]) -> Resumed | None:
    """The checkpoint of ``config.resume``; None: start from the beginning.

    Raises ModelError, naming the file, for a named checkpoint that is damaged. ``auto`` skips
    damaged ones, says so, and takes the newest valid one; ModelError if there are only damaged ones
    or the run is complete without any, unless ``config.overwrite``.
    """
    if config.resume is None:
        return None
    if config.resume != "auto":
        found: Path | None = verified_checkpoint(Path(config.resume))
    else:
        found, errors = Checkpoints(config.out / "model").newest_valid()
        complete = config.out / METRICS
        if found is None and not errors and complete.exists():
            errors = [f"{complete} is of a complete run"]
        if found is None and errors and not config.overwrite:
            raise ModelError(
                f"{config.out} has no whole checkpoint to resume from: {'; '.join(errors)}. "
                "Nothing was changed; to train from the beginning, add --overwrite"
            )
        for error in errors:
            say(f"skipped a damaged checkpoint: {error}")
    if found is None:
        say(f"{config.out} has no checkpoint to resume from: starting from the beginning")
        return None
    for note in card_notes(found):
        say(note)
    resumed = Resumed(found, read_state(found))
    if found.resolve().parent == (config.out / "model").resolve():
        _check_name(found.resolve(), resumed.state)
    return resumed


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
