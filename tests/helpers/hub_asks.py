"""What a process of test_hub.py does: sciq with another source, a step, what came of it as JSON.

python tests/helpers/hub_asks.py '{"step": "locate", "source": "hub", "pinned": {…}, …}'
"""

import dataclasses
import json
import sys
import time
from typing import Any

from unifiedqa_convert import hub
from unifiedqa_convert.datasets import pinning, sources
from unifiedqa_convert.datasets.registry import load_adapter
from unifiedqa_convert.errors import UqaError
from unifiedqa_convert.schema import Split


def ask() -> None:
    """Do what argument 1 asks for."""
    asked = json.loads(sys.argv[1])
    adapter = load_adapter("sciq")
    split = Split(**{**asked["pinned"], "names": tuple(asked["pinned"]["names"])})
    type(adapter).source = dataclasses.replace(
        adapter.source, splits={"validation": split}, **asked["changes"]
    )
    hub.HUB_PATIENCE, hub.HUB_TROUBLE = asked["patience"], asked["trouble"]
    # The client's start is no part of how long it asks; it reads its settings here.
    from huggingface_hub import HfApi, get_hf_file_metadata, hf_hub_download  # noqa: F401

    started = time.monotonic()
    answer: dict[str, Any]
    try:
        if asked["step"] == "locate":
            found = sources.locate(adapter, "validation", (), asked["source"])
            answer = {"value": {**found._asdict(), "files": [str(path) for path in found.files]}}
        else:
            answer = {"value": getattr(pinning, asked["step"])("sciq")}
    except UqaError as error:
        answer = {"error": type(error).__name__, "exit": error.exit_code, "message": str(error)}
    print(json.dumps({**answer, "seconds": time.monotonic() - started}))


if __name__ == "__main__":
    ask()
