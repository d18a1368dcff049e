"""What a process of test_preflight.py does: bring a model's files from a hub, and say what came.

python tests/helpers/model_asks.py NAME [--allow-pickle]
"""

import json
import sys

from unifiedqa_convert import transfers
from unifiedqa_convert.errors import UqaError
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


if __name__ == "__main__":
    bring()
