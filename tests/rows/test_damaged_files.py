"""Damaged and misnamed files of every format: converted, rejected with row and field, or refused.

``RUNS`` seeded mutations of each format: cut off, bytes changed, another format's bytes inside,
another suffix. Whatever the file, no traceback, and one line says what is wrong.
"""

import bz2
import gzip
import io
import json
import lzma
import random
import re
import zipfile
from pathlib import Path

import pyarrow as pa
import pyarrow.feather
import pyarrow.parquet as pq
import pytest

from unifiedqa_convert.conversion.pipeline import convert
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.errors import TooManyRejects, UqaError
from unifiedqa_convert.rows.custom_file import Columns

RUNS = 200
WORDS = "cold milk; a warm, dry place | the café's door \u3002 two \\ ten".split()
CHOICES = ("distractor1", "correct_answer", "distractor2", "distractor3")
COLUMNS = Columns("question", CHOICES, "gold")


PLACE = re.compile(r"row \d+(?: \(line \d+\))?(?:, field [^:]+)?: ")


def sentence(draw: random.Random) -> str:
    return " ".join(draw.choice(WORDS) for _ in range(draw.randint(2, 9)))


def rows() -> list[dict[str, str]]:
    """In SciQ's shape, with one more column for a file of one's own."""
    draw, made = random.Random(7), []
    for number in range(12):
        choices = {name: f"{sentence(draw)} {number} {name}" for name in CHOICES}
        gold = choices[CHOICES[number % 4]]
        text = {"question": f"{sentence(draw)}?", "support": sentence(draw)}
        made.append({**text, **choices, "gold": gold})
    return made


def table(found: list[dict[str, str]], mark: str) -> bytes:
    quote = '"' if mark != "\t" else ""
    lines = [list(found[0]), *([f"{quote}{cell}{quote}" for cell in row.values()] for row in found)]
    return "".join(mark.join(line) + "\n" for line in lines).encode()


def arrow(found: list[dict[str, str]], form: str) -> bytes:
    content, sink = pa.Table.from_pylist(found), io.BytesIO()
    if form == "parquet":
        pq.write_table(content, sink, row_group_size=5)
    elif form == "feather":
        pyarrow.feather.write_feather(content, sink)
    else:
        with pa.ipc.new_stream(sink, content.schema) as out:
            out.write_table(content, max_chunksize=5)
    return sink.getvalue()


def xml(found: list[dict[str, str]]) -> bytes:
    """Winograd's shape."""
    items = "".join(
        f"<schema><text><txt1>{row['question'][:-1]}</txt1><pron>it</pron><txt2>is one</txt2>"
        f"</text><answers><answer>{row['gold']}</answer><answer>Ice</answer></answers>"
        f"<correctAnswer>{'AB'[number % 2]}</correctAnswer></schema>"
        for number, row in enumerate(found)
    )
    return f'<?xml version="1.0" encoding="UTF-8"?><collection>{items}</collection>'.encode()


def zipped(name: str, content: bytes) -> bytes:
    sink = io.BytesIO()
    with zipfile.ZipFile(sink, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr(name, content)
        archive.writestr("__MACOSX/._x", b"x")
    return sink.getvalue()


def every_format() -> dict[str, bytes]:
    found = rows()
    lines = "".join(json.dumps(row) + "\n" for row in found).encode()
    return {
        "r.jsonl": lines,
        "r.json": json.dumps(found, indent=1).encode(),
        "r.csv": table(found, ","),
        "semicolons.csv": b"sep=;\r\n" + table(found, ";"),
        "r.tsv": table(found, "\t"),
        "r.txt": table(found, "\t"),
        "r.xml": xml(found),
        "r.parquet": arrow(found, "parquet"),
        "r.arrow": arrow(found, "stream"),
        "r.feather": arrow(found, "feather"),
        "r.jsonl.gz": gzip.compress(lines, mtime=0),
        "r.csv.bz2": bz2.compress(table(found, ",")),
        "r.tsv.xz": lzma.compress(table(found, "\t")),
        "r.zip": zipped("r.parquet", arrow(found, "parquet")),
        "wide.csv": table(found, ",").decode().encode("utf-16"),
        "r": lines,
    }


FORMATS = every_format()
SUFFIXES = sorted({"".join(Path(name).suffixes) for name in FORMATS} | {".xlsx", ".lst", ".tgz"})


def mutated(name: str, seed: int) -> tuple[str, bytes]:
    """A name and bytes that are some damage away from the format's."""
    draw = random.Random(f"{name} {seed}")
    content = bytearray(FORMATS[name])
    for kind in draw.sample(["cut", "flip", "name", "splice"], draw.choice([1, 1, 1, 2])):
        at = draw.randrange(len(content) or 1)
        if kind == "cut":
            content = content[:at] if draw.random() < 0.7 else content[at:]
        elif kind == "flip":
            for _ in range(draw.choice([1, 1, 4, 30])):
                if content:
                    content[draw.randrange(len(content))] = draw.randrange(256)
        elif kind == "name":
            name = f"renamed{draw.choice(SUFFIXES)}"
        else:
            other = FORMATS[draw.choice(sorted(FORMATS))]
            begin = draw.randrange(len(other))
            part = other[begin : begin + draw.choice([1, 8, 200, len(other)])]
            content[at : at + draw.choice([0, len(part)])] = part
    return name, bytes(content)


def outcome(request: Request) -> str:
    """What came of a request; of an error, whether it says enough."""
    try:
        convert(request)
    except TooManyRejects as error:
        return "rejected" if PLACE.search(str(error)) else f"no row in {error}"
    except UqaError as error:
        return "refused" if str(error).splitlines() == [str(error)] else f"no line: {error}"
    return "converted"


@pytest.mark.slow
@pytest.mark.parametrize("name", FORMATS)
def test_a_damaged_file_is_converted_rejected_or_refused(
    tmp_path: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("os.fsync", lambda _file: None)  # thousands of outputs that nobody keeps
    found = set()
    for seed in range(RUNS):
        file, content = mutated(name, seed)
        path = tmp_path / file
        path.write_bytes(content)
        out = tmp_path / "out"
        own = Request(
            dataset="mine", split="train", from_file=path, columns=COLUMNS, to="jsonl", out=out,
            overwrite=True,
        )  # fmt: skip
        dataset = "wsc273" if name == "r.xml" else "sciq"
        raw = Request(
            dataset=dataset, split="test", raw=(path,), to="jsonl", out=out, overwrite=True
        )
        found |= {outcome(own), outcome(raw)}
    assert found <= {"converted", "rejected", "refused"}
    assert "refused" in found
    assert "converted" in found or name == "wide.csv"
