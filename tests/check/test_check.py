"""`uqa check`: what was changed in an output is found; each trap of others' files is named."""

import csv
import gzip
import hashlib
import io
import json
import random
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import IO, Any, cast, get_args

import pytest
from outputs import raw_file, request

from unifiedqa_convert.check import (
    Report,
    check_path,
    findings,
    report_as_json,
    report_lines,
    several_rows,
)
from unifiedqa_convert.check import tsv as lint_tsv
from unifiedqa_convert.cli.convert import summary
from unifiedqa_convert.conversion.pipeline import convert
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.datasets.registry import load_adapter
from unifiedqa_convert.errors import SourceError, UsageError
from unifiedqa_convert.records import formats
from unifiedqa_convert.records.formats import FORMATS, Format, OutputFormat, Stored
from unifiedqa_convert.records.profiles import Records
from unifiedqa_convert.rows.custom_file import Columns
from unifiedqa_convert.schema import Split


@pytest.fixture(autouse=True)
def _as_long_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    """The training split of these tests has a few invented rows; COPA's has 400."""
    splits = load_adapter("copa").source.splits
    monkeypatch.setitem(cast(dict[str, Split], splits), "train", Split())


def told_of(report: Report) -> set[str]:
    return {finding.trap for finding in report.findings}


LAYOUTS = [(to, records) for to, form in FORMATS.items() for records in form.records]


def copa(tmp_path: Path, to: Format = "jsonl", records: Records | None = None) -> Path:
    """COPA's training split in shards of 5, one row of 12 rejected: an output with every file."""
    raw = tmp_path / "rows.jsonl"
    row = {"choice1": "The cat slept.", "choice2": "I woke up.", "question": "effect"}
    rows = [
        {"premise": f"Event {n} took place.", **row, "label": n % 2, "idx": n} for n in range(12)
    ]
    rows[6]["label"] = 7
    raw.write_text("".join(json.dumps(row) + "\n" for row in rows))
    request = Request(
        dataset="copa", split="train", raw=(raw,), to=to, records=records,
        out=tmp_path / "out", shard_rows=5, max_rejects=1,
    )  # fmt: skip
    return convert(request).folder


def traps(path: Path) -> dict[str, int]:
    return check_path(path).counts


def edit(folder: Path, change: Callable[[dict[str, Any]], object]) -> None:
    manifest = json.loads((folder / "manifest.json").read_text())
    change(manifest)
    (folder / "manifest.json").write_text(json.dumps(manifest))


def forge(folder: Path, name: str, change: Callable[[str], str]) -> None:
    """Change a file and make the manifest list it as it is now: what a digest can't find."""
    path = folder / name
    path.write_text(change(path.read_text()))

    def relist(manifest: dict[str, Any]) -> None:
        (entry,) = (file for file in manifest["files"] if file["path"] == name)
        entry["bytes"] = path.stat().st_size
        entry["sha256"] = hashlib.sha256(path.read_bytes()).hexdigest()

    edit(folder, relist)


@pytest.mark.parametrize(("to", "records"), LAYOUTS)
@pytest.mark.parametrize("dataset", ["sciq", "copa", "csqa2", "openbookqa_fact"])
def test_our_outputs_are_as_they_were_written(
    tmp_path: Path, dataset: str, to: Format, records: Records
) -> None:
    split = "validation" if dataset == "sciq" else "train"
    for recipe in ("clean", "vera"):
        request = Request(
            dataset=dataset, split=split, source="sample", to=to, records=records,
            recipe=recipe, out=tmp_path / recipe,
        )  # fmt: skip
        made = convert(request)
        report = check_path(made.folder)
        # The folder has the traps of its files (the sample has some), and golds at one place.
        files = [check_path(path) for path in made.folder.glob("data-*") if to in ("tsv", "vera")]
        of_files = {trap for file in files for trap in file.counts}
        if recipe == "clean" and records == "question":
            assert told_of(report) >= of_files
        assert (report.kind, told_of(report) - of_files - {"gold-position"}) == ("output", set())
        assert report.rows == made.manifest["counts"]["written"]["rows"] > 0
    assert check_path(tmp_path).kind == "outputs"
    assert check_path(tmp_path).ok or to in ("tsv", "vera")


@pytest.mark.parametrize(("to", "records"), LAYOUTS)
def test_shards_and_rejects(tmp_path: Path, to: Format, records: Records) -> None:
    folder = copa(tmp_path, to, records)
    assert len(list(folder.glob("data-*"))) == 3
    assert check_path(folder).findings == ()


@pytest.mark.parametrize("to", FORMATS)
def test_every_flipped_bit_is_found(tmp_path: Path, to: Format) -> None:
    folder = copa(tmp_path, to)
    draw = random.Random(19260817)
    found = flipped = 0
    for path in sorted(folder.iterdir()):
        if path.name == "manifest.json":
            continue
        kept = path.read_bytes()
        for _ in range(50):
            spoilt = bytearray(kept)
            spoilt[draw.randrange(len(kept))] ^= 1 << draw.randrange(8)
            path.write_bytes(spoilt)
            report = check_path(folder)
            flipped += 1
            found += [(f.trap, f.file) for f in report.findings] == [("wrong-sha256", str(path))]
            assert not report.ok
        path.write_bytes(kept)
    assert found == flipped >= 200
    assert check_path(folder).ok


def test_a_flipped_bit_in_the_manifest_is_no_traceback(tmp_path: Path) -> None:
    path = copa(tmp_path) / "manifest.json"
    kept = path.read_bytes()
    draw = random.Random(1)
    for _ in range(300):
        spoilt = bytearray(kept)
        spoilt[draw.randrange(len(kept))] ^= 1 << draw.randrange(8)
        path.write_bytes(spoilt)
        assert report_lines(check_path(path.parent))


def test_files_cut_gone_added(tmp_path: Path) -> None:
    folder = copa(tmp_path, "parquet")
    first, second = folder / "data-00000.parquet", folder / "data-00001.parquet"
    first.write_bytes(first.read_bytes()[:-1])
    second.unlink()
    (folder / "data-00003.parquet").write_bytes(b"")
    (folder / "notes.txt").touch()
    assert traps(folder) == {"wrong-size": 1, "missing-file": 1, "unlisted-file": 1}


@pytest.mark.parametrize(
    ("path", "value", "trap"),
    [
        ("counts/rows/read", 13, "wrong-sum"),
        ("counts/rows/used", 12, "wrong-sum"),
        ("counts/rows/skipped", {"a reason": 1}, "wrong-sum"),
        ("counts/rows/rejected", 0, "wrong-count"),
        ("counts/examples/labelled", 10, "wrong-count"),
        ("counts/examples/unlabelled", 1, "wrong-count"),
        ("counts/statements/true", 10, "wrong-count"),
        ("counts/statements/unknown", 1, "wrong-sum"),
        ("counts/statements/masked", 1, "wrong-count"),
        ("counts/statements/ambiguous", 1, "wrong-count"),
        ("counts/statements/masked", 99, "wrong-sum"),
        ("counts/via/given", 21, "wrong-sum"),
        ("counts/via/rules", 1, "wrong-count"),
        ("counts/flags", {"ambiguous-record": 1}, "wrong-count"),
        ("counts/asks/distinct per chunk", 1, "wrong-sum"),
        ("counts/written/rows", 12, "wrong-count"),
        ("counts/written/left out", {"a reason": 1}, "wrong-sum"),
        ("counts/written/rows", -1, "manifest-unreadable"),
        ("counts/written/rows", True, "manifest-unreadable"),
        ("counts/written", {}, "manifest-unreadable"),
        ("counts", None, "manifest-unreadable"),
        ("files", None, "manifest-unreadable"),
        ("files", [{"path": "../rows.jsonl", "bytes": 1, "sha256": ""}], "manifest-unreadable"),
        ("format", "yaml", "manifest-unreadable"),
        ("records", [], "manifest-unreadable"),
        ("profile", "mine", "manifest-unreadable"),
        ("sample", "no", "manifest-unreadable"),
        ("schema", 99, "other-schema"),
        ("records", "question", "unreadable-data"),
        ("format", "vera", "manifest-unreadable"),  # which can't hold its records
        ("format", "parquet", "unreadable-data"),
        ("dataset", "sciq", "wrong-id"),
        ("profile", "unifiedqa-train", "wrong-answer"),
    ],
)
def test_an_edited_manifest(tmp_path: Path, path: str, value: object, trap: str) -> None:
    folder = copa(tmp_path)

    def change(manifest: dict[str, Any]) -> None:
        *parents, leaf = path.split("/")
        for parent in parents:
            manifest = manifest[parent]
        manifest[leaf] = value

    edit(folder, change)
    report = check_path(folder)
    assert trap in report.counts
    assert not report.ok


@pytest.mark.parametrize("text", ["", "[]", "{", '"text"', "[" * 100_000, "\xff", '{"files": 1}'])
def test_a_manifest_that_is_none(tmp_path: Path, text: str) -> None:
    (tmp_path / "manifest.json").write_bytes(text.encode("latin-1"))
    assert traps(tmp_path) == {"manifest-unreadable": 1}


@pytest.mark.parametrize("to", [to for to, form in FORMATS.items() if form.in_batches])
@pytest.mark.parametrize("key", ["dataset", "split", "profile", "recipe", "sample", "records"])
def test_a_shard_that_says_something_else(tmp_path: Path, to: Format, key: str) -> None:
    folder = copa(tmp_path, to)
    other = {"profile": "rainier", "sample": True, "records": "question"}
    edit(folder, lambda manifest: manifest.update({key: other.get(key, "other")}))
    report = check_path(folder)
    assert report.counts["wrong-facts"] == 3
    assert any(key in f.message for f in report.findings if f.trap == "wrong-facts")


def swap(old: str, new: str, times: int = 1) -> Callable[[str], str]:
    def change(text: str) -> str:
        assert old in text
        return text.replace(old, new, times)

    return change


@pytest.mark.parametrize(
    ("to", "records", "change", "trap"),
    [
        ("jsonl", "both", swap('"label":true', '"label":false'), "wrong-label"),
        ("jsonl", "both", swap('"output":"yes"', '"output":"no"'), "wrong-label"),
        ("jsonl", "both", swap('"golds":[0]', '"golds":[1]'), "wrong-label"),
        ("jsonl", "both", swap('"golds":[0]', '"golds":null'), "wrong-label"),
        ("jsonl", "both", swap('"confidence":1.0', '"confidence":1.1'), "wrong-confidence"),
        ("jsonl", "both", swap('"output":"The cat slept."', '"output":"A cat"'), "wrong-answer"),
        ("jsonl", "both", swap('"output":"The cat slept."', '"output":null'), "wrong-count"),
        ("jsonl", "both", swap("copa-train-1", "copa-train-0"), "wrong-id"),
        ("jsonl", "both", swap("copa-train-1", "copa-train-01"), "wrong-id"),
        ("jsonl", "both", swap("copa-train-1", "copa-test-1"), "wrong-id"),
        ("jsonl", "both", lambda text: text + text.splitlines(True)[0], "wrong-id"),
        ("jsonl", "both", swap('"row":1', '"row":2'), "wrong-id"),
        ("jsonl", "both", swap('"row":1', '"row":"1"'), "unreadable-data"),
        ("jsonl", "both", swap('"row":1', '"line":1'), "unreadable-data"),
        ("jsonl", "both", swap('"via":"given"', '"via":"rules"'), "wrong-count"),
        ("jsonl", "both", swap('"flags":[]', '"flags":["odd"]'), "wrong-count"),
        ("jsonl", "both", lambda text: text.partition("\n")[2], "wrong-count"),
        ("jsonl", "both", lambda text: text[:-9], "unreadable-data"),
        ("jsonl", "declarative", swap('"label":true', '"label":false'), "wrong-label"),
        ("jsonl", "declarative", swap("#1", "#0"), "wrong-id"),
        (
            "jsonl",
            "declarative",
            swap('"group":"copa-train-0', '"group":"copa-train-1'),
            "wrong-id",
        ),
        ("jsonl", "declarative", lambda text: text.partition("\n")[2], "wrong-count"),
        ("tsv", "question", lambda text: text.partition("\n")[2], "wrong-count"),
        ("tsv", "question", swap("\t", " "), "unreadable-data"),
        ("tsv", "declarative", swap("\tyes", "\tno"), "wrong-count"),
        ("tsv", "declarative", swap("\tyes", "\tja"), "unreadable-data"),
        ("vera", "question", lambda _: "[]", "wrong-count"),
        ("vera", "question", swap('"distractors": [', '"distractors": ["More.",'), "wrong-count"),
        ("vera", "question", lambda text: text[:-5], "unreadable-data"),
    ],
)
def test_forged_rows(
    tmp_path: Path, to: Format, records: Records, change: Callable[[str], str], trap: str
) -> None:
    folder = copa(tmp_path, to, records)
    forge(folder, f"data-00000.{FORMATS[to].suffix}", change)
    report = check_path(folder)
    assert trap in report.counts
    assert "wrong-sha256" not in report.counts


@pytest.mark.parametrize(
    ("dataset", "change", "trap"),
    [
        ("squad2", swap('"output":"<No Answer>"', '"output":"Ida"'), "wrong-answer"),
        ("squad2", swap('"golds":[]', '"golds":[0]'), "wrong-answer"),
        ("squad2", swap('"golds":[0,1]', '"golds":[1]'), "wrong-answer"),
        ("squad2", swap('"label":true', '"label":false'), "wrong-label"),
        ("boolq", swap('"golds":[0]', '"golds":[1]'), "wrong-answer"),
        ("boolq", swap('"output":"yes"', '"output":"no"'), "wrong-answer"),
    ],
)
def test_forged_free_text_and_yes_no(
    tmp_path: Path, dataset: str, change: Callable[[str], str], trap: str
) -> None:
    request = Request(
        dataset=dataset, split="validation", source="sample", to="jsonl", out=tmp_path
    )
    folder = convert(request).folder
    assert check_path(folder).ok
    forge(folder, "data-00000.jsonl", change)
    assert trap in check_path(folder).counts


def test_forged_rejects(tmp_path: Path) -> None:
    folder = copa(tmp_path)
    forge(folder, "rejects.jsonl", lambda text: text * 2)
    assert traps(folder) == {"wrong-count": 1}
    forge(folder, "rejects.jsonl", lambda _: '{"row": 6}\n')
    assert traps(folder) == {"unreadable-data": 1}


def test_a_part_of_a_split_is_told_and_its_mark_can_not_be_edited(tmp_path: Path) -> None:
    made = convert(request(raw_file(tmp_path, 90), tmp_path / "out", split="validation"))
    (finding,) = check_path(made.folder).findings
    assert (finding.trap, finding.severity) == ("split-size", "warning")
    assert "90 of 100 rows" in finding.message
    edit(made.folder, lambda manifest: manifest["split_size"].update(partial=False))
    assert traps(made.folder) == {"wrong-sum": 1}
    edit(made.folder, lambda manifest: manifest.update(split_size="all"))
    assert traps(made.folder) == {"manifest-unreadable": 1}
    for key in ("split_size", "digest"):  # an earlier version's has neither
        edit(made.folder, lambda manifest, key=key: manifest.pop(key))  # type: ignore[misc]
    assert traps(made.folder) == {}
    shares = [
        convert(request(raw_file(tmp_path, 100), tmp_path / "s", split="validation", **share))
        for share in ({"shard_rows": 50, "num_shards": 2, "shard_index": k} for k in range(2))
    ]
    assert [share.manifest["split_size"]["partial"] for share in shares] == [True, True]
    assert traps(tmp_path / "s") == {}, "each is a part, together they are the split"


def test_interrupted_and_incomplete(tmp_path: Path) -> None:
    folder = copa(tmp_path)
    (folder.parent / ".train.work" / "output").mkdir(parents=True)
    (folder.parent / ".train.work" / "output" / "manifest.json").touch()
    (folder.parent / ".test.uqa-0123abcd").mkdir()
    assert traps(folder) == {"interrupted": 1}
    assert check_path(folder).ok
    assert traps(tmp_path) == {"interrupted": 2}
    (folder / "manifest.json").unlink()
    assert traps(tmp_path) == {"interrupted": 2, "no-manifest": 1}
    assert not check_path(folder).ok


@pytest.mark.parametrize("name", ["rows.tsv", "groups.json"])
@pytest.mark.parametrize(
    ("content", "says"),
    [
        (b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 9\n", "git lfs pull"),
        (b"<!doctype html><html>Sign in</html>", "an HTML page, not data"),
        ("Is it?\tyes\n".encode("utf-16"), "UTF-16 text, not UTF-8"),
        (gzip.compress(b"Is it?\tyes\n", mtime=0), "this is gzip, not text; unpack it"),
        (b"PAR1\x15\x04", "this is Parquet, not text"),
    ],
)
def test_a_file_that_is_no_text_is_named(
    tmp_path: Path, name: str, content: bytes, says: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError) as raised:
        check_path(tmp_path / name)
    assert says in str(raised.value)


def test_paths_that_are_nothing_to_check(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(SourceError, match="absent: no such file or folder"):
        check_path(tmp_path / "absent")
    with pytest.raises(UsageError, match="holds no output"):
        check_path(tmp_path)
    (tmp_path / "rows.csv").touch()
    with pytest.raises(UsageError, match="neither an output folder"):
        check_path(tmp_path / "rows.csv")
    path = tsv(tmp_path, CLEAN)

    def refuse(*_: object) -> None:
        raise PermissionError(13, "Permission denied", str(path))

    monkeypatch.setattr(Path, "open", refuse)
    with pytest.raises(SourceError, match=r"rows\.tsv: .*Permission denied"):
        check_path(path)


# --- other people's files ---------------------------------------------------------------------

CLEAN = [
    r"What is warm? \n (a) ice (b) soup (c) snow" + "\tsoup",
    r"What is cold? \n (a) ice (b) soup \n The cook (a) slept." + "\tice",
    "Do fish swim?\tyes",
    r"Who sat on f(a)? \n (Title) A dog sat there." + "\ta dog",
    r"What is f(2)? \n (a) f(x) (b) 4 (c) (1) or 2" + "\t4",
]


def tsv(folder: Path, lines: list[str], end: str = "\n") -> Path:
    path = folder / "rows.tsv"
    path.write_bytes("".join(line + end for line in lines).encode("utf-8", "surrogateescape"))
    return path


def vera(folder: Path, *groups: object) -> Path:
    path = folder / "groups.json"
    path.write_text(json.dumps(groups))
    return path


def test_a_clean_tsv(tmp_path: Path) -> None:
    report = check_path(tsv(tmp_path, CLEAN))
    assert (report.kind, report.findings, report.rows) == ("tsv", (), 5)


@pytest.mark.parametrize(
    ("line", "trap"),
    [
        ("one field only", "no-tab"),
        ("q\tan answer\tits other answer", "field-count"),
        ("", "blank-line"),
        ("q \udcff\ta", "not-utf8"),
        (r"q\n(a) x (b) y" + "\tx", "separator-without-spaces"),
        (r"q \\n (a) x (b) y" + "\tx", "separator-without-spaces"),
        (r"a\newline story" + "\tx", "separator-without-spaces"),
        ("q (a) x (b) y\tx", "missing-separator"),
        ("q | (A) x (B) y\tx", "missing-separator"),
        (r"q \n (a) x (b) y \n one \n two" + "\tx", "too-many-parts"),
        (r"q \n (a) x (b) y \n " + "\tx", "empty-part"),
        (r"q \n a passage \n (a) x (b) y" + "\tx", "misplaced-choices"),
        (r"q \n (A) x (B) y" + "\tx", "upper-case-markers"),
        (r"q \n (1) x (2) y" + "\tx", "numeric-markers"),
        (r"q \n (0) x (1) y" + "\tx", "numeric-markers"),
        (r"q \n (a)x (b)y" + "\tx", "marker-spacing"),
        (r"q \n (a) x (c) y" + "\tx", "marker-sequence"),
        (r"q \n (a) x (b) y (d) z" + "\tx", "marker-sequence"),
        (r"q \n (b) x (c) y" + "\tx", "marker-sequence"),
        (r"q \n (a) plan (b) now (b) y" + "\ty", "marker-in-choice"),
        (r"q \n (a) vitamin (A) rich (b) y" + "\ty", "marker-in-choice"),
        (r"q \n (a) the f(a) (b) y" + "\ty", "marker-in-choice"),
        (r"q \n (a) x" + "\tx", "single-choice"),
        (r" \n (a) x (b) y" + "\tx", "empty-question"),
        ("\tx", "empty-question"),
        (r"q \n (a) (b) y" + "\ty", "empty-choice"),
        ("q\t", "empty-answer"),
        ("q\t-", "unlabelled"),
        ("q\t<No Answer>", "no-answer"),
        (r"q \n (a) x (b) y" + "\tzz", "answer-not-among-choices"),
        (r"q \n (a) x (b) y (c)  X" + "\tx", "answer-equals-two-choices"),
        (r"q \n (a) x (b) y (c) y" + "\tx", "duplicate-choices"),
        (r"q \n (a) xx (b) y" + "\tXx", "answer-not-exact"),
        (r"q \n (a) x x (b) y" + "\tx  x", "answer-not-exact"),
        (r"q \n (a) one (b) two" + "\tb", "answer-is-letter"),
        (r"q \n (a) one (b) two" + "\t(B)", "answer-is-letter"),
        (r"q \n (a) one (b) two" + "\t1", "answer-is-index"),
        ("q \ta", "padded-field"),
        ("q\ta ", "padded-field"),
        ("one  two\ta", "double-space"),
        ("zero\u200bwidth\ta", "hidden-character"),
        ("a\x85new\ta", "hidden-character"),
        ("NUL\0\ta", "hidden-character"),
        ("lost \ufffd\ta", "replacement-character"),
        ('"Yes," who said?\tme', "quote-character"),
    ],
)
def test_tsv_trap(tmp_path: Path, line: str, trap: str) -> None:
    report = check_path(
        tsv(tmp_path, [CLEAN[0], line, CLEAN[1]] if line != "one field only" else [line])
    )
    assert trap in report.counts
    assert all(finding.number == 2 - (line == "one field only") for finding in report.findings)
    assert "{}" not in " ".join(finding.message for finding in report.findings)


def test_tsv_traps_of_the_whole_file(tmp_path: Path) -> None:
    assert traps(tsv(tmp_path, [])) == {"empty-file": 1}
    assert traps(tsv(tmp_path, ["\ufeff" + CLEAN[0]])) == {"bom": 1}
    assert traps(tsv(tmp_path, CLEAN, "\r\n")) == {"crlf": 5}
    assert traps(tsv(tmp_path, [*CLEAN, CLEAN[2]])) == {"duplicate-row": 1}
    assert "line 3" in check_path(tsv(tmp_path, [*CLEAN, CLEAN[2]])).findings[0].message


def test_a_row_broken_by_a_real_newline(tmp_path: Path) -> None:
    report = check_path(tsv(tmp_path, [CLEAN[2], "A question", "(a) x (b) y\tx", CLEAN[0]]))
    assert [(f.trap, f.number) for f in report.findings] == [("real-newline", 2)]
    report = check_path(tsv(tmp_path, [r"Who came? \n Ada came", r"and Bo stayed." + "\tAda"]))
    assert [(f.trap, f.number) for f in report.findings] == [("real-newline", 1)]
    report = check_path(tsv(tmp_path, ["no tab", "nor here", "", CLEAN[0], "at the end"]))
    assert report.counts == {"no-tab": 3, "blank-line": 1}


def test_a_missing_tab_is_no_newline_in_the_text(tmp_path: Path) -> None:
    """Two lines that each have choices, or each a context, are two rows; else nobody can tell."""
    for one, two in ((CLEAN[0], CLEAN[1]), (CLEAN[3], CLEAN[3].replace("dog", "cat"))):
        report = check_path(tsv(tmp_path, [one.replace("\t", " "), two, f"{CLEAN[2]} "]))
        assert [(f.trap, f.number) for f in report.findings] == [
            ("missing-tab", 1),
            ("padded-field", 3),
        ]
    (finding,) = check_path(tsv(tmp_path, ["Do birds fly? yes", CLEAN[2]])).findings
    assert (finding.trap, finding.number) == ("no-tab", 1)
    assert "either" in finding.message


def test_gold_always_in_one_place(tmp_path: Path) -> None:
    lines = [rf"q {n} \n (a) one (b) two" + "\tone" for n in range(12)]
    (finding,) = check_path(tsv(tmp_path, lines)).findings
    assert (finding.trap, finding.number, finding.severity) == ("gold-position", None, "warning")
    assert "(a) in 100% of 12 rows" in finding.message
    lines[:2] = [rf"Q {n} \n (a) one (b) two" + "\ttwo" for n in range(2)]
    assert not check_path(tsv(tmp_path, lines)).findings
    assert not check_path(tsv(tmp_path, lines[2:])).findings, "too few to tell"


def test_few_are_listed_and_all_are_counted(tmp_path: Path) -> None:
    report = check_path(tsv(tmp_path, [f"{n}\t" for n in range(100)]))
    assert report.counts == {"empty-answer": 100}
    assert len(report.findings) == findings.LISTED
    first, others, _ = report_lines(report)
    assert first.startswith(f"error empty-answer: {report.path}, line 1: ")
    assert others == "  and 99 more: line 2, line 3, line 4, line 5, …"


def test_places_of_a_trap_come_with_what_was_found_there(tmp_path: Path) -> None:
    lines = [rf"q \n (a) {it} (b) {it} (c) z" + "\tz" for it in ("x", "y")]
    assert report_lines(check_path(tsv(tmp_path, lines)))[1] == "  and 1 more: line 2 (y)"


def test_upper_case_markers_throughout_are_a_form_and_told_once(tmp_path: Path) -> None:
    lines = [rf"q {n} \n (A) one (B) two" + "\t" + ("one", "two")[n % 2] for n in range(30)]
    (finding,) = check_path(tsv(tmp_path, lines)).findings
    assert (finding.trap, finding.number) == ("upper-case-markers", None)
    assert "all 30 rows" in finding.message
    assert "unifiedqa-train" in finding.message
    report = check_path(tsv(tmp_path, [CLEAN[0], *lines]))
    assert report.counts == {"upper-case-markers": 30}
    assert report.findings[0].number == 2


def test_upper_case_markers_that_the_manifest_names_are_no_finding(tmp_path: Path) -> None:
    for profile, told in (("unifiedqa", 0), ("canonical", 0), (None, 1)):
        request = Request(
            dataset="copa", split="train", source="sample", to="tsv", out=tmp_path / str(profile),
            profile=profile or "unifiedqa",
        )  # fmt: skip
        path = convert(request).folder / "data-00000.tsv"
        if profile is None:
            (path.parent / "manifest.json").unlink()
        assert check_path(path).counts.get("upper-case-markers", 0) == told


@pytest.mark.parametrize(
    ("dataset", "split", "counted"),
    [("contrast_sets_boolq", "test", "added"), ("multirc", "validation", "left out")],
)
def test_examples_that_only_the_published_files_have_or_lack_are_no_finding(
    tmp_path: Path, dataset: str, split: str, counted: str
) -> None:
    request = Request(dataset=dataset, split=split, source="sample", to="jsonl", out=tmp_path)
    made = convert(replace(request, profile="unifiedqa"))
    assert made.manifest["counts"]["examples"][counted]
    assert not [one for one in check_path(made.folder).findings if one.severity == "error"]


def test_an_endless_line(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lint_tsv, "LONGEST_LINE", 100)
    report = check_path(tsv(tmp_path, [CLEAN[2], "x" * 1000, CLEAN[0]]))
    assert [(f.trap, f.number) for f in report.findings] == [("line-too-long", 2)]
    assert report.rows == 3


def test_what_pandas_does_to_a_leading_quote(tmp_path: Path) -> None:
    pandas = pytest.importorskip("pandas")
    line = '"Yes," who said?\tme'
    names = ["input", "output"]
    path = tsv(tmp_path, [line, 'He said "no"\tno'])
    quoted = pandas.read_csv(path, sep="\t", names=names)
    assert list(quoted["input"]) == ["Yes, who said?", 'He said "no"']
    plain = pandas.read_csv(path, sep="\t", names=names, quoting=3)
    assert list(plain["input"]) == ['"Yes," who said?', 'He said "no"']


def group(golds: object = ("Soup is warm.",), distractors: object = ("Ice is warm!",)) -> object:
    return {"golds": golds, "distractors": distractors}


def test_a_clean_vera_json(tmp_path: Path) -> None:
    groups = [group(), group(["He said “no.”"], []), group([], ['"It is so."'])]
    report = check_path(vera(tmp_path, *groups))
    assert (report.kind, report.findings, report.rows) == ("vera", (), 3)


@pytest.mark.parametrize(
    ("item", "trap"),
    [
        ("text", "not-an-object"),
        ({"golds": ["It is."]}, "missing-key"),
        (group("It is.", []), "wrong-type"),
        (group([1], []), "wrong-type"),
        (group([], ["It is.", "It was."]), "no-gold"),
        (group([], []), "no-gold"),
        (group(["It is.", "It was."], []), "several-golds"),
        (group(["It is."], ["it  is."]), "gold-among-distractors"),
        (group(["It is."], [f"It is {n}." for n in range(11)]), "too-many-distractors"),
        (group(["It is."], ["It was.", "It was."]), "duplicate-statement"),
        (group(["It is."], ["Is it?"]), "question-mark"),
        (group(["It is."], ["It was"]), "no-final-stop"),
        (group(["It is."], [""]), "empty-statement"),
        (group(["It is."], ["It was </s> it."]), "special-token"),
        (group(["It is."], ["It was \u2047 it."]), "special-token"),
        (group(["It is."], [" It was."]), "padded-field"),
        (group(["It is."], ["It  was."]), "double-space"),
        (group(["It is."], ["It\nwas."]), "hidden-character"),
        (group(["It is."], ["It \ud800 was."]), "hidden-character"),
        (group(["It is."], ["It \ufffd was."]), "replacement-character"),
        (group(), "duplicate-group"),
    ],
)
def test_vera_trap(tmp_path: Path, item: object, trap: str) -> None:
    report = check_path(vera(tmp_path, group(), item))
    assert trap in report.counts
    assert {(f.number, f.unit) for f in report.findings} == {(2, "group")}
    "\n".join(report_lines(report)).encode()


@pytest.mark.parametrize(
    ("text", "trap"),
    [
        ("", "empty-file"),
        ("[]", "empty-file"),
        ('{"golds": []}', "not-a-list"),
        ("golds", "not-a-list"),
        ('[{"golds": [', "not-json"),
        ('[{"golds": ["a."], "distractors": []}', "not-json"),
        ('[{"golds": ["a."], "distractors": []},]', "not-json"),
        ('[{"golds": ["a."], "distractors": []} {}]', "not-json"),
        ('[{"golds": ["a."], "distractors": []}] []', "not-json"),
        ('[{"golds": ["a."], "distractors": []}]]', "not-json"),
        ("[" * 100_000, "not-json"),
        ("[" + "1" * 5_000 + "]", "not-json"),
        ('["\udcff"]', "not-json"),
        ('\ufeff[{"golds": ["a."], "distractors": []}]', "bom"),
    ],
)
def test_what_is_no_vera_json(tmp_path: Path, text: str, trap: str) -> None:
    path = tmp_path / "groups.json"
    path.write_bytes(text.encode("utf-8", "surrogateescape"))
    assert traps(path) == {trap: 1}


@pytest.mark.parametrize("chunk", [1, 2, 3, 7, 64])
def test_a_list_is_read_in_pieces(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    monkeypatch.setattr(formats, "_BUFFER", chunk)
    items = [1, 12.5, "a, ] b", [[], {}], {"é": "\u2028"}, None, 123]
    path = tmp_path / "list.json"
    for indent in (None, 2):
        path.write_text(f" \n {json.dumps(items, indent=indent, ensure_ascii=False)} \n ")
        assert list(formats.json_items(path)) == items


def test_an_item_without_end_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(formats, "LONGEST_ITEM", 100_000)
    path = tmp_path / "groups.json"
    path.write_text('[["a."], [' + '"text", ' * 100_000)
    report = check_path(path)
    assert (report.counts["not-json"], report.rows) == (1, 1)


class _CsvWriter:
    """A format that somebody adds: its writer and reader, and one record in ``FORMATS``."""

    def __init__(self, file: IO[bytes], _records: Records, _facts: formats.Facts) -> None:
        self._file = file

    def write(self, rows: formats.Rows) -> Counter[str]:
        text = io.StringIO()
        csv.writer(text).writerows((row["input"], row["output"] or "-") for row in rows)
        self._file.write(text.getvalue().encode())
        return Counter({formats.WRITTEN: len(rows)})

    def close(self) -> None:
        pass


def _read_csv(path: Path) -> Stored:
    with path.open(newline="", encoding="utf-8") as file:
        pairs = [{"input": text, "output": output} for text, output in csv.reader(file)]
    return Stored(None, iter(pairs))


def test_a_format_is_added_in_one_place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    form = OutputFormat(
        suffix="csv",
        content="pairs",
        records=("question", "declarative"),
        unit="line",
        writer=_CsvWriter,
        read=_read_csv,
        opener='pandas.read_csv("{first}", header=None)',
        recipes=("clean",),
    )
    monkeypatch.setitem(FORMATS, cast(Format, "csv"), form)
    for records in form.records:
        (tmp_path / records).mkdir()
        folder = copa(tmp_path / records, cast(Format, "csv"), records)
        assert (folder / "data-00000.csv").is_file()
        report = check_path(folder)
        assert (report.findings, report.rows) == ((), 11 if records == "question" else 22)
        request = Request(dataset="copa", split="train", source="sample", out=tmp_path / "sample")
        result = convert(replace(request, to=cast(Format, "csv"), records=records, overwrite=True))
        assert any("open it: pandas.read_csv" in line for line in summary(result))
    (folder / "data-00001.csv").write_text("q,yes,more\n")
    assert "wrong-size" in check_path(folder).counts
    with pytest.raises(UsageError, match="--to csv can't hold --records both"):
        copa(tmp_path, cast(Format, "csv"), "both")
    with pytest.raises(UsageError, match="--to csv can't be written under --recipe vera"):
        convert(replace(request, to=cast(Format, "csv"), recipe="vera", overwrite=True))


def test_every_format_has_its_name_and_its_record() -> None:
    assert set(FORMATS) == set(get_args(Format))


def test_duplicates_are_found_however_many_rows_there_are() -> None:
    seen = several_rows.Seen()
    assert [seen.first(f"row {n}", n) for n in range(20_000)] == [None] * 20_000
    assert [seen.first(f"row {n}", 0) for n in range(20_000)] == list(range(20_000))


def own(tmp_path: Path, rows: Sequence[str], to: Format = "tsv", split: str = "train") -> Path:
    raw = tmp_path / f"{split}.csv"
    raw.write_text("question,a,b,gold\n" + "".join(f"{row}\n" for row in rows))
    columns = Columns("question", ("a", "b"), "gold", "letter")
    request = Request(dataset="mine", split=split, from_file=raw, columns=columns, to=to,
                      out=tmp_path / "out", shard_rows=2, question_converter="none")  # fmt: skip
    return convert(request).folder


MIXED = ["Who barks?,dog,tree,a", "Who barks?,dog,tree,b", "Who BARKS?,tree,dog,a",
         "Who sings?,bird,tree,a", "Who sings?,tree,bird,b"]  # fmt: skip


@pytest.mark.parametrize("to", ["tsv", "jsonl", "arrow", "parquet"])
def test_rows_that_contradict_are_named_with_their_places(tmp_path: Path, to: Format) -> None:
    folder = own(tmp_path, MIXED, to)
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert manifest["repeated"] == {
        **{"contradictory": 3, "equal": 1, "other_splits": {}},
        "not_compared": [],
    }
    report = check_path(folder)
    (finding,) = [f for f in report.findings if f.trap == "contradictory-rows"]
    first = FORMATS[to].unit != "row"
    unit = FORMATS[to].unit
    assert (
        finding.detail
        == f"{0 + first}, {1 + first}, train/data-00001.{FORMATS[to].suffix} {unit} {0 + first}"
    )
    assert report.ok
    if to != "tsv":
        assert report.counts["equal-row"] == 1


def test_a_row_in_two_splits_is_told(tmp_path: Path) -> None:
    own(tmp_path, MIXED)
    folder = own(tmp_path, ["Who sings?,tree,bird,b", "Who swims?,fish,stone,a"], split="test")
    manifest = json.loads((folder / "manifest.json").read_bytes())
    assert manifest["repeated"]["other_splits"] == {"train": 1}
    report = check_path(tmp_path / "out")
    assert report.counts["in-two-splits"] == 2  # of train, after test
    assert "test/data-00000.tsv line 1" in [f.detail for f in report.findings]


def test_a_place_that_is_never_gold(tmp_path: Path) -> None:
    lines = [
        rf"q {n} \n (a) one (b) two (c) three" + f"\t{('two', 'three')[n % 2]}" for n in range(15)
    ]
    (finding,) = check_path(tsv(tmp_path, lines)).findings
    assert (finding.trap, finding.detail) == ("gold-never", "(a) in 15 rows")
    assert not check_path(tsv(tmp_path, lines[:11])).findings, "too few to tell"


def test_every_trap_has_a_test() -> None:
    tested = Path(__file__).read_text(encoding="utf-8")
    assert [trap for trap in findings.ERRORS | findings.WARNINGS if f'"{trap}"' not in tested] == []


def test_the_report_for_people_and_for_programs(tmp_path: Path) -> None:
    path = tsv(tmp_path, [CLEAN[0], "q\t", "Q \tx"])
    report = check_path(path)
    assert not report.ok
    assert report_lines(report) == [
        f"error empty-answer: {path}, line 2: {findings.ERRORS['empty-answer']}",
        f"warning padded-field: {path}, line 3: {findings.WARNINGS['padded-field']}",
        f"{path}: tsv, 3 rows: 1 error, 1 warning",
    ]
    told = json.loads(json.dumps(report_as_json(report)))
    assert told["counts"] == {"empty-answer": 1, "padded-field": 1}
    assert told["findings"][0]["number"] == 2
    assert report_lines(check_path(tsv(tmp_path, CLEAN)))[-1].endswith("rows, no problems")


def test_random_bytes_are_no_traceback(tmp_path: Path) -> None:
    draw = random.Random(7)
    for name in ("rows.tsv", "groups.json"):
        alphabet = [
            b"\\n",
            b"\t",
            b"\n",
            b"(a)",
            b" (b) ",
            b"(A)",
            b"[",
            b"]",
            b"{",
            b'"',
            b",",
            b"\xff",
        ]
        for _ in range(300):
            path = tmp_path / name
            path.write_bytes(
                b"".join(draw.choices([*alphabet, b"a", b" ", b"\r", b"1", b"(1)"], k=40))
            )
            assert report_lines(check_path(path))


@pytest.mark.shared
def test_the_published_files(shared: Path) -> None:
    found: dict[str, Report] = {
        "/".join(path.parts[-2:]): check_path(path)
        for path in sorted(shared.glob("golden/unifiedqa/*/*.tsv"))
    }
    assert len(found) == 11
    for name, report in found.items():
        (upper,) = (it for it in report.findings if it.trap == "upper-case-markers")
        assert f"all {report.rows:,} rows" in upper.message, name
        padded = name.split("/")[0] in ("physical_iqa", "social_iqa", "winogrande_l")
        assert padded == (report.counts.get("padded-field") == report.rows), name
    # The figures of golden/traps.tsv for the raw rows.
    dev, test = found["commonsenseqa/dev.tsv"].counts, found["commonsenseqa/test.tsv"].counts
    assert (dev["duplicate-choices"], dev["answer-equals-two-choices"]) == (24, 6)
    assert (test["duplicate-choices"], test["unlabelled"]) == (20, 1140)
    social, hard = found["social_iqa/dev.tsv"].counts, found["arc_hard/dev.tsv"].counts
    assert (social["duplicate-choices"], social["answer-equals-two-choices"]) == (5, 1)
    assert (hard["duplicate-choices"], hard["hidden-character"]) == (1, 1)


def test_a_share_that_is_missing_is_named(tmp_path: Path) -> None:
    for index in (0, 2):
        convert(
            Request(
                dataset="copa", split="train", source="sample", to="jsonl",
                out=tmp_path, shard_rows=3, shard_index=index, num_shards=3,
            )
        )  # fmt: skip
    report = check_path(tmp_path)
    assert not report.ok
    (finding,) = report.findings
    assert finding.trap == "missing-share"
    assert "share 1 is missing" in finding.message


@pytest.mark.parametrize("dataset", ["truthfulqa_mc2", "com2sense_paired", "numersense"])
def test_published_forms_are_as_they_were_written(tmp_path: Path, dataset: str) -> None:
    """Several lines a row, rows in another order, choices merged: the counts still hold."""
    for to in FORMATS:
        request = Request(
            dataset=dataset, split="validation", source="sample", to=to, recipe="vera",
            out=tmp_path / to,
        )  # fmt: skip
        assert check_path(convert(request).folder).findings == ()
