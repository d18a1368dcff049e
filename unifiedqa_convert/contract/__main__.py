"""``python -m unifiedqa_convert.contract``: the contract as a command."""

import argparse
import json
import sys
from pathlib import Path

from unifiedqa_convert.contract import Breach, breaches, cases, told_once
from unifiedqa_convert.contract.sample import fingerprint, samples
from unifiedqa_convert.datasets.registry import catalogue, load_adapter
from unifiedqa_convert.errors import UqaError, UsageError
from unifiedqa_convert.printing import print_json, print_text, say
from unifiedqa_convert.schema import Adapter


def main(arguments: list[str] | None = None) -> int:
    """Check the contract; returns the exit code."""
    parser = argparse.ArgumentParser(
        prog="python -m unifiedqa_convert.contract",
        description="Check that the installed adapters keep the contract: what each must promise.",
    )
    parser.add_argument(
        "datasets", nargs="*", metavar="DATASET", help="names of datasets; default: all installed"
    )
    parser.add_argument(
        "--goldens",
        type=Path,
        metavar="FOLDER",
        help="compare the converted samples with the expected records in this folder",
    )
    parser.add_argument(
        "--update-goldens",
        action="store_true",
        help="write the files of --goldens; review their differences before you commit them",
    )
    parser.add_argument("--json", action="store_true", help="print the result as JSON on stdout")
    parser.add_argument("--fingerprints", action="store_true", help=argparse.SUPPRESS)
    options = parser.parse_args(arguments)
    if options.update_goldens and options.goldens is None:
        parser.error("--update-goldens needs --goldens FOLDER")
    try:
        adapters = [load_adapter(name) for name in options.datasets] or _installed()
    except UqaError as error:
        say(f"uqa: {error}")
        return error.exit_code
    if options.fingerprints:
        every = (sample for adapter in adapters for sample in samples(adapter))
        print_text(json.dumps({str(sample): fingerprint(sample) for sample in every}))
        return 0
    plugins = [] if options.datasets else catalogue().errors
    for plugin in plugins:
        say(f"uqa: {plugin}")
    every_case = (c for a in adapters for c in cases(a, options.goldens, options.update_goldens))
    return _report([breaches(case) for case in every_case], len(plugins), options.json)


def _installed() -> list[Adapter]:
    adapters = list(catalogue().adapters.values())
    if not adapters:
        raise UsageError("no adapter is installed")
    return adapters


def _report(results: list[list[Breach]], plugins: int, as_json: bool) -> int:
    """Print the breaches, each cause once; returns the exit code.

    An adapter that can't be loaded is a failure.
    """
    found = told_once([breach for result in results for breach in result])
    failed = sum(bool(result) for result in results) + plugins
    passed = sum(not result for result in results)
    if as_json:
        keys = ("adapter", "promise", "message", "sample")
        listed = [{key: getattr(breach, key) for key in keys} for breach in found]
        print_json({"passed": passed, "failed": failed, "breaches": listed})
    else:
        for breach in found:
            where = breach.sample or breach.adapter
            print_text(f"{where}: {breach.promise}: {breach.message}")
        say(f"{passed} passed, {failed} failed")
    return 4 if failed else 0


if __name__ == "__main__":
    sys.exit(main())
