"""Traps in a Vera JSON of another program, group by group."""

import json
import re
from codecs import BOM_UTF8
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

from unifiedqa_convert.check.findings import Findings, text_traps
from unifiedqa_convert.check.several_rows import Asked, Seen
from unifiedqa_convert.conversion.repeats import in_any_order
from unifiedqa_convert.records.encode import same_text
from unifiedqa_convert.records.formats import NotAList, json_items
from unifiedqa_convert.schema import collapse

UPSTREAM_MOST = 10
"""Maximum number of distractors in upstream Vera's collate function."""
_KEYS = ("golds", "distractors")
OF_GROUPS = frozenset(("duplicate-group",))
"""The traps that are the groups' own, whatever form their sentences have."""
_SPECIAL_TOKEN = re.compile(r"</?s>|<pad>|<unk>|<extra_id_\d+>|\u2047")
_CLOSERS = "\"')]*\u2019\u201d\u300d\u300f\uff09"
_ASKS = ("?", "\uff1f", "\u061f")
_STOPS = (*_ASKS, ".", "!", "\u3002", "\uff01", "\u06d4", "\u0964")


def lint_vera(path: Path, found: Findings) -> None:
    """Check each group of golds and distractors, and the groups together."""
    asked = Asked()
    lint_groups(path, found, asked)
    asked.report(found)


def lint_groups(
    path: Path, found: Findings, asked: Asked, split: str = "", only: frozenset[str] | None = None
) -> None:
    """``lint_vera`` for one of several files; the caller reports what they ask."""
    asked.begin(path, "group", split)
    seen, number = Seen(), 0
    with path.open("rb") as file:
        if file.read(len(BOM_UTF8)) == BOM_UTF8:
            found.add("bom", path)
    try:
        for number, group in enumerate(json_items(path), start=1):
            found.rows += 1
            for trap, detail in _group(number, group, seen, asked):
                if only is None or trap in only:
                    found.add(trap, path, number, detail, "group")
    except NotAList as error:
        found.add("not-a-list", path, detail=error)
    except ValueError as error:
        found.add("not-json", path, number + 1, error, "group")
    if not found.rows and not (found.counts.keys() - {"bom"}):
        found.add("empty-file", path)


def _group(number: int, group: object, seen: Seen, asked: Asked) -> Iterator[tuple[str, str]]:
    """The traps of one item of a Vera JSON; what it asks is added to ``asked``."""
    texts: list[Any] = [group.get(key) for key in _KEYS] if isinstance(group, dict) else []
    if not isinstance(group, dict):
        yield "not-an-object", type(group).__name__
    elif missing := [key for key in _KEYS if key not in group]:
        yield "missing-key", missing[0]
    elif not all(map(_are_texts, texts)):
        yield "wrong-type", ""
    else:
        golds, distractors = texts
        sentences = [*golds, *distractors]
        yield from (*_labels(golds, distractors), *text_traps(sentences), *_endings(sentences))
        if (first := seen.first(json.dumps(texts), number)) is not None:
            yield "duplicate-group", str(first)
        told = first is not None
        asked.add(("", [*map(collapse, sentences)], in_any_order(golds)), number, told=told)


def _labels(golds: Sequence[str], distractors: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Traps of the numbers of golds and distractors, and of sentences that occur in both."""
    if not golds and len(distractors) != 1:  # one false statement is a yes/no question
        yield "no-gold", ""
    if len(golds) > 1:
        yield "several-golds", str(len(golds))
    if len(distractors) > UPSTREAM_MOST:
        yield "too-many-distractors", str(len(distractors))
    true, false = (Counter(map(same_text, texts)) for texts in (golds, distractors))
    if both := [text for text in true if text in false]:
        yield "gold-among-distractors", both[0]
    if twice := [text for text, times in [*true.items(), *false.items()] if times > 1]:
        yield "duplicate-statement", twice[0]


def _are_texts(value: object) -> bool:
    return isinstance(value, list) and all(isinstance(text, str) for text in value)


def _endings(statements: Sequence[str]) -> Iterator[tuple[str, str]]:
    """Traps of declarative sentences; each at most once per group."""
    sentences = [statement for statement in statements if statement.strip()]
    if len(sentences) < len(statements):
        yield "empty-statement", ""
    ends = [(statement, statement.rstrip().rstrip(_CLOSERS)) for statement in sentences]
    if questions := [statement for statement, end in ends if end.endswith(_ASKS)]:
        yield "question-mark", questions[0][-40:]
    if unfinished := [statement for statement, end in ends if not end.endswith(_STOPS)]:
        yield "no-final-stop", unfinished[0][-40:]
    if token := next(filter(None, map(_SPECIAL_TOKEN.search, sentences)), None):
        yield "special-token", token[0]
