"""What a process of test_hub.py does: sciq with another source, a step, what came of it as JSON.

python tests/helpers/hub_asks.py '{"step": "locate", "source": "hub", "pinned": {…}, …}'
"""

import dataclasses
import json
import sys
import time
from pathlib import Path
from typing import Any

from unifiedqa_convert import hub, transfers
from unifiedqa_convert.datasets import origins, sources, status
from unifiedqa_convert.datasets.lock import Lock
from unifiedqa_convert.datasets.registry import load_adapter
from unifiedqa_convert.errors import UqaError
from unifiedqa_convert.schema import PinnedFile, Repository, Split


def ask() -> None:
    """Do what argument 1 asks for."""
    asked = json.loads(sys.argv[1])
    adapter, pinned = load_adapter("sciq"), asked["pinned"]
    file = PinnedFile(pinned["file"], pinned.get("bytes"), pinned.get("sha256"))
    home = Repository(
        host="hub",
        name="allenai/sciq",
        commit=asked["commit"],
        evidence="a test",
        files={"validation": (file,)},
    )
    type(adapter).source = dataclasses.replace(
        adapter.source,
        splits={"validation": Split(names=tuple(pinned["names"]))},
        repositories=(home,),
    )
    hub.HUB_PATIENCE = asked["patience"]
    transfers.HUB_PATIENCE, transfers.HUB_TROUBLE = asked["patience"], asked["trouble"]
    # The client's start is no part of how long it asks; it reads its settings here.
    from huggingface_hub import HfApi, get_hf_file_metadata, hf_hub_download  # noqa: F401

    started = time.monotonic()
    answer: dict[str, Any]
    lock = Lock(Path(asked["lock"]))
    try:
        if asked["step"] == "fetch":
            origin = origins.Origin("hub", home.name, str(home.commit), (file,))
            answer = {"value": {"files": [str(path) for path in origins.fetched(adapter, origin)]}}
        elif asked["step"] == "locate":
            places = sources.Places(source=asked["source"], lock=lock)
            found = sources.locate(adapter, "validation", places)
            paths = [str(path) for path in found.files]
            at = found.origin and found.origin[:3]
            answer = {"value": {"kind": found.kind, "files": paths, "note": found.note, "at": at}}
        else:
            answer = {"value": getattr(status, asked["step"])("sciq", lock)}
    except UqaError as error:
        answer = {"error": type(error).__name__, "exit": error.exit_code, "message": str(error)}
    print(json.dumps({**answer, "seconds": time.monotonic() - started}))


if __name__ == "__main__":
    ask()
