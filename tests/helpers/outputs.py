"""Raw COPA rows, the request that converts them, and the digest of what came out."""

import hashlib
import json
from pathlib import Path

from unifiedqa_convert.conversion.request import Request


def raw_file(folder: Path, rows: int, broken: int | None = None) -> Path:
    path = folder / "rows.jsonl"
    with path.open("w") as file:
        for number in range(rows):
            row = {
                "premise": f"Event {number} happened.",
                "choice1": "The cat slept.",
                "choice2": "I woke up.",
                "question": "effect",
                "label": 7 if number == broken else number % 2,
                "idx": number,
            }
            file.write(json.dumps(row) + "\n")
    return path


def digest(folder: Path) -> dict[str, str]:
    return {
        str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest()
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }


def request(raw: Path, out: Path, **changes: object) -> Request:
    values = {"dataset": "copa", "split": "train", "raw": (raw,), "out": out, "to": "jsonl"}
    return Request(**{**values, "shard_rows": 100, **changes})  # type: ignore[arg-type]
