"""The confidence in a statement: what it tells, what it depends on, whole questions."""

import json
import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from conftest import Run

from unifiedqa_convert.conversion.chunk import convert_chunk, tree
from unifiedqa_convert.datasets.registry import load_adapter
from unifiedqa_convert.errors import ModelError, UsageError
from unifiedqa_convert.question_converters.base import Ask, Sentence
from unifiedqa_convert.question_converters.learned import network as stored
from unifiedqa_convert.question_converters.learned.alignment import align, read_pair
from unifiedqa_convert.question_converters.learned.judged_rules import FALLBACK, JudgedRules
from unifiedqa_convert.question_converters.learned.network import network
from unifiedqa_convert.question_converters.rules.converter import OWN, Rules
from unifiedqa_convert.question_converters.rules.tagging import tokenise_question
from unifiedqa_convert.question_converters.select import check_tells
from unifiedqa_convert.records.profiles import PROFILES
from unifiedqa_convert.rows.shapes import NumberedRow, required

GOOD = [
    Ask("What did the baker put in the oven?", "a loaf of bread"),
    Ask("Where do herons build their nests?", "in tall trees"),
    Ask("Why did Nora leave the room?", "because it was too hot"),
    Ask("Who repaired the old clock?", "the watchmaker"),
    Ask("The two friends walked to the", "harbour"),
    Ask("Is the library open on Sundays?", "no"),
]
# What rules made once, beside what a person would have written.
PAIRS = [
    (
        Ask("What is the girl doing?", "reading a book"),
        "The girl is reading a book.",
        "The girl doing is reading a book.",
    ),
    (Ask("Who is Tom?", "He is a teacher."), "Tom is a teacher.", "Tom is that he is a teacher."),
    (
        Ask("Where is Ann?", "She is in the garden."),
        "Ann is in the garden.",
        "Ann is she is in the garden.",
    ),
    (
        Ask("How old was Max when he left home?", "nine"),
        "Max was nine when he left home.",
        "Max when he left home was nine.",
    ),
    (
        Ask("What was Ida thinking about?", "the sea"),
        "Ida was thinking about the sea.",
        "Ida thinking about was the sea.",
    ),
    (
        Ask("What happens to iron in the rain?", "rusts"),
        "Iron rusts in the rain.",
        "Rusts happens to iron in the rain.",
    ),
]


def told(pairs: Sequence[tuple[Ask, str]]) -> list[float]:
    scores = network().scores([read_pair(*ask, text, (OWN,)) for ask, text in pairs])
    return network().calibrated(scores)


def test_plain_sentences_are_trusted_and_clumsy_ones_are_not() -> None:
    plain = told([(ask, text) for ask, text, _ in PAIRS])
    clumsy = told([(ask, text) for ask, _, text in PAIRS])
    assert all(good > bad for good, bad in zip(plain, clumsy, strict=True)), (plain, clumsy)
    assert sum(plain) / len(plain) > 0.6, plain
    assert sum(clumsy) / len(clumsy) < 0.5, clumsy  # told nothing of how they were made


def test_it_has_two_digits_and_depends_on_nothing_but_the_pair() -> None:
    alone = [JudgedRules().convert([ask])[0] for ask in GOOD]
    converter = JudgedRules()
    many = converter.convert([*reversed(GOOD), *GOOD])
    assert many == [*reversed(alone), *alone]
    assert converter.convert(GOOD) == alone  # looked up
    for sentence in alone:
        assert sentence.confidence is not None
        assert 0 <= sentence.confidence == round(sentence.confidence, 2) <= 1
    told = [sentence.text for sentence in Rules().convert(GOOD)]
    assert [sentence.text for sentence in alone] == told


def test_a_sentence_that_fits_everything_is_not_trusted() -> None:
    (made,) = JudgedRules().convert([Ask("Which of these?", "***")])
    assert made.via == "rules-fallback"
    assert made.confidence == FALLBACK


def test_long_and_odd_texts_are_judged_too() -> None:
    asks = [Ask(f"What is {'very ' * 90}cold?", "ice " * 200), Ask("Who?", "A"), Ask("?", "1")]
    assert all(0 <= (one.confidence or 0) <= 1 for one in JudgedRules().convert(asks))


@pytest.mark.parametrize("core", ["Prescott", "Haswell"])
def test_other_processors_tell_the_same(core: str) -> None:
    """All sums are exact, so the order in which a library adds them up is of no matter."""
    program = (
        "import sys, json; from unifiedqa_convert.question_converters.rules.converter import *\n"
        "asks = [Ask(*one) for one in json.load(sys.stdin)]\n"
        "from unifiedqa_convert.question_converters.learned.network import network\n"
        "from unifiedqa_convert.question_converters.learned.alignment import read_pair\n"
        "made = [(a, m) for a in asks for m in (rules_own(a), *candidates(a))]\n"
        "pairs = [read_pair(*a, m.sentence, m.derived) for a, m in made]\n"
        "print(json.dumps(network().scores(pairs)))"
    )
    told = []
    for kind, threads in ((core, "2"), ("", "1")):
        env = {**os.environ, "OPENBLAS_NUM_THREADS": threads, "OPENBLAS_CORETYPE": kind}
        if not kind:
            del env["OPENBLAS_CORETYPE"]
        done = subprocess.run(
            [sys.executable, "-c", program],
            input=json.dumps(GOOD * 40),
            capture_output=True,
            text=True,
            env=env,
            check=True,
        )
        told.append(done.stdout)
    assert told[0] == told[1]


def origins(question: str, answer: str, said: str) -> str:
    words = map(tokenise_question, (said, question, answer))
    said_words, asked, given = words
    found = align(said_words, asked, given)
    return " ".join(f"{o.source}{o.at if o.at >= 0 else ''}" for o in found)


@pytest.mark.parametrize(
    ("question", "answer", "said", "expected"),
    [
        ("What does Ann eat", "red plums", "Ann eats red plums", "q2 Q3 a0 a1"),
        ("Where is the cat", "roof", "The cat is on the roof", "q2 q3 q1 n n a0"),
        ("What did he do", "go home", "He went home", "q2 A0 a1"),
        ("Who is it", "", "It is", "q2 q1"),
    ],
)
def test_words_are_traced_to_their_source(
    question: str, answer: str, said: str, expected: str
) -> None:
    assert origins(question, answer, said) == expected


class Doubting:
    """A question converter that doubts each sentence with "iron"."""

    name = "doubting"
    version = "1"

    def convert(self, asks: Sequence[Ask]) -> list[Sentence]:
        return [
            Sentence(f"{ask.answer} melts.", self.name, 0.4 if ask.answer == "iron" else 0.95)
            for ask in asks
        ]


def test_a_doubted_choice_leaves_out_its_whole_question() -> None:
    adapter = load_adapter("sciq")
    (shape,) = adapter.shapes
    rows = [("What melts?", "rock", "iron", "sand", "ice", ""), ("What?", "a", "b", "c", "d", "")]
    numbered = [
        NumberedRow(n, {}, shape.model_validate(dict(zip(required(shape), row, strict=True))))
        for n, row in enumerate(rows)
    ]
    kept = []
    for least in (None, 0.4, 0.41):
        arguments = adapter, "train", numbered, PROFILES["canonical"], Doubting(), least
        chunk = convert_chunk(*arguments)
        kept.append([len(item.statements) for item in chunk.converted])
        counts = tree(chunk.counts)
    assert kept == [[4, 4], [4, 4], [0, 4]]
    assert counts["statements"]["not made"] == {"confidence below 0.41": 4}
    assert counts["via"] == {"doubting": 4}
    assert counts["statements"]["true"] == 1
    assert counts["examples"]["labelled"] == 2


def test_declare_leaves_out_whole_questions(uqa: Run, tmp_path: Path) -> None:
    sure, unsure = GOOD[0], Ask("Which of these?", "***")
    lines = [sure, sure._replace(answer="***"), Ask(unsure.question, "red"), unsure, GOOD[3]]
    path = tmp_path / "in.jsonl"
    path.write_text("".join(json.dumps(ask._asdict()) + "\n" for ask in lines))
    done = uqa("declare", path, "--min-confidence", "0.5")
    assert done.returncode == 0, done.stderr
    assert [json.loads(line)["question"] for line in done.stdout.splitlines()] == [GOOD[3].question]
    assert "left out (confidence below 0.5) 4" in done.stderr


@pytest.mark.parametrize("name", ["none", "rules-only", "question_converter-3b", "./folder"])
def test_a_converter_that_tells_none_can_leave_out_none(name: str) -> None:
    with pytest.raises(UsageError, match="tells no confidence"):
        check_tells(name, 0.5)
    check_tells(name, None)
    check_tells("rules", 0.5)


def test_convert_counts_what_it_leaves_out_and_check_agrees(uqa: Run, tmp_path: Path) -> None:
    flags = ("--split", "validation", "--source", "sample", "--out", tmp_path)
    done = uqa("convert", "commonsenseqa", *flags, "--min-confidence", "1")
    assert done.returncode == 0, done.stderr
    (path,) = tmp_path.rglob("manifest.json")
    manifest = json.loads(path.read_text())
    counts = manifest["counts"]
    left_out = counts["statements"]["not made"]["confidence below 1"]
    assert left_out == counts["asks"]["asked"] - sum(counts["via"].values()) > 0
    assert manifest["min_confidence"] == 1
    assert f"{left_out} statements of doubted questions left out" in done.stderr
    assert counts["examples"]["labelled"] > 0
    checked = uqa("check", path.parent)
    assert checked.returncode == 0, checked.stdout


@pytest.mark.parametrize("damage", [b"", b"PK", "half", "other"])
def test_a_damaged_network_is_one_line(
    damage: bytes | str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = stored._file().read_bytes()
    kept = {"half": whole[: len(whole) // 2], "other": whole[:1000] + whole[1010:]}
    (tmp_path / "network.npz").write_bytes(kept[damage] if isinstance(damage, str) else damage)
    monkeypatch.setattr(stored, "_file", lambda: tmp_path / "network.npz")
    with pytest.raises(ModelError, match=r"is damaged .*: install the package again"):
        stored.network.__wrapped__()
