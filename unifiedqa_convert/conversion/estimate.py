"""What a conversion will download and write, and the memory it will need."""

from pathlib import Path
from typing import Any, NamedTuple

from rich.filesize import decimal

from unifiedqa_convert.datasets.fetch import Wish, plan
from unifiedqa_convert.datasets.listing import canonical_split
from unifiedqa_convert.datasets.lock import Lock
from unifiedqa_convert.datasets.registry import catalogue, load_adapter
from unifiedqa_convert.datasets.sources import no_split
from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.flags import LOCK
from unifiedqa_convert.pretrained import check_model_folder
from unifiedqa_convert.question_converters.prompts import chat_model, hub_id
from unifiedqa_convert.schema import Adapter
from unifiedqa_convert.storage import free_bytes, is_path


class Converter(NamedTuple):
    """A question converter's weights."""

    download: int | None
    """Bytes; None if unknown."""
    memory: int | None
    """Bytes of the weights as they are stored."""
    source: str


CONVERTERS = {
    "rules": Converter(0, 0, "embedded"),
    "none": Converter(0, 0, "no question is converted"),
    "question_converter-3b": Converter(
        11_400_000_000,
        11_400_000_000,
        "domenicrosati/question_converter-3b, float32, used by Vera's authors",
    ),
}
"""Question converters of known size; any other name is a model on the hub."""

BYTES_PER_ROW = 1_500
"""In an Arrow shard with both records; 700 for yes/no, up to 4,000 for eight choices."""


def plan_conversion(
    dataset: str, split: str | None, question_converter: str, out: Path
) -> dict[str, Any]:
    """Plan one dataset, or ``all``; raises UsageError for a name that does not exist."""
    names = sorted(catalogue().adapters) if dataset == "all" else [load_adapter(dataset).name]
    splits = [one for name in names for one in _splits(name, split)]
    if split is not None and not splits:
        if dataset == "all":
            raise UsageError(f"no dataset has a split {split!r}: `uqa list` shows their splits")
        raise no_split(load_adapter(dataset), split)
    converter = CONVERTERS.get(question_converter) or _other_converter(question_converter)
    rows = [one["rows"] for one in splits]
    return {
        "splits": splits,
        "download_bytes": sum(one["bytes"] or 0 for one in splits if not one["cached"]),
        "splits_of_unknown_size": sum(one["bytes"] is None and not one["cached"] for one in splits),
        "rows": sum(row or 0 for row in rows),
        "splits_of_unknown_rows": rows.count(None),
        "output_bytes": BYTES_PER_ROW * sum(row or 0 for row in rows),
        "disk_free_bytes": free_bytes(out),
        "question_converter": {"name": question_converter, **converter._asdict()},
    }


def estimate_lines(plan: dict[str, Any]) -> list[str]:
    """The plan as lines of text."""
    converter = plan["question_converter"]
    size, memory = converter["download"], converter["memory"]
    weights = "of unknown size" if size is None else f"{decimal(size)} of weights"
    weights += f", {decimal(memory)} of memory" if memory else ""
    unknown, uncounted = plan["splits_of_unknown_size"], plan["splits_of_unknown_rows"]
    return [
        f"splits      {len(plan['splits'])}, {plan['rows']:,} rows"
        + (f", and {uncounted} splits with an unknown number of rows" if uncounted else ""),
        f"download    {decimal(plan['download_bytes'])} of rows"
        + (f", and {unknown} splits of unknown size" if unknown else ""),
        f"converter   {converter['name']}: {weights} ({converter['source']})",
        f"disk        about {decimal(plan['output_bytes'])} written, "
        f"{decimal(plan['disk_free_bytes'])} free",
    ]


def _other_converter(name: str) -> Converter:
    if is_path(name):
        check_model_folder(Path(name.removeprefix("path:")).expanduser())
        return Converter(0, None, "a folder on this machine")
    if name.startswith(("http://", "https://")):
        return Converter(0, 0, "a service")
    if name.startswith("openai:"):
        return Converter(0, 0, f"the server of {chat_model(name).model}")
    hub_id(name)
    return Converter(None, None, f"uqa model fetch {name} --plan prints it")


def _splits(name: str, wanted: str | None) -> list[dict[str, Any]]:
    adapter: Adapter = catalogue().adapters[name]
    every = adapter.source.splits
    wishes = [Wish(adapter, it) for it in every if wanted is None or canonical_split(wanted) == it]
    return [
        {
            "dataset": name,
            "split": planned.split,
            "rows": every[planned.split].rows,
            "bytes": planned.bytes,
            "cached": planned.here,
        }
        for planned in plan(wishes, Lock(LOCK)).splits
    ]
