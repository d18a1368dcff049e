"""The traps that golden/traps.tsv lists, counted in the real rows; a kind nobody knows fails."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from conftest import SHARED
from trap_rows import CANONICAL, choices_of, chunk_of

from unifiedqa_convert.encode import parse
from unifiedqa_convert.joined import complete
from unifiedqa_convert.registry import load_adapter
from unifiedqa_convert.rows import typed_rows
from unifiedqa_convert.schema import Converted, Row

# Dataset and split as traps.tsv has them, what they are here, and their files under real/.
REAL: dict[tuple[str, str], tuple[str, str, str]] = {
    ("commonsenseqa", "dev"): (
        "commonsenseqa", "validation", "commonsenseqa/authors/dev_rand_split.jsonl"),
    ("commonsenseqa", "test"): (
        "commonsenseqa", "test", "commonsenseqa/authors/test_rand_split_no_answers.jsonl"),
    ("openbookqa", "dev"): ("openbookqa", "validation", "openbookqa/authors/dev.jsonl"),
    ("social_iqa", "dev"): ("social_iqa", "validation", "social_iqa/authors/dev.jsonl"),
    ("winogrande_xs", "train"): ("winogrande_xs", "train", "winogrande/authors/train_xs.jsonl"),
    ("winogrande", "dev"): ("winogrande_xl", "validation", "winogrande/authors/dev.jsonl"),
    ("csqa2", "dev"): ("csqa2", "validation", "csqa2/authors/CSQA2_dev.json.gz"),
    ("wsc273", "test"): ("wsc273", "test", "wsc273/winogrande_style/wsc.jsonl"),
    ("sciq", "valid"): ("sciq", "validation", "sciq/authors/valid.json"),
    ("copa", "superglue_val"): ("copa", "validation", "copa/superglue/val.jsonl"),
    ("copa", "superglue_train32"): ("copa", "train", "copa/superglue/train.jsonl"),
}  # fmt: skip

# As traps.tsv calls the datasets that we have, splits that are not here included.
NAMES = re.compile("commonsenseqa|openbookqa|social_iqa|winogrande.*|csqa2|wsc273|sciq|copa.*")

Pairs = list[tuple[Row, Converted]]


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        for inner in value.values() if isinstance(value, dict) else value:
            yield from texts(inner)


def raw(holds: Callable[[str], object]) -> Callable[[Pairs], int]:
    """Rows with a text that holds it. Counted before conversion: afterwards it is gone."""
    return lambda pairs: sum(any(map(holds, texts(row.model_dump()))) for row, _ in pairs)


def shown(holds: Callable[[Converted], object]) -> Callable[[Pairs], int]:
    return lambda pairs: sum(bool(holds(item)) for _, item in pairs)


def filled(item: Converted) -> bool:
    """Its blank was seen: the question keeps it, every statement has it filled."""
    ready = all(s.via in ("filled", "given") and "_" not in s.sentence for s in item.statements)
    return "_" in item.question.input and ready


def repeated(pairs: Pairs) -> int:
    """Texts that stand more than once, contexts apart; all of them are kept."""
    times = Counter((i.example.question, getattr(i.example, "choices", ())) for _, i in pairs)
    return sum(count > 1 for count in times.values())


def marked(text: str | None) -> bool:
    return bool(re.search(r"\([A-Za-z]\)", text or ""))


# Our flags count "equal" and "equal up to case" together, so the two traps are summed; and they
# count records that markers make ambiguous, not those that hold a marker: that is measured on the
# texts. "All of the above" has no handling of its own: the choice is only seen to be there.
MEASURES: dict[str, Callable[[Pairs], int]] = {
    "double space in a field": raw(lambda text: "  " in text),
    "outer white space in a field": raw(lambda text: text != text.strip()),
    "tab in a field": raw(lambda text: "\t" in text),
    "newline in question": raw(lambda text: "\n" in text),
    "choices equal": shown(lambda i: "duplicate-choices" in i.flags),
    "GOLD text equal to a distractor": shown(lambda i: "conflicting-choices" in i.flags),
    "newline in context": raw(lambda text: "\n" in text),
    "tab/newline inside a choice": shown(
        lambda i: any("\t" in c or "\n" in c for c in choices_of(i))
    ),
    "no label": shown(lambda i: i.question.output is None),
    "empty context": shown(lambda i: parse(i.question, CANONICAL).context is None),
    "blank in question": shown(filled),
    "blank of 2+ underscores": shown(lambda i: filled(i) and "__" in i.question.input),
    "2+ blanks in question": shown(lambda i: len(re.findall("_+", i.example.question)) > 1),
    "identical row text repeated": repeated,
    "question holds (x) letter marker": shown(lambda i: marked(i.example.question)),
    "context holds (x) letter marker": shown(lambda i: marked(i.example.context)),
    "choice holds (x) letter marker": shown(lambda i: any(map(marked, choices_of(i)))),
    "'all/none of the above' choice": shown(
        lambda i: any(
            re.search(r"\b(all|both|none)\b.* (above|of these)", c, re.I) for c in choices_of(i)
        )
    ),
}


def listed() -> list[dict[str, str]]:
    with (SHARED / "golden" / "traps.tsv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.shared
def test_no_kind_of_trap_is_unknown() -> None:
    """In any split of these datasets, those that are not here included."""
    known = {*MEASURES, "number of choices", "choices equal up to case"}
    ours = [line for line in listed() if NAMES.fullmatch(line["dataset"])]
    assert len(ours) > 50
    assert {line["trap"] for line in ours} <= known


@pytest.mark.shared
@pytest.mark.parametrize("key", REAL, ids="-".join)
def test_the_real_rows_have_the_traps_that_are_listed(key: tuple[str, str]) -> None:
    dataset, split, names = REAL[key]
    adapter = load_adapter(dataset)
    paths = [SHARED / "real" / name for name in names.split(";")]
    rows = [x.row for x in typed_rows(adapter, split, complete(adapter, split, paths))]
    chunk = chunk_of(dataset, split, *paths)
    pairs = list(zip([r for r in rows if isinstance(r, Row)], chunk.converted, strict=True))
    wanted = {x["trap"]: x for x in listed() if (x["dataset"], x["split"]) == key}
    folded = wanted.pop("choices equal up to case", None)
    numbers = wanted.pop("number of choices", None)
    for trap, line in wanted.items():
        extra = int(folded["count"]) if folded and trap == "choices equal" else 0
        assert MEASURES[trap](pairs) == int(line["count"]) + extra, trap
    # Where a trap isn't listed, it isn't there.
    for trap in ("choices equal", "GOLD text equal to a distractor", "no label"):
        assert trap in wanted or MEASURES[trap](pairs) == 0
    if numbers is not None:
        found = Counter(len(choices_of(item)) for _, item in pairs)
        assert str(dict(found)) == numbers["first ids"]
    for _, item in pairs:
        for record in (item.question, *item.declaratives):
            assert record.input == " ".join(record.input.split())
