"""An output of `uqa convert`, compared with its manifest.

Rows are counted again only if all files have the manifest's digests: reading a damaged file may
fail, and its wrong digest is a finding already.
"""

import re
from array import array
from collections import Counter
from collections.abc import Iterable, Iterator
from hashlib import sha256
from itertools import islice
from pathlib import Path
from string import ascii_lowercase
from typing import Any

import orjson
import pyarrow as pa

from unifiedqa_convert.check.findings import Findings, Unit
from unifiedqa_convert.check.several_rows import Asked, Golds
from unifiedqa_convert.check.tsv import OF_ROWS, lint_lines
from unifiedqa_convert.check.vera_json import OF_GROUPS, lint_groups
from unifiedqa_convert.conversion.chunk import manifest_digest, tree
from unifiedqa_convert.conversion.output_folder import MANIFEST, REJECTS, OutputFolder
from unifiedqa_convert.conversion.repeats import (
    ASKED,
    YES_NO,
    asked_head,
    asked_texts,
    in_any_order,
    repeats_in,
)
from unifiedqa_convert.conversion.split_size import example_count, size_words, split_size
from unifiedqa_convert.errors import SourceError, UsageError
from unifiedqa_convert.records.arrow import (
    SCHEMA_VERSION,
    arrow_schema,
    record_batch,
    shard_facts,
)
from unifiedqa_convert.records.encode import UNLABELLED
from unifiedqa_convert.records.formats import FORMATS, is_data, is_shard, json_lines
from unifiedqa_convert.records.profiles import Profile, Records, profile_named
from unifiedqa_convert.schema import NO_ANSWER, collapse
from unifiedqa_convert.storage import sha256_of

Manifest = dict[str, Any]
BATCH_ROWS = 1_000
_UNREADABLE = (ValueError, KeyError, TypeError, RecursionError)
_ID = re.compile(r"(\d+)(?:\.(\d+))?(?:#(\d+))?")
LABELS = ("statements/true", "statements/false", "statements/unknown")
PLACED = ("statements/masked", "statements/ambiguous")
_EXAMPLES = ("examples/labelled", "examples/unlabelled")
_LABEL_NAMES = dict(zip((True, False, None), LABELS, strict=True))
_LABEL_OF = dict(zip(("yes", "no", UNLABELLED), LABELS, strict=True))


class Recount:
    """Reads an output's rows: counts them again, and checks their ids, labels and answers."""

    def __init__(self, folder: Path, manifest: Manifest, found: Findings, asked: Asked) -> None:
        self._asked, self._golds, self._start = asked, Golds(), len(asked)
        self._group: list[tuple[int, dict[str, Any]]] = []
        """The numbers and the declarative records of one example."""
        self._folder, self._manifest, self._found = folder, manifest, found
        self._profile = profile_named(manifest["profile"]).of(manifest["dataset"])
        self._counts: Counter[str] = Counter()
        self._last: tuple[int, ...] = (-1, -1, -1)
        self._name = f"{manifest['dataset']}-{manifest['split']}-"
        self._format = FORMATS[manifest["format"]]
        self._asks_of_rows = self._format.content == "rows" and manifest["records"] != "declarative"

    @property
    def _breaks_rows(self) -> bool:
        """True for question records of a form that leaves line ends in a TSV's fields."""
        of_questions = self._manifest["records"] == "question"
        return of_questions and self._format.content == "pairs" and self._profile.own.raw

    def compare(self, written: Counter[str]) -> None:
        """Compare every count that can be computed from the files with the manifest's."""
        starts = self._countable(written)
        for file in self._manifest["files"]:
            path = self._folder / file["path"]
            if path.name == REJECTS or is_shard(path.name):
                self._file(path)
        self._more_lines(written["written/rows"])
        for trap, where in self._golds.traps():
            self._found.add(trap, self._folder, detail=where)
        for key in sorted(written | self._counts):
            if key.startswith(starts) and written[key] != self._counts[key]:
                detail = f"{key}: manifest {written[key]}, files {self._counts[key]}"
                self._found.add("wrong-count", self._folder / MANIFEST, detail=detail)
        self._repeated()

    def _countable(self, written: Counter[str]) -> tuple[str, ...]:
        """How the counts begin that the files show; adds the sentences to those ``written``."""
        content, records = self._format.content, self._manifest["records"]
        starts: tuple[str, ...] = ("written/rows", "rows/rejected")
        if self._breaks_rows or (
            content == "pairs" and records == "question" and self._profile.own.several_lines
        ):
            starts = ("rows/rejected",)  # its lines are not rows
        if content == "groups":
            starts = ("rows/rejected", "sentences")  # a reference of free text is a group
            labelled = written["statements/true"] + written["statements/false"]
            written["sentences"] = labelled - written["statements/masked"]
        elif records == "declarative":
            starts += LABELS if content == "pairs" else (*LABELS, *PLACED, "via/")
        elif content == "rows":
            starts += (*LABELS, *_EXAMPLES, "statements/masked", "via/", "flags/")
            starts += ("golds/",) if "golds" in self._manifest["counts"] else ()  # newer outputs
            starts += PLACED if records == "both" else ()
        return starts

    def _more_lines(self, rows: int) -> None:
        """Rows that line ends break in pieces which look like rows, if no other piece was found."""
        counted = self._breaks_rows and not self._profile.own.several_lines
        told = self._found.counts["broken-row"]
        if counted and not told and self._counts["written/rows"] != rows:
            self._found.add("broken-row", self._folder)

    def _repeated(self) -> None:
        """Count the rows that ask the same again: of the rows, or of the hashes that they left."""
        repeated, digest = self._manifest.get("repeated"), self._manifest.get("row_hashes")
        left = OutputFolder(self._folder.resolve()).row_hashes
        if repeated is None or digest is None:
            return  # of an earlier version
        if self._asks_of_rows:
            hashes = self._asked.hashes(self._start)
        elif left.is_file() and sha256_of(left) == digest:
            hashes = array("Q", left.read_bytes())
        else:
            return  # they are beside the output, and stay where it is moved from
        contradictory, equal = repeats_in(hashes[::2], hashes[1::2])
        for name, number in (("contradictory", contradictory), ("equal", equal)):
            if repeated[name] != number:
                detail = f"repeated/{name}: manifest {repeated[name]}, files {number}"
                self._found.add("wrong-count", self._folder / MANIFEST, detail=detail)
        if sha256(hashes).hexdigest() != digest:
            self._found.add("other-rows", self._folder)

    def _lint(self, path: Path) -> None:
        """The traps of a TSV or Vera JSON, as if the file were given.

        A published form's own are meant, and questions' are none of statements; of those only what
        the rows say is told.
        """
        rows, own, split = self._found.rows, self._profile.own, self._manifest["split"]
        every = self._profile.plain and self._manifest["records"] == "question"
        if self._breaks_rows:
            return  # its lines are parts of rows
        if path.suffix == ".tsv":
            only = None if every and not own.each_choice else OF_ROWS
            lint_lines(path, self._found, self._asked, split, only)
        elif self._format.content == "groups":
            lint_groups(path, self._found, self._asked, split, None if every else OF_GROUPS)
        self._found.rows = rows

    def _file(self, path: Path) -> None:
        number = 0
        rejects = path.name == REJECTS
        if self._format.content == "rows" and not rejects:
            self._asked.begin(path, self._format.unit, self._manifest["split"])
        try:
            for row in json_lines(path) if rejects else self._entries(path):
                number += 1
                self._counts["rows/rejected" if rejects else "written/rows"] += 1
                self._found.rows += not rejects
                if not rejects:
                    self._row(path, self._place(path, number), row)
                elif set(row) != {"row", "field", "reason", "raw"}:
                    raise ValueError(
                        f"a rejected row needs row, field, reason and raw, but has {list(row)}"
                    )
        except (*_UNREADABLE, SourceError, pa.ArrowException) as error:
            detail = f"{type(error).__name__}: {error}"
            place, unit = self._place(path, number + 1)
            self._found.add("unreadable-data", path, place, detail, unit)
        if not rejects:
            self._end_group()
            if number:  # no statement has a label: the counts say so
                self._lint(path)

    def _place(self, path: Path, number: int) -> tuple[int, Unit]:
        """The number for a finding: lines and groups count from 1, rows of a table from 0."""
        unit = "line" if path.name == REJECTS else self._format.unit
        return number - (unit == "row"), unit

    def _entries(self, path: Path) -> Iterator[dict[str, Any]]:
        """The file's rows, pairs or groups; none if its columns are not the schema's, or if its
        form leaves line ends in the fields, as the published file does.
        """
        if self._breaks_rows:
            return self._pieces(path)
        stored = self._format.read(path)
        if stored.schema is not None:
            return stored.entries if self._has_our_schema(path, stored.schema) else iter(())
        return self._typed(stored.entries) if self._format.content == "rows" else stored.entries

    def _pieces(self, path: Path) -> Iterator[dict[str, Any]]:
        """No rows; finds the lines that are only a part of one."""
        with path.open("rb") as file:
            for number, line in enumerate(file, 1):
                self._found.rows += 1
                self._counts["written/rows"] += 1
                if line.count(b"\t") != 1:
                    self._found.add("broken-row", path, number, unit="line")
        yield from ()

    def _typed(self, rows: Iterator[dict[str, Any]]) -> Iterator[dict[str, Any]]:
        """The rows; ValueError if a row's columns or types are not the schema's."""
        schema = self._schema()
        while batch := list(islice(rows, BATCH_ROWS)):
            if record_batch(batch, schema).to_pylist() != batch:
                raise ValueError("columns or types that are not those of its records")
            yield from batch

    def _schema(self) -> pa.Schema:
        told = {key: it for key, it in self._manifest.items() if key == "subject"}
        return arrow_schema(self._manifest["records"], told)

    def _has_our_schema(self, path: Path, schema: pa.Schema) -> bool:
        for key, found in shard_facts(schema).items() or [("schema", None)]:
            if found != self._manifest.get(key):
                self._found.add("wrong-facts", path, detail=f"{key} {found}")
        equal: bool = schema.equals(self._schema())
        if not equal:
            self._found.add("wrong-columns", path)
        return equal

    def _row(self, path: Path, place: tuple[int, Unit], row: dict[str, Any]) -> None:
        content, records = self._format.content, self._manifest["records"]
        wrong: Iterable[tuple[str, object]] = ()
        if content == "groups":
            self._counts["sentences"] += len(row["golds"]) + len(row["distractors"])
        elif content == "pairs":
            if records == "declarative":
                self._counts[_LABEL_OF[row["output"]]] += 1
        elif records == "declarative":
            wrong = [*self._id(row), *self._statement(row)]
            if self._group and self._group[-1][1]["group"] != row["group"]:
                self._end_group()
            self._group.append((place[0], row))
        else:
            wrong = [*self._id(row), *self._example(row)]
            self._asked.add(asked_texts(*(row[name] for name in ASKED)), place[0])
        for trap, detail in wrong:
            self._found.add(trap, path, place[0], detail, place[1])

    def _id(self, row: dict[str, Any]) -> Iterator[tuple[str, object]]:
        """Ids that ascend are unique, so only the last one is stored."""
        name = f"{self._name}{row['subject']}-" if "subject" in row else self._name
        parts = _ID.fullmatch(row["id"].removeprefix(name))
        place = tuple(int(part or 0) for part in parts.groups()) if parts else (-1, -1, -1)
        mine = row["id"].startswith(f"{name}{row['row']}")
        if not mine or place[0] != row["row"] or place <= self._last:
            yield "wrong-id", row["id"]
        elif "group" in row and row["group"] != row["id"].rpartition("#")[0]:
            yield "wrong-id", f"{row['id']} of group {row['group']}"
        self._last = max(self._last, place)

    def _example(self, row: dict[str, Any]) -> Iterator[tuple[str, object]]:
        golds, output = row["golds"], row["output"]
        self._counts["examples/unlabelled" if output is None else "examples/labelled"] += 1
        self._counts.update(f"flags/{flag}" for flag in row["flags"])
        for statement in row["statements"]:
            yield from self._statement(statement)
            if statement["label"] is not (None if golds is None else statement["choice"] in golds):
                yield "wrong-label", statement["sentence"]
        self._place_golds(row)
        if row["kind"] == "multiple_choice" and golds:
            gold, profile = row["choices"][golds[0]], self._profile
            # In older outputs the choices are the source's, with its white space and case.
            whole = output == gold and not (profile.whole is not str and re.search("[A-Z]", gold))
            whole = whole or (bool(profile.own.template) and _is_published(output, gold, profile))
            if not whole and output != profile.whole(profile.clean(gold)):
                yield "wrong-answer", output
        elif row["kind"] != "multiple_choice" and self._profile.plain and output != _answer(row):
            yield "wrong-answer", output

    def _place_golds(self, row: dict[str, Any]) -> None:
        """Count where the golds are."""
        size, golds = len(row["choices"]), row["golds"] or ()
        if row["kind"] == "multiple_choice" and golds:
            self._golds.add(golds[0], size)
            self._counts.update(f"golds/{size}/{ascii_lowercase[gold]}" for gold in golds)
        elif row["kind"] == "yes_no" and golds:
            self._counts[f"golds/{YES_NO}/{row['choices'][golds[0]]}"] += 1

    def _end_group(self) -> None:
        """What the statements of one example ask together: which of them are true."""
        if not self._group:
            return
        number, first = self._group[0]
        rows = [row for _, row in self._group]
        self._group.clear()
        labelled = any(row["label"] is not None for row in rows)
        true = in_any_order(r["sentence"] for r in rows if r["label"] and not r["masked"])
        head = asked_head("", collapse(first["context"] or ""))
        sentences = [collapse(row["sentence"]) for row in rows]
        self._asked.add((head, sentences, true if labelled else None), number)

    def _statement(self, statement: dict[str, Any]) -> Iterator[tuple[str, object]]:
        label = _LABEL_NAMES[statement["label"]]
        self._counts.update([label, f"via/{statement['via']}"])
        self._counts["statements/masked"] += statement["masked"]
        self._counts["statements/ambiguous"] += bool(statement.get("flags"))
        told = statement["confidence"]
        least = self._manifest.get("min_confidence") or 0
        if told is not None and not least <= told <= 1:
            yield "wrong-confidence", told
        if "output" in statement and _LABEL_OF.get(statement["output"]) != label:
            yield "wrong-label", f"{statement['output']} for {statement['label']}"


def _answer(row: dict[str, Any]) -> str | None:
    """The output of free text or a yes/no question: its first reference, no answer, or its gold."""
    golds, choices = row["golds"], row["choices"]
    if golds is None:
        return None
    if row["kind"] == "free_text" and golds == list(range(len(choices))):
        return choices[0] if choices else NO_ANSWER
    return choices[golds[0]] if len(golds) == 1 and choices == ["yes", "no"] else None


def _is_published(output: str, gold: str, profile: Profile) -> bool:
    """Whether a published form writes the gold so: upstream cuts some golds, or writes letters."""
    if profile.own.answers in ("letter", "yes or no"):
        return output in (*profile.letters, "yes", "no")
    return "".join(gold.split()).casefold().startswith("".join(output.split()).casefold())


_AGAIN = "convert again with --overwrite"
OUTPUT_ERRORS = {
    "no-manifest": "data without manifest.json, so it is incomplete; run `uqa convert` again",
    "manifest-unreadable": f"{{}}; {_AGAIN}",
    "edited-manifest": f"its digest is not that of what it says, so it was edited; {_AGAIN}",
    "other-schema": f"written with schema {{}}, but this uqa has schema {SCHEMA_VERSION}; {_AGAIN}",
    "missing-share": "share {} is missing: convert it too, with --shard-index",
    "missing-file": f"listed in the manifest, but missing; {_AGAIN}",
    "wrong-size": f"{{}} bytes; the file was truncated or changed: {_AGAIN}",
    "wrong-sha256": f"changed: its sha256 is not the manifest's; {_AGAIN}",
    "unlisted-file": "not in the manifest, but readers would read it as data; move it elsewhere",
    "wrong-sum": f"the manifest's counts don't add up: {{}}; it was edited: {_AGAIN}",
    "wrong-count": f"{{}}; the manifest or a file was changed: {_AGAIN}",
    "wrong-facts": f"its metadata has {{}}, unlike the manifest; it is of another output: {_AGAIN}",
    "wrong-columns": f"its columns are not those of the manifest's records; {_AGAIN}",
    "unreadable-data": f"can't be read: {{}}; {_AGAIN}",
    "wrong-id": f"the id {{}} does not match its split and row, or is out of order; {_AGAIN}",
    "wrong-label": f"a statement's label contradicts the golds or its record: {{}}; {_AGAIN}",
    "other-rows": f"the rows do not ask what those that were converted ask; {_AGAIN}",
    "wrong-confidence": f"{{}} is no probability, or less than --min-confidence; {_AGAIN}",
    "wrong-answer": f"the output is not the gold choice's text: {{}}; {_AGAIN}",
}


OUTPUT_WARNINGS = {
    "split-size": "{}: convert the whole split's file, or name the split that it is",
    "split-twice": "the same split as {}: who reads the folder above takes its rows twice",
    "broken-row": "profile unifiedqa leaves line ends and tabs in these fields, as upstream "
    "did: lines are parts of rows, or have more columns; --profile canonical has whole rows",
    "interrupted": "a conversion is running or was interrupted; the same `uqa convert` resumes it",
}


AskedOf = dict[tuple[Path, bool], Asked]
"""What the rows of a dataset's splits ask, by their common folder; samples are apart."""


def check_output(folder: Path, found: Findings, datasets: AskedOf) -> None:
    """Compare everything in one output folder with its manifest; the caller reports what is asked
    in ``datasets``.
    """
    path = folder / MANIFEST
    try:
        manifest = _manifest(path)
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError, UsageError) as error:
        found.add("manifest-unreadable", path, detail=f"{type(error).__name__}: {error}")
        return
    before = sum(found.counts[trap] for trap in OUTPUT_ERRORS)
    counts = Counter(dict(_flat(manifest["counts"])))
    for wrong in _wrong_sums(counts, manifest["records"]):
        found.add("wrong-sum", path, detail=wrong)
    _size(path, manifest, found)
    sound = _files(folder, manifest, found)
    if manifest["schema"] != SCHEMA_VERSION:
        found.add("other-schema", path, detail=manifest["schema"])
    elif sound:
        asked = datasets.setdefault((folder.parent, manifest["sample"]), Asked())
        Recount(folder, manifest, found, asked).compare(counts)
    digest = manifest.get("digest")  # absent in an output of an earlier version
    told = before < sum(found.counts[trap] for trap in OUTPUT_ERRORS)
    if not told and digest is not None and digest != manifest_digest(manifest):
        found.add("edited-manifest", path)


def _size(path: Path, manifest: Manifest, found: Findings) -> None:
    """Whether the rows are the whole split; not asked of a share, which is a part of it."""
    size = manifest.get("split_size")  # absent in an output of an earlier version
    if size is None:
        return
    counts, known = manifest["counts"], size["known"]
    examples = example_count(counts["examples"])
    if size != split_size(counts["rows"], known, manifest["limit"], manifest["share"], examples):
        found.add("wrong-sum", path, detail=f"split_size: {size}")
    elif manifest["share"][1] == 1 and (size["partial"] or known not in (None, size["read"])):
        found.add("split-size", path, detail=size_words(size))


def _manifest(path: Path) -> Manifest:
    """The manifest; raises a built-in exception if a needed field is missing or wrong."""
    manifest: Manifest = orjson.loads(path.read_bytes())
    profile_named(manifest["profile"])
    typed: list[tuple[object, type]] = [
        (manifest[key], str) for key in ("dataset", "split", "recipe")
    ]
    typed += [(manifest["schema"], int), (manifest["sample"], bool), (manifest["files"], list)]
    for file in manifest["files"]:
        typed += [(file["path"], str), (file["bytes"], int), (file["sha256"], str)]
        if Path(file["path"]).name != file["path"]:
            raise ValueError(f"{file['path']} is not a file name")
    if (size := manifest.get("split_size")) is not None:
        typed += [(manifest["counts"]["rows"]["skipped"], dict)]
        numbers = size["read"], size["known"] or 0, manifest["limit"] or 1
        _, shares = manifest["share"]
        typed += [(number, int) for number in (*numbers, shares)]
    if (repeated := manifest.get("repeated")) is not None:
        typed += [(repeated[name], int) for name in ("contradictory", "equal")]
    for value, kind in typed:
        if not isinstance(value, kind):
            raise TypeError(f"{value!r} is not of type {kind.__name__}")
    known = FORMATS.get(manifest["format"])
    if known is None or manifest["records"] not in known.records:
        raise ValueError(f"no format {manifest['format']!r} of {manifest['records']!r} records")
    if missing := set(dict(_flat(tree(Counter())))) - set(dict(_flat(manifest["counts"]))):
        raise KeyError(f"counts of {', '.join(sorted(missing))}")
    return manifest


def _flat(counts: dict[str, Any], above: str = "") -> Iterator[tuple[str, int]]:
    """The manifest's nested counts by path, the inverse of ``chunk.tree``."""
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

    examples, statements = total(*_EXAMPLES), total(*LABELS)
    rows = statements if records == "declarative" else examples
    for what, whole, parts in (
        ("rows read", counts["rows/read"], total("rows/used", "rows/skipped/", "rows/rejected")),
        ("statements, by via", statements, total("via/")),
        ("rows to write", rows, total("written/")),
    ):
        if whole != parts:
            yield f"{what}: {whole}, but the sum of its parts is {parts}"
    for what, part, whole in (
        ("rows used, of examples", counts["rows/used"], examples),
        ("masked, of statements", counts["statements/masked"], statements),
        ("distinct asks, of asks", counts["asks/distinct per chunk"], counts["asks/asked"]),
    ):
        if part > whole:
            yield f"{what}: {part} of {whole}"


def _files(folder: Path, manifest: Manifest, found: Findings) -> bool:
    """True if all listed files have their digests; an unlisted data file is a finding too."""
    before = found.counts.total()
    for file in manifest["files"]:
        path = folder / file["path"]
        if not path.is_file():
            found.add("missing-file", path)
        elif (size := path.stat().st_size) != file["bytes"]:
            found.add("wrong-size", path, detail=f"{size} instead of {file['bytes']}")
        elif sha256_of(path) != file["sha256"]:
            found.add("wrong-sha256", path)
    sound = found.counts.total() == before
    listed = {MANIFEST, *(file["path"] for file in manifest["files"])}
    for path in sorted(folder.iterdir()):
        data = is_data(path.name) and not path.name.startswith(".")
        if data and path.name not in listed:
            found.add("unlisted-file", path)
    return sound
