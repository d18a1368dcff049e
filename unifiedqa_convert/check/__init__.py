"""`uqa check`: an output of ours against its manifest, or another's TSV or Vera JSON for traps."""

import os
import re
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from unifiedqa_convert.check.findings import ERRORS, WARNINGS, Finding, Findings
from unifiedqa_convert.check.output import OUTPUT_ERRORS, OUTPUT_WARNINGS, check_output
from unifiedqa_convert.check.tsv import lint_tsv
from unifiedqa_convert.check.vera_json import lint_vera
from unifiedqa_convert.conversion.output_folder import MANIFEST, OutputFolder
from unifiedqa_convert.errors import SourceError, UsageError
from unifiedqa_convert.records.formats import FORMATS, is_shard

Kind = Literal["output", "outputs", "tsv", "vera"]
_LINTERS: dict[Literal["tsv", "vera"], Callable[[Path, Findings], None]] = {
    "tsv": lint_tsv,
    "vera": lint_vera,
}
_SHARE = re.compile(r"(.+)\.(\d{5})-of-(\d{5})")
_LEFT = re.compile(r"\..+\.(work|replaced)")


@dataclass(frozen=True)
class Report:
    """What was looked at, and what is wrong with it."""

    kind: Kind
    path: Path
    findings: tuple[Finding, ...]
    """The first few of each trap."""
    counts: dict[str, int]
    """All findings, per trap."""
    rows: int
    """How many rows, lines or groups were looked at."""

    @property
    def ok(self) -> bool:
        """True if there are no errors."""
        return all(finding.severity == "warning" for finding in self.findings)


def check_path(path: Path) -> Report:
    """Check an output folder, a folder above some, a UnifiedQA TSV or a Vera JSON.

    Raises SourceError for a path that can't be read, UsageError for one of no such kind.
    """
    found = Findings(ERRORS | OUTPUT_ERRORS, WARNINGS | OUTPUT_WARNINGS)
    try:
        kind = _look(path, found)
    except OSError as error:
        reason = f"{error.filename or path}: {error.strerror or error}"
        raise SourceError(f"{reason}; correct the path, or its permissions") from error
    return Report(kind, path, tuple(found.listed), dict(found.counts), found.rows)


def report_lines(report: Report) -> list[str]:
    """Lines for people: of each trap the first finding, where the next are, and the verdict."""
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
    verdict = ", ".join(f"{totals[kind]} {kind}s" for kind in ("error", "warning") if totals[kind])
    lines.append(
        f"{report.path}: {report.kind}, {report.rows:,} rows: {verdict}"
        if verdict
        else f"OK: {report.path}: {report.kind}, {report.rows:,} rows, no problems"
    )
    return lines


def _place(finding: Finding) -> str:
    return f"{finding.unit} {finding.number}"


def _another(finding: Finding, file: str) -> str:
    """Where a trap stands again, and with what: ``line 25 (clumsy)``."""
    place = [finding.file] if finding.file != file else []
    place += [_place(finding)] if finding.number is not None else []
    place += [f"({finding.detail})"] if finding.detail else []
    return " ".join(place) or finding.message


def report_as_json(report: Report) -> dict[str, Any]:
    """The report for programs."""
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
        raise SourceError(f"{path} is not there: correct the path, or `uqa convert` first")
    if path.suffix.lower() not in linters or not path.is_file():
        raise UsageError(
            f"{path}: neither an output folder (with {MANIFEST}), nor a UnifiedQA .tsv, nor a "
            "Vera .json; rename the file, or give the folder"
        )
    kind, lint = linters[path.suffix.lower()]
    lint(path, found)
    return kind


def _folder(path: Path, found: Findings) -> Kind:
    """One output, or every one below a folder, and what interrupted conversions left there."""
    if (path / MANIFEST).is_file():
        check_output(path, found)
        place = OutputFolder(path.resolve())
        for left in (place.work, place.replaced):
            if left.is_dir():
                found.add("interrupted", left)
        return "output"
    outputs = [Path(name) for name in _outputs_below(path, found)]
    for output in outputs:
        check_output(output, found)
    for split, absent in _missing_shares(outputs):
        found.add("missing-share", split, detail=", ".join(map(str, absent)))
    if not outputs and not found.counts:
        raise UsageError(f"{path} holds no output of uqa; give one, or a .tsv or .json file")
    return "outputs"


def _outputs_below(path: Path, found: Findings) -> Iterator[str]:
    """The folders with a manifest; what is interrupted, or lacks its manifest, is a finding."""
    for name, folders, files in os.walk(path):
        for folder in sorted(folders):
            if _LEFT.fullmatch(folder):
                found.add("interrupted", Path(name, folder))
        folders[:] = sorted(folder for folder in folders if not folder.startswith("."))
        if MANIFEST in files:
            yield name
        elif any(map(is_shard, files)):
            found.add("no-manifest", Path(name))


def _missing_shares(outputs: list[Path]) -> Iterator[tuple[Path, list[int]]]:
    """Each split that was made in shares, with the numbers of those that are not there."""
    there: dict[tuple[Path, int], set[int]] = {}
    for folder in outputs:
        if share := _SHARE.fullmatch(folder.name):
            split = folder.with_name(share[1])
            there.setdefault((split, int(share[3])), set()).add(int(share[2]))
    for (split, shares), found in there.items():
        if absent := sorted(set(range(shares)) - found):
            yield split, absent
