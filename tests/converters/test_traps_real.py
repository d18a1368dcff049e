"""The traps that golden/traps.tsv lists, counted in the real rows; a kind nobody knows fails."""

import csv
import re
from collections import Counter
from collections.abc import Callable, Iterator

import pytest
from conftest import SHARED
from trap_rows import CANONICAL, choices_of, chunk_of

from unifiedqa_convert.datasets.registry import load_adapter
from unifiedqa_convert.records.converted import Converted
from unifiedqa_convert.records.encode import parse
from unifiedqa_convert.rows.companion_files import with_companions
from unifiedqa_convert.rows.typed_rows import typed_rows
from unifiedqa_convert.schema import Row

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
    ("arc_easy", "dev"): ("arc_easy", "validation", "arc_easy/authors/ARC-Easy-Dev.jsonl"),
    ("arc_hard", "dev"): ("arc_hard", "validation", "arc_hard/authors/ARC-Challenge-Dev.jsonl"),
    ("ai2_science_elementary", "dev"): (
        "ai2_science_elementary", "validation",
        "ai2_science_elementary/authors/Elementary-NDMC-Dev.jsonl"),
    ("ai2_science_middle", "dev"): (
        "ai2_science_middle", "validation", "ai2_science_middle/authors/Middle-NDMC-Dev.jsonl"),
    ("qasc", "dev"): ("qasc", "validation", "qasc/authors/dev.jsonl"),
    ("quarel", "fixture"): ("quarel", "validation", "quarel/authors/quarel.jsonl"),
    ("quarel", "dev_hf_dummy"): ("quarel", "validation", "quarel/authors/quarel-v1-dev.jsonl"),
    ("quarel", "metaicl_dev"): ("quarel", "train", "quarel/metaicl/quarel_16_100_dev.jsonl"),
    ("quartz", "dev_hf_dummy"): ("quartz", "validation", "quartz/authors/dev.jsonl"),
    ("quartz", "metaicl_no_knowledge_dev"): (
        "quartz", "train", "quartz/metaicl/quartz-no_knowledge_16_100_dev.jsonl"),
    ("physical_iqa", "valid"): ("physical_iqa", "validation", "physical_iqa/authors/valid.jsonl"),
    ("physical_iqa", "dev"): (
        "physical_iqa", "validation", "physical_iqa/authors_mosaic/dev.jsonl"),
    ("riddle_sense", "dev_hf_dummy"): (
        "riddlesense", "validation", "riddlesense/authors/rs_dev.jsonl"),
    ("swag", "allennlp_fixture"): ("swag", "validation", "swag/authors/allennlp_fixture_swag.csv"),
    ("swag", "val_hf_dummy"): ("swag", "validation", "swag/authors/val.csv"),
    ("hellaswag", "sample"): ("hellaswag", "validation", "hellaswag/authors/hellaswag.jsonl"),
    ("codah_fold_0", "dev"): ("codah", "validation", "codah/authors/dev.tsv"),
    ("alphanli", "dev"): ("alphanli", "validation", "alphanli/authors/dev.jsonl"),
    ("com2sense", "dev"): ("com2sense", "validation", "com2sense/authors/dev.json"),
    ("com2sense_paired", "dev"): ("com2sense_paired", "validation", "com2sense/authors/dev.json"),
    ("comve", "dev"): ("comve_a", "validation", "comve_a/authors/subtaskA_dev_data.csv"),
    ("creak", "dev"): ("creak", "validation", "creak/authors/dev.json"),
    ("creak", "contrast"): ("creak", "contrast", "creak/authors/contrast_set.json"),
    ("strategyqa", "dev"): ("strategyqa", "validation", "strategyqa/authors/dev.json"),
    ("numersense", "validation"): (
        "numersense", "validation", "numersense/authors/validation.masked.tsv"),
    ("numersense", "test_core"): (
        "numersense", "test_core", "numersense/authors/test.core.masked.txt"),
    ("truthfulqa", "mc1_v1"): ("truthfulqa_mc1", "validation", "truthfulqa/authors/mc_task.json"),
}  # fmt: skip

# As traps.tsv calls the datasets that we have, splits that are not here included.
NAMES = re.compile(
    "commonsenseqa|openbookqa|social_iqa|winogrande.*|csqa2|wsc273|sciq|copa.*|"
    "arc_.*|ai2_science_.*|qasc|quarel|quartz|physical_iqa|riddle_sense|cycic_mc|"
    "swag|hellaswag.*|codah.*|alphanli|com2sense.*|comve|creak|strategyqa|numersense|truthfulqa"
)

Pairs = list[tuple[Row, Converted]]
OTHER_TASK = {"mc2_targets"}  # in the rows of TruthfulQA's mc1 too, whose traps are listed


def texts(value: object) -> Iterator[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict | list):
        # TruthfulQA's choices are keys.
        for inner in [*value, *value.values()] if isinstance(value, dict) else value:
            yield from texts(inner)


def raw(holds: Callable[[str], object]) -> Callable[[Pairs], int]:
    """Rows with a text that holds it. Counted before conversion: afterwards it is gone."""
    return lambda pairs: sum(
        any(map(holds, texts(row.model_dump(exclude=OTHER_TASK)))) for row, _ in pairs
    )


def shown(holds: Callable[[Converted], object]) -> Callable[[Pairs], int]:
    return lambda pairs: sum(bool(holds(item)) for _, item in pairs)


def filled(item: Converted) -> bool:
    """Its one blank is filled in every statement and stays in the question, by the question
    converter where a question mark ends it; two are asked, and so is the question whose
    underscores are subscripts, H_{2}O.
    """
    blanks = len(re.findall(r"_+(?!\{)", item.example.question))
    ready = all(
        s.via in ("filled", "given") and s.sentence.count("_") <= _chosen(item, s.choice).count("_")
        for s in item.statements
    )
    fillable = blanks == 1 and not item.example.question.endswith("?")
    return "_" in item.example.question and ready == fillable


def _chosen(item: Converted, place: int) -> str:
    return "" if item.example.kind == "yes_no" else choices_of(item)[place]


def repeated(pairs: Pairs) -> int:
    """Texts that stand more than once, contexts apart; all of them are kept."""
    times = Counter((i.example.question, getattr(i.example, "choices", ())) for _, i in pairs)
    return sum(count > 1 for count in times.values())


def marked(text: str | None) -> bool:
    return bool(re.search(r"\([A-Za-z]\)", text or ""))


def alike(item: Converted) -> bool:
    return len({c.strip().rstrip(".").casefold() for c in choices_of(item)}) < len(choices_of(item))


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
    "blank of 2+ underscores": shown(lambda i: filled(i) and "__" in i.example.question),
    "2+ blanks in question": shown(lambda i: len(re.findall("_+", i.example.question)) > 1),
    "identical row text repeated": repeated,
    "question holds (x) letter marker": shown(lambda i: marked(i.example.question)),
    "context holds (x) letter marker": shown(lambda i: marked(i.example.context)),
    "choice holds (x) letter marker": shown(lambda i: any(map(marked, choices_of(i)))),
    "choice holds (1)-style marker": shown(
        lambda i: any(re.search(r"\(\d\)", c) for c in choices_of(i))
    ),
    "underscore in a choice": shown(lambda i: any("_" in c for c in choices_of(i))),
    "other backslash": shown(lambda i: re.search(r"\\(?!n)", i.example.question)),
    "empty choice": shown(lambda i: "" in choices_of(i)),
    "choices equal up to case and final stop": shown(alike),
    "control character": shown(lambda i: re.search(r"[\x00-\x08\x0e-\x1f]", i.question.input)),
    "CR in a field": raw(lambda text: "\r" in text),
    "zero-width/soft hyphen": shown(lambda i: re.search("[\u200b-\u200d\xad]", i.question.input)),
    "U+FFFD": shown(lambda i: "\ufffd" in i.question.input),
    "duplicate id": lambda pairs: sum(
        count > 1 for count in Counter(item.example.id for _, item in pairs).values()
    ),
    "'all/none of the above' choice": shown(
        lambda i: any(
            re.search(r"\b(all|both|none)\b.* (above|of these)", c, re.I) for c in choices_of(i)
        )
    ),
}

SUMMED = {
    "choices equal": ("choices equal", "choices equal up to case"),
    "GOLD text equal to a distractor": (
        "GOLD text equal to a distractor",
        "GOLD equals a distractor up to case",
    ),
}


def listed() -> list[dict[str, str]]:
    with (SHARED / "golden" / "traps.tsv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file, delimiter="\t", quoting=csv.QUOTE_NONE))


@pytest.mark.shared
def test_no_kind_of_trap_is_unknown() -> None:
    """In any split of these datasets, those that are not here included."""
    known = {*MEASURES, *(kind for kinds in SUMMED.values() for kind in kinds), "number of choices"}
    ours = [line for line in listed() if NAMES.fullmatch(line["dataset"])]
    assert len(ours) > 50
    assert {line["trap"] for line in ours} <= known


@pytest.mark.shared
@pytest.mark.parametrize("key", REAL, ids="-".join)
def test_the_real_rows_have_the_traps_that_are_listed(key: tuple[str, str]) -> None:
    dataset, split, names = REAL[key]
    adapter = load_adapter(dataset)
    paths = [SHARED / "real" / name for name in names.split(";")]
    rows = [x.row for x in typed_rows(adapter, split, with_companions(adapter, split, paths))]
    chunk = chunk_of(dataset, split, *paths)
    pairs = list(zip([r for r in rows if isinstance(r, Row)], chunk.converted, strict=True))
    wanted = {x["trap"]: x for x in listed() if (x["dataset"], x["split"]) == key}
    numbers = wanted.pop("number of choices", None)
    # Where a trap isn't listed, it isn't there.
    counts = {"no label": 0} | dict.fromkeys(SUMMED, 0)
    for trap, line in wanted.items():
        name = next((name for name, kinds in SUMMED.items() if trap in kinds), trap)
        counts[name] = counts.get(name, 0) + int(line["count"])
    for trap, count in counts.items():
        assert MEASURES[trap](pairs) == count, trap
    if numbers is not None:
        found = Counter(len(choices_of(item)) for _, item in pairs)
        assert str(dict(sorted(found.items()))) == numbers["first ids"]
    for _, item in pairs:
        for record in (item.question, *item.declaratives):
            assert record.input == " ".join(record.input.split())
