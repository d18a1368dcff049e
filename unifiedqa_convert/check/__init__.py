"""`uqa check`: compare an output with its manifest, or find traps in a TSV or Vera JSON."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from unifiedqa_convert.check.findings import ERRORS, WARNINGS, Finding, Findings
from unifiedqa_convert.check.output import (
    OUTPUT_ERRORS,
    OUTPUT_WARNINGS,
    AskedOf,
    check_output,
)
from unifiedqa_convert.check.tsv import lint_tsv
from unifiedqa_convert.check.vera_json import lint_vera
from unifiedqa_convert.conversion.output_folder import MANIFEST, OutputFolder
from unifiedqa_convert.errors import SourceError, UsageError
from unifiedqa_convert.records.formats import FORMATS, is_shard
from unifiedqa_convert.rows.compression import check_is_text

Kind = Literal["output", "outputs", "tsv", "vera"]
_LINTERS: dict[Literal["tsv", "vera"], Callable[[Path, Findings], None]] = {
    "tsv": lint_tsv,
    "vera": lint_vera,
}
_SHARE = re.compile(r"(.+)\.(\d{5})-of-(\d{5})")
_INTERRUPTED = re.compile(r"\..+\.(work|uqa-[0-9a-f]{8})")


@dataclass(frozen=True)
class Report:
    """What was checked, and the problems that were found."""

    kind: Kind
    path: Path
    findings: tuple[Finding, ...]
    """The first few of each trap."""
    counts: dict[str, int]
    """All findings, per trap."""
    rows: int
    """The number of rows, lines or groups that were checked."""

    @property
    def ok(self) -> bool:
        """True if there are no errors."""
        return all(finding.severity == "warning" for finding in self.findings)


def check_path(path: Path) -> Report:
    """Check an output folder, a folder that contains some, a UnifiedQA TSV or a Vera JSON.

    Raises SourceError if the path can't be read, UsageError if it is none of these.
    """
    found = Findings(ERRORS | OUTPUT_ERRORS, WARNINGS | OUTPUT_WARNINGS)
    try:
        kind = _look(path, found)
    except OSError as error:
        reason = f"{error.filename or path}: {error.strerror or error}"
        raise SourceError(f"{reason}; correct the path or its permissions") from error
    return Report(kind, path, tuple(found.listed), dict(found.counts), found.rows)


def report_lines(report: Report) -> list[str]:
    """The report as text: per trap the first finding and the places of the next; a summary."""
    lines = []
    for trap in report.counts:
        first, *others = [finding for finding in report.findings if finding.trap == trap]
        place = f"{first.file}, {_place(first)}" if first.number is not None else first.file
        lines.append(f"{first.severity} {trap}: {place}: {first.message}")
        if more := report.counts[trap] - 1:
            places = ", ".join(_another(finding, first.file) for finding in others)
            lines.append(f"  and {more} more: {places}{', …' if more > len(others) else ''}")
    severities = {finding.trap: finding.severity for finding in report.findings}
    totals = Counter[str]()
    for trap, number in report.counts.items():
        totals[severities[trap]] += number
    verdict = ", ".join(
        f"{totals[kind]} {kind}{'s' if totals[kind] > 1 else ''}"
        for kind in ("error", "warning")
        if totals[kind]
    )
    lines.append(
        f"{report.path}: {report.kind}, {report.rows:,} rows: {verdict}"
        if verdict
        else f"OK: {report.path}: {report.kind}, {report.rows:,} rows, no problems"
    )
    return lines


def _place(finding: Finding) -> str:
    return f"{finding.unit} {finding.number}"


def _another(finding: Finding, file: str) -> str:
    """The place of another finding of a trap, and its detail: ``line 25 (clumsy)``."""
    place = [finding.file] if finding.file != file else []
    place += [_place(finding)] if finding.number is not None else []
    place += [f"({finding.detail})"] if finding.detail else []
    return " ".join(place) or finding.message


def report_as_json(report: Report) -> dict[str, Any]:
    """The report as plain data, for `--json`."""
    return {
        "path": str(report.path),
        "kind": report.kind,
        "ok": report.ok,
        "rows": report.rows,
        "counts": report.counts,
        "findings": [finding._asdict() for finding in report.findings],
    }


def _look(path: Path, found: Findings) -> Kind:
    if path.is_dir():
        return _folder(path, found)
    linters = {f".{FORMATS[kind].suffix}": (kind, lint) for kind, lint in _LINTERS.items()}
    if not path.exists():
        raise SourceError(f"{path}: no such file or folder; correct the path")
    if path.suffix.lower() not in linters or not path.is_file():
        raise UsageError(
            f"{path}: neither an output folder (with {MANIFEST}), nor a UnifiedQA .tsv, nor a "
            "Vera .json; give one of these"
        )
    kind, lint = linters[path.suffix.lower()]
    check_is_text(path)
    lint(path, found)
    return kind


def _folder(path: Path, found: Findings) -> Kind:
    """Check one output, or all below a folder; report what interrupted conversions left there."""
    if (path / MANIFEST).is_file():
        alone: AskedOf = {}
        check_output(path, found, alone)
        for asked in alone.values():
            asked.report(found)
        if (remnant := OutputFolder(path.resolve()).work).is_dir():
            found.add("interrupted", remnant)
        return "output"
    outputs = [Path(name) for name in _outputs_below(path, found)]
    datasets: AskedOf = {}
    again = _splits_again(outputs)
    for output in outputs:  # a split that is there twice is compared once
        check_output(output, found, {} if output in again else datasets)
    for asked in datasets.values():
        asked.report(found)
    for output, other in {other: output for output, other in reversed(again.items())}.items():
        found.add("split-twice", other, detail=output.name)
    for split, absent in _missing_shares(outputs):
        found.add("missing-share", split, detail=", ".join(map(str, absent)))
    if not outputs and not found.counts:
        raise UsageError(
            f"{path} holds no output of `uqa convert`; give a folder with {MANIFEST} or one that "
            "contains such folders, a UnifiedQA .tsv or a Vera .json"
        )
    return "outputs"


def _outputs_below(path: Path, found: Findings) -> Iterator[str]:
    """Folders with a manifest; interrupted conversions and missing manifests become findings."""
    for name, folders, files in os.walk(path):
        for folder in sorted(folders):
            if _INTERRUPTED.fullmatch(folder):
                found.add("interrupted", Path(name, folder))
        folders[:] = sorted(folder for folder in folders if not folder.startswith("."))
        if MANIFEST in files:
            yield name
        elif any(map(is_shard, files)):
            found.add("no-manifest", Path(name))


def _splits_again(outputs: list[Path]) -> dict[Path, Path]:
    """Outputs of a split that is there already, whole or in another number of shares: by output,
    the other one.
    """
    first: dict[Path, tuple[int, Path]] = {}
    again = {}
    for folder in outputs:
        share = _SHARE.fullmatch(folder.name)
        split, shares = (folder.with_name(share[1]), int(share[3])) if share else (folder, 1)
        known, other = first.setdefault(split, (shares, folder))
        if known != shares:
            again[folder] = other
    return again


def _missing_shares(outputs: list[Path]) -> Iterator[tuple[Path, list[int]]]:
    """Each split that was converted in shares (--num-shards), with the missing shares' numbers."""
    present: dict[tuple[Path, int], set[int]] = {}
    for folder in outputs:
        if share := _SHARE.fullmatch(folder.name):
            split = folder.with_name(share[1])
            present.setdefault((split, int(share[3])), set()).add(int(share[2]))
    for (split, shares), found in present.items():
        if absent := sorted(set(range(shares)) - found):
            yield split, absent
