"""What a model does not see of its texts is counted, said, and not learnt from."""

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result
from vera_shards import choice, free_text, write_split, yes_no

from unifiedqa_convert.cli import app
from unifiedqa_convert.records.converted import Converted, Record
from vera_model.data.problems import Problem, Problems
from vera_model.data.text_records import read_examples
from vera_model.data.tokenized import TextLimits, TokenizedProblems, token_file
from vera_model.model.tokenizer import train_tokenizer
from vera_model.report.terminal import unseen_warnings

WORDS = "one two three four five six seven eight nine ten".split()
TOKENIZER = train_tokenizer([" ".join(WORDS), *WORDS], 60)


def encoded(*problems: Problem, cut: Any = "start", limit: int | None = None) -> TokenizedProblems:
    made = Problems.of(problems)
    return TokenizedProblems(made, token_file(made, TOKENIZER, TextLimits(6, cut), None), limit)


def problem(number: int, *texts: str, task: str = "t", gold: bool = True) -> Problem:
    labels = (gold, *[False] * (len(texts) - 1))
    return Problem(task, "train", str(number), len(texts) > 1, texts, labels)


def test_counts_are_by_dataset() -> None:
    found = encoded(
        problem(0, "one {", "one }", "one two"),
        problem(1, "two", "two"),  # of one label each below
        problem(2, " ".join(WORDS), task="long"),
        problem(3, "one ~", "one #", gold=False),
    ).unseen
    assert set(found) == {"t", "long"}
    assert {name: found["t"][name] for name in ("texts", "cut", "own_cut", "longest")} == {
        **{"texts": 7, "cut": 0, "own_cut": 0},
        "longest": max(len(TOKENIZER(text)["input_ids"]) for text in ("one {", "one two")),
    }
    assert (found["t"]["unknown_tokens"], found["t"]["with_unknown_tokens"]) == (4, 4)
    assert found["t"]["same_tokens"] == 4  # of problems 0 and 1; 3 has one label
    whole = len(TOKENIZER(" ".join(WORDS))["input_ids"])
    long = found["long"]
    assert (long["cut"], long["own_cut"], long["tokens_cut_off"]) == (1, 1, whole - 6)
    assert (long["longest"], long["tokens"]) == (whole, 6)


def test_problems_whose_gold_is_not_told_apart_are_left_out_and_the_others_stay() -> None:
    given = encoded(
        problem(0, "one", "two", "three", "four"),
        problem(1, "five {", "six", "seven", "five }"),
        problem(2, "eight", "nine"),
        limit=3,
    )
    kept = given.told_apart()
    assert [one.problem.id for one in kept] == ["0", "2"]
    assert kept[-1].problem.texts == ("eight", "nine")
    assert (kept.statements, kept.over_limit, given.statements) == (5, 2, 8)
    assert kept.tokens().tolist() == [given.tokens()[0], given.tokens()[2]]
    assert [one.problem.id for one in kept.sampled(0, 0)] == ["0", "2"]
    assert len(given) == 3


@pytest.mark.parametrize("cut", ["start", "end"])
def test_whether_the_statement_itself_was_cut(tmp_path: Path, cut: Any) -> None:
    from vera_model.data.loading import read_problems

    context = "one two three four five six seven eight nine ten"
    groups = [choice(0, ["two", "four"], 0, context=context), choice(1, [context, "one"], 0)]
    problems = read_problems([write_split(tmp_path / "s", groups)], allow_sample=False).problems
    file = token_file(problems, TOKENIZER, TextLimits(9, cut), None)
    assert (file.counts.lost > 0).tolist() == [True, True, True, False]
    assert file.counts.own_cut.tolist() == [cut == "end", cut == "end", True, False]


def test_nothing_is_said_where_all_is_seen() -> None:
    unseen = {"max_tokens": 6, "trained_on": encoded(problem(0, "one", "two")).unseen}
    assert unseen_warnings(unseen) == []
    assert unseen_warnings(None) == []  # of a run by an earlier version


def invoke(*arguments: object) -> Result:
    return CliRunner().invoke(app, [str(one) for one in arguments])


def train(data: Path, out: Path, *flags: object) -> Result:
    always = ("train", "--preset", "tiny", "--device", "cpu", "--steps", 1)
    return invoke(*always, "--data", data, "--out", out, *flags)


def without_brackets(number: int) -> Converted:
    return choice(number, [f"A cup is {n}." for n in WORDS[number % 5 : number % 5 + 3]], 0)


@pytest.fixture
def alike(tmp_path: Path) -> Path:
    """Training data whose third is told apart by white space alone, which a T5 does not see."""
    groups = [
        choice(n, ["A cup is one.", "A cup  is one.", "A cup is six."], 0)
        if n % 3 == 0
        else without_brackets(n)
        for n in range(12)
    ]
    return write_split(tmp_path / "data", groups)


@pytest.mark.parametrize("recipe", ["clean", "vera"])
def test_statements_of_the_same_tokens_are_not_trained_on(
    alike: Path, tmp_path: Path, recipe: str
) -> None:
    held = [yes_no(n, f"A cup is {{{n}}}.", n % 2 == 0) for n in range(16)]
    valid = write_split(tmp_path / "valid", held, split="validation")
    flags = ("--valid", valid, "--recipe", recipe, "--batch-size", 4)
    done = train(alike, tmp_path / "run", *flags)
    assert done.exit_code == 0, done.output
    document = json.loads((tmp_path / "run" / "metrics.json").read_text())
    data, masked = document["data"], 4 if recipe == "clean" else 0
    assert data["unseen"]["trained_on"]["planted"]["same_tokens"] == 8
    assert data["groups"]["trained_on"] == 12 - masked
    statements = data["statements"]
    used = statements["trained_on"] + statements["evaluated_on"]
    assert statements["read"] == used + sum(statements["left_out"].values())
    groups = data["groups"]
    assert groups["read"] == groups["trained_on"] + 16 + sum(groups["dropped"].values())
    for told in (done.stderr.partition("work ")[0], done.stderr.partition("next ")[2]):
        assert "WARNING: 8 of 36 training texts have the same tokens as one" in told
        assert "16 of 16 evaluation texts have characters that the model's vocabulary lacks" in told
    assert invoke("report", tmp_path / "run").exit_code == 0
    page = (tmp_path / "run" / "report.html").read_text()
    assert "8 of 36 training texts have the same tokens" in page
    out = ("--out", tmp_path / "eval", "--resamples", 2)
    evaluated = invoke("evaluate", "--model", tmp_path / "run", "--data", valid, *out)
    assert evaluated.stderr.count("characters that the model's vocabulary lacks") == 2
    document = json.loads((tmp_path / "eval" / "metrics.json").read_text())
    assert document["data"]["unseen"]["evaluated_on"]["planted"]["with_unknown_tokens"] == 16


def test_no_problem_that_can_be_told_apart_is_an_error(tmp_path: Path) -> None:
    data = write_split(tmp_path / "data", [choice(n, ["A cup", "A  cup"], 0) for n in range(4)])
    done = train(data, tmp_path / "run")
    assert "training problems the true statement has the same" in str(done.exception)


YES_NO = ((0, "yes"), (1, "no"))


def passage(number: int, question: str, context: str | None, answer: str) -> Converted:
    """A question with two choices, or (in a context) with an answer to find."""
    if context is None:
        made = choice(number, [answer, "wool"], 0)
        text = f"{question} \\n (a) {answer} (b) wool"
    else:
        made = free_text(number, [answer])
        made = made._replace(example=replace(made.example, context=context))
        text = f"{question} \\n {context}"
    return made._replace(question=Record(text, answer))


def test_a_context_is_cut_and_what_was_in_it_counted(tmp_path: Path) -> None:
    near, far = "ink " + "and so on " * 90, "and so on " * 90 + "ink"
    rows = [passage(n, "What?", near if n % 2 else far, "ink") for n in range(10)]
    data = write_split(tmp_path / "data", rows)
    done = train(data, tmp_path / "run", "--objective", "text", "--max-tokens", 40)
    assert done.exit_code == 0, done.output
    told = json.loads((tmp_path / "run" / "metrics.json").read_text())["data"]["unseen"]
    parts = [told[part]["planted"] for part in ("trained_on", "evaluated_on")]
    total = {name: sum(part[name] for part in parts) for name in parts[0]}
    assert (total["cut"], total["own_cut"], total["answer_cut"]) == (10, 0, 5)
    assert "all in the context only" in done.stderr
    assert "lose their answer, or the part of the context that has it" in done.stderr


@pytest.mark.parametrize("records", ["question", "declarative"])
def test_choices_and_statements_are_never_cut(tmp_path: Path, records: str) -> None:
    long = "Ada saw iron. " * 40
    rows = [passage(n, "What?", None, "ink") for n in range(6)]
    rows += [passage(n, long + "What?", None, "ink") for n in range(6, 9)]
    rows = [
        row._replace(declaratives=tuple(Record(f"{n} {row.question.input}", o) for n, o in YES_NO))
        for row in rows
    ]
    data = write_split(tmp_path / "data", rows)
    flags = ("--objective", "text", "--records", records, "--batch-size", 2)
    done = train(data, tmp_path / "run", *flags, "--max-tokens", 60)
    message = str(done.exception)
    assert "records of planted have more than 60 tokens without their context" in message
    least = message.partition("--max-tokens ")[2].partition(",")[0]
    done = train(data, tmp_path / "run", *flags, "--max-tokens", least)
    assert done.exit_code == 0, done.output
    assert "tokens" not in done.stderr.partition("next ")[2]


def test_declarative_records_of_the_same_tokens_are_not_trained_on(tmp_path: Path) -> None:
    rows = [passage(n, "What?", None, "ink") for n in range(8)]
    texts = [("one", "one") if n < 2 else ("one", "two") for n in range(8)]
    rows = [
        row._replace(declaratives=(Record(one, "yes"), Record(other, "no")))
        for row, (one, other) in zip(rows, texts, strict=True)
    ]
    data = write_split(tmp_path / "data", rows)
    valid = write_split(tmp_path / "valid", rows[:1], split="validation")
    flags = ("--objective", "text", "--records", "declarative", "--valid", valid)
    done = train(data, tmp_path / "run", *flags)
    assert done.exit_code == 0, done.output
    found = json.loads((tmp_path / "run" / "metrics.json").read_text())["data"]
    assert found["groups"]["trained_on"] == 6
    assert found["groups"]["dropped"] == {"same tokens as another label": 2}
    assert found["statements"]["trained_on"] == 12
    assert found["statements"]["left_out"] == {"same tokens as another label": 4}
    assert found["statements"]["evaluated_on"] == 2  # the tie counts as one


def test_upstreams_recipe_cuts_choices_and_says_so(tmp_path: Path) -> None:
    rows = [passage(n, "Ada saw iron. " * 40, None, "ink") for n in range(10)]
    data = write_split(tmp_path / "data", rows)
    flags = ("--objective", "text", "--recipe", "vera", "--max-tokens", 30, "--batch-size", 2)
    done = train(data, tmp_path / "run", *flags)
    assert done.exit_code == 0, done.output
    assert "in the statement, question or choices: --max-tokens" in done.stderr


def test_choices_of_the_same_tokens_are_not_trained_on(tmp_path: Path) -> None:
    rows = [passage(n, "What?", None, "ink") for n in range(10)]
    train_part = write_split(tmp_path / "data", rows)
    assert train(train_part, tmp_path / "run", "--objective", "text").exit_code == 0
    odd = [choice(n, ["{", "}"], 0) for n in range(3)]
    odd = [one._replace(question=Record("What? \\n (a) { (b) }", "{")) for one in odd]
    more = write_split(tmp_path / "more", [*odd, *rows[3:]], split="other")
    flags = ("--objective", "text", "--start-from", tmp_path / "run", "--valid", train_part)
    done = train(more, tmp_path / "again", *flags)
    assert done.exit_code == 0, done.output
    data = json.loads((tmp_path / "again" / "metrics.json").read_text())["data"]
    assert data["unseen"]["trained_on"]["planted"]["same_tokens"] == 3
    assert data["groups"]["trained_on"] == 7
    assert data["groups"]["dropped"] == {"same tokens as another label": 3}


@pytest.mark.parametrize(
    ("written", "context", "own"),
    [
        ("Who? \\n (a) Ada (b) Ben \\n A cup.", "A  cup.", "Who? \\n (a) Ada (b) Ben"),
        ("who? \\n (a) ada \\n dans hut \\n is red", "Dan's hut \\n is red", "who? \\n (a) ada"),
        ("Who? \\n (a) Ada (b) Ben", "A cup.", None),  # a profile that writes no context
        ("Who?", None, None),
    ],
)
def test_where_a_context_starts(
    tmp_path: Path, written: str, context: str | None, own: str | None
) -> None:
    made = choice(0, ["Ada", "Ben"], 0, context=context)
    made = made._replace(question=Record(written, "Ada"))
    reading = read_examples(
        [write_split(tmp_path / "s", [made])], "question", allow_sample=False
    ).problems
    (record,) = reading.records()
    at = record.context_at
    assert (None if at is None else record.input[:at]) == own
