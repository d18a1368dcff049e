"""The checkpoints of one run: ``model/ckp_<step>``, of which ``last`` and ``best`` are kept.

``last`` and ``best`` are symbolic links. A checkpoint is published whole, then the links are set,
then what no link names is deleted: at every moment a valid one remains.
"""

import shutil
from collections.abc import Callable
from pathlib import Path

from unifiedqa_convert.errors import ModelError
from vera_model.folders import checkpoint_folder
from vera_model.publish import point, publish, verify
from vera_model.training_state import read_state

_PREFIX = "ckp_"


class Checkpoints:
    """Those in ``folder``, a run's ``model``."""

    def __init__(self, folder: Path) -> None:
        """Nothing is read or made yet."""
        self.folder = folder

    def save(self, step: int, fill: Callable[[Path], None], *, best: bool) -> Path:
        """Publish what ``fill`` writes as the last one, and the best one where it is."""
        path = self.folder / f"{_PREFIX}{step}"
        publish(path, fill)
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
    """The checkpoint a user names, see :func:`vera_model.folders.checkpoint_folder`.

    Raises ModelError, naming the file, where it is not whole.
    """
    folder = checkpoint_folder(path)
    verify(folder)
    return folder


def _step(path: Path) -> int:
    return int(path.name[len(_PREFIX) :])
