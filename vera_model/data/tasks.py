"""Tasks by name → the folders of their converted splits."""

from collections.abc import Sequence
from pathlib import Path
from typing import Literal, NamedTuple

from unifiedqa_convert import load_adapter
from unifiedqa_convert.errors import SourceError, UqaError, UsageError

Part = Literal["train", "dev"]


class MissingTask(NamedTuple):
    """A task without data for one part, and why."""

    task: str
    part: Part
    reason: str


class FoundTasks(NamedTuple):
    """Each task's folder (or upstream's JSON file), in the given order, and what is missing."""

    paths: dict[str, Path]
    missing: list[MissingTask]


def find_tasks(tasks: Sequence[str], part: Part, root: Path, *, allow_sample: bool) -> FoundTasks:
    """Find each task's split under ``root``: ``<task>/<split>/``, or upstream's JSON file.

    A dataset's alias stands for its own name, under which it is converted.
    ``dev`` is ``validation``, or :func:`evaluated_split` for a dataset without one.
    """
    paths, missing = {}, []
    for task in dict.fromkeys(_own_name(task, root) for task in tasks):
        found = _on_disk(root / task, ("train",) if part == "train" else ("validation", "dev"))
        if found is None and part == "dev" and (split := evaluated_split(task)) is not None:
            found = _on_disk(root / task, (split,))
        if found is None and allow_sample:
            found = _sample_on_disk(root / task, part)
        if found is None:
            missing.append(MissingTask(task, part, f"{root / task} has no {part} split"))
        else:
            paths[task] = found
    return FoundTasks(paths, missing)


def _own_name(task: str, root: Path) -> str:
    """The dataset's own name for an alias, unless ``root`` has a folder of the name as typed."""
    if (root / task).is_dir():
        return task
    try:
        return load_adapter(task).name
    except UqaError:
        return task


def evaluated_split(task: str) -> str | None:
    """Validation, else test, else the dataset's first split; None for an unknown dataset."""
    try:
        splits = load_adapter(task).source.splits
    except UsageError:
        return None
    return next((split for split in ("validation", "test") if split in splits), next(iter(splits)))


def unknown_tasks(missing: Sequence[MissingTask]) -> list[MissingTask]:
    """Those that no installed adapter has the name of, so that they can't be converted."""
    reason = "no dataset of this name is known (`uqa list`): convert your own with --from-file"
    return [one._replace(reason=reason) for one in missing if evaluated_split(one.task) is None]


def missing_error(missing: Sequence[MissingTask], tasks: int, *, skipped: bool = False) -> UqaError:
    """The error that lists the missing tasks, each with its reason.

    ``skipped``: missing tasks are skipped already, but no other task is left.
    """
    listed = "\n".join(f"  {one.task} ({one.part}): {one.reason}" for one in missing)
    what, more = ("at least one", "") if skipped else ("them", ", or skip them: --missing skip")
    return SourceError(
        f"{len(missing)} of {tasks} splits are missing:\n{listed}\nconvert {what} first (`uqa "
        f"convert NAME --split SPLIT --raw FILE`){more}"
    )


def _sample_on_disk(folder: Path, part: Part) -> Path | None:
    """The part's own sample; else the first one, but none that is trained and evaluated on."""
    names = ("train.sample", "validation.sample")
    own, others = names if part == "train" else names[::-1]
    found = [path.parent for path in sorted(folder.glob("*.sample/manifest.json"))]
    found = [path for path in found if path.name != others]
    return folder / own if folder / own in found else next(iter(found), None)


def _on_disk(folder: Path, splits: Sequence[str]) -> Path | None:
    for split in splits:
        if (folder / split / "manifest.json").is_file():
            return folder / split
        if (folder / f"{split}.json").is_file():
            return folder / f"{split}.json"
    return None
