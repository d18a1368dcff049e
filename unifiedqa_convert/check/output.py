"""An output of ours against its manifest.

Rows are counted again only in files whose bytes are the manifest's: a reader may trip over a
flipped bit, and the digest has named it already.
"""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any, get_args

import orjson

from unifiedqa_convert.check.findings import Findings
from unifiedqa_convert.check.recount import LABELS, Manifest, Recount
from unifiedqa_convert.counts import tree
from unifiedqa_convert.encode import profile_named
from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.files import sha256_of
from unifiedqa_convert.output import MANIFEST
from unifiedqa_convert.shards import SUFFIXES
from unifiedqa_convert.table import SCHEMA_VERSION, Records

_AGAIN = "convert again with --overwrite"
OUTPUT_ERRORS = {
    "no-manifest": "data without manifest.json: incomplete; run its `uqa convert` again",
    "manifest-unreadable": f"{{}}; {_AGAIN}",
    "other-schema": f"made by a uqa of schema {{}}, this one has {SCHEMA_VERSION}; {_AGAIN}",
    "missing-share": "its share {} is not there: run it too, or the data has gaps",
    "missing-file": f"the manifest lists it, but it is not there; {_AGAIN}",
    "wrong-size": f"{{}} bytes; the file was cut, or changed: {_AGAIN}",
    "wrong-sha256": f"its bytes are not those that were written: {_AGAIN}",
    "unlisted-file": "the manifest doesn't list it, but readers would take it: move it elsewhere",
    "wrong-sum": f"the manifest's counts don't add up: {{}}; it was edited, {_AGAIN}",
    "wrong-count": f"{{}}; the manifest or the files were changed: {_AGAIN}",
    "wrong-facts": f"its metadata says {{}}; it belongs to another output: {_AGAIN}",
    "wrong-columns": f"its columns are not those of the manifest's records; {_AGAIN}",
    "unreadable-data": f"can't be read: {{}}; {_AGAIN}",
    "wrong-id": f"the id {{}} is not its split's and row's, or is out of order; {_AGAIN}",
    "wrong-label": f"a statement's label contradicts golds or its record: {{}}; {_AGAIN}",
    "wrong-answer": f"the output is not the gold choice's text: {{}}; {_AGAIN}",
}


OUTPUT_WARNINGS = {
    "interrupted": "a conversion was interrupted, or is running; the same `uqa convert` again "
    "goes on where it stopped",
}


def check_output(folder: Path, found: Findings) -> None:
    """Everything in one output folder against its manifest."""
    path = folder / MANIFEST
    try:
        manifest = _manifest(path)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, UsageError) as error:
        found.add("manifest-unreadable", path, detail=f"{type(error).__name__}: {error}")
        return
    counts = Counter(dict(_flat(manifest["counts"])))
    for wrong in _wrong_sums(counts, manifest["records"]):
        found.add("wrong-sum", path, detail=wrong)
    sound = _files(folder, manifest, found)
    if manifest["schema"] != SCHEMA_VERSION:
        found.add("other-schema", path, detail=manifest["schema"])
    elif sound:
        Recount(folder, manifest, found).compare(counts)


def _manifest(path: Path) -> Manifest:
    """The manifest; an error of Python's own where it lacks what is needed here."""
    manifest: Manifest = orjson.loads(path.read_bytes())
    profile_named(manifest["profile"])
    typed: list[tuple[object, type]] = [
        (manifest[key], str) for key in ("dataset", "split", "recipe")
    ]
    typed += [(manifest["schema"], int), (manifest["sample"], bool), (manifest["files"], list)]
    for file in manifest["files"]:
        typed += [(file["path"], str), (file["bytes"], int), (file["sha256"], str)]
        if Path(file["path"]).name != file["path"]:
            raise ValueError(f"{file['path']} is not a file's name")
    for value, kind in typed:
        if not isinstance(value, kind):
            raise TypeError(f"{value!r} is no {kind.__name__}")
    if manifest["format"] not in SUFFIXES or manifest["records"] not in get_args(Records):
        raise ValueError(f"no format {manifest['format']!r} of {manifest['records']!r} records")
    if missing := set(dict(_flat(tree(Counter())))) - set(dict(_flat(manifest["counts"]))):
        raise KeyError(f"counts of {', '.join(sorted(missing))}")
    return manifest


def _flat(counts: dict[str, Any], above: str = "") -> Iterator[tuple[str, int]]:
    """The manifest's nested counts by path, as counts.tree was given them."""
    for key, value in counts.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}/")
        elif type(value) is int and value >= 0:
            yield above + key, value
        else:
            raise TypeError(f"{above}{key} is {value!r}, not a count")


def _wrong_sums(counts: Counter[str], records: Records) -> Iterator[str]:
    def total(*starts: str) -> int:
        return sum(number for key, number in counts.items() if key.startswith(starts))

    examples, statements = total("examples/"), total(*LABELS)
    rows = statements if records == "declarative" else examples
    for what, whole, parts in (
        ("rows read", counts["rows/read"], total("rows/used", "rows/skipped/", "rows/rejected")),
        ("statements, by via", statements, total("via/")),
        ("rows to write", rows, total("written/")),
    ):
        if whole != parts:
            yield f"{what}: {whole}, its parts {parts}"
    for what, part, whole in (
        ("rows used, of examples", counts["rows/used"], examples),
        ("masked, of statements", counts["statements/masked"], statements),
        ("distinct asks, of asks", counts["asks/distinct per chunk"], counts["asks/asked"]),
    ):
        if part > whole:
            yield f"{what}: {part} of {whole}"


def _files(folder: Path, manifest: Manifest, found: Findings) -> bool:
    """Whether every listed file has the bytes that were written; no other may look like data."""
    before = found.counts.total()
    for file in manifest["files"]:
        path = folder / file["path"]
        if not path.is_file():
            found.add("missing-file", path)
        elif (size := path.stat().st_size) != file["bytes"]:
            found.add("wrong-size", path, detail=f"{size}, not {file['bytes']}")
        elif sha256_of(path) != file["sha256"]:
            found.add("wrong-sha256", path)
    sound = found.counts.total() == before
    listed = {MANIFEST, *(file["path"] for file in manifest["files"])}
    for path in sorted(folder.iterdir()):
        data = path.suffix.lstrip(".") in SUFFIXES.values() and not path.name.startswith(".")
        if data and path.name not in listed:
            found.add("unlisted-file", path)
    return sound
