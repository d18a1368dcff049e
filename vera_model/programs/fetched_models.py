"""A pretrained model of the hub that has a pickle only: fetched, converted once, then found again.

T5 v1.1 lies there so. The pickle is read by `uqa model fetch`'s code: in a process of its own, that
can start no other, with ``weights_only=True``; what is loaded here are safetensors. Once a commit
was converted it is the one that is used, without a request.
"""

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from rich.filesize import decimal

from unifiedqa_convert.errors import ModelError, UnreachableError, UsageError
from unifiedqa_convert.question_converters.download import fetch_model, plan_download
from unifiedqa_convert.question_converters.local_models import FETCHED, fetched_model, hub_folder
from vera_model.config import TrainConfig
from vera_model.run_folder import is_hub_name

if TYPE_CHECKING:
    from vera_model.distributed import Processes  # torch, which only the conversion needs


def with_fetched_model(
    config: TrainConfig, processes: "Processes", say: Callable[[str], None]
) -> TrainConfig:
    """The configuration with ``model`` as the folder to load it from, where it had to be converted.

    The main process fetches before the others look. Raises as :func:`safe_source`.
    """
    if config.model is None:
        return config
    if processes.main:
        safe_source(config.model, say)
    processes.wait()
    return config.model_copy(update={"model": safe_source(config.model, say)})


def safe_source(source: str, say: Callable[[str], None]) -> str:
    """What to load a pretrained model from: ``source``, or the folder of its converted pickle.

    ``source`` as it is for a folder, and for a model of the hub that has safetensors or that the
    hub does not tell of now, which transformers may have in its cache. Raises ModelError if the
    pickle holds more than tensors, SourceError for other bytes than the hub reports, OutputError
    for a full disk.
    """
    if not is_hub_name(source):
        return source
    if (folder := converted_model(source)) is not None:
        return str(folder)
    try:
        planned = plan_download(source, None)
    except UnreachableError:
        return source
    if not planned.pickle:
        return source
    say(
        f"{source} has a pickle on the hub and no safetensors: it is downloaded "
        f"({decimal(planned.download)}) and converted once, in a separate process that reads "
        "tensors only"
    )
    folder = fetch_model(planned).folder
    say(f"{source}: converted, {folder}")
    return str(folder)


def converted_model(source: str) -> Path | None:
    """The folder of a pickle that was converted; None if there is none, or several, or a part."""
    if not any(hub_folder(source).glob(f"*/{FETCHED}")):
        return None
    try:
        return fetched_model(source, None).folder
    except (ModelError, UsageError):  # which fetching it again mends
        return None
