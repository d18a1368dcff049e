"""What processes of test_preflight.py and test_fetched_models.py do: ask a hub for a model.

python tests/helpers/model_asks.py NAME [--allow-pickle]
"""

import json
import sys

from unifiedqa_convert import transfers
from unifiedqa_convert.errors import UqaError
from vera_model.programs.fetched_models import safe_source
from vera_model.programs.preflight import model_files


def bring() -> None:
    """Print the folder and its files, or the error, as JSON."""
    transfers.HUB_PATIENCE = 1
    try:
        folder = model_files(sys.argv[1], None, allow_pickle="--allow-pickle" in sys.argv)
        found = {"folder": str(folder), "files": sorted(path.name for path in folder.iterdir())}
    except UqaError as error:
        found = {"error": type(error).__name__, "message": str(error)}
    print(json.dumps(found))


def find_safe() -> None:
    """Print what to load the model from and what was told, or the error, as JSON."""
    said: list[str] = []
    try:
        found: dict[str, object] = {"source": safe_source(sys.argv[1], said.append)}
    except UqaError as error:
        found = {"error": str(error), "exit": error.exit_code}
    print(json.dumps({**found, "said": said}))


if __name__ == "__main__":
    bring()
