"""`uqa model fetch` for people: what it costs, that it is done, what to do next."""

import json
import sys
from typing import Any

from rich.filesize import decimal

from unifiedqa_convert.declare import store
from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.fetch import convert_folder, costs, fetch, plan


def fetch_and_tell(
    name: str, revision: str | None, only_plan: bool, as_json: bool, quiet: bool
) -> None:
    """The command: say what it costs, do it, say what to do next."""
    if store.is_path(name):
        if revision or only_plan:
            raise UsageError("--revision and --plan are for a hub repository, not for a folder")
        made = convert_folder(name)
        document: dict[str, Any] = {"folder": str(made.folder), "revision": made.revision}
    else:
        planned = plan(name, revision)
        document = costs(planned)
        if not quiet:
            print("\n".join(rendered(document)), file=sys.stderr)
        if not only_plan:
            made = fetch(planned)
            document["folder"] = str(made.folder)
            if not quiet:
                print(f"use it: --question-converter {name}", file=sys.stderr)
    if as_json:
        print(json.dumps(document, indent=2))
    elif "folder" in document:
        print(document["folder"])


def rendered(costs: dict[str, Any]) -> list[str]:
    """The plan for people."""
    disk, memory = costs["disk"], costs["memory"]
    available = memory["available"]
    lines = [
        f"{costs['hub']} at {costs['asked']}, commit {costs['revision']}",
        *(f"  {file['name']}: {decimal(file['bytes'])}" for file in costs["files"]),
        f"download {decimal(costs['download'])}; disk {decimal(disk['needed'])} needed, "
        f"{decimal(disk['free'])} free in {disk['folder']}",
        f"memory to run it: {decimal(memory['as stored'])} as stored"
        + (f", {decimal(available)} available here" if available is not None else ""),
    ]
    if costs["asked"].startswith("refs/pr/"):
        lines.append(
            f"{costs['asked']} is a pull request that the repository's owner has not merged: its "
            "safetensors are taken because main holds a pickle"
        )
    if costs["weights"] != "safetensors":
        lines.append(
            "its weights are a pickle, which can run code when read: it is converted once to "
            "safetensors, in a process of its own, with weights_only=True"
        )
    return lines
