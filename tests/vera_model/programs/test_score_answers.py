"""uqa score-answers: questions and answers are read, matched and scored, none lost silently."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from click.testing import Result
from typer.testing import CliRunner

from unifiedqa_convert import convert
from unifiedqa_convert.cli import app
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.errors import OutputError, SourceError, UqaError, UsageError
from vera_model.data.answers.predicted import read_predicted
from vera_model.data.answers.questions import read_questions
from vera_model.data.problems import Problem
from vera_model.metrics.answers import DatasetScores, summarise_scores
from vera_model.metrics.bootstrap import Resampling
from vera_model.metrics.predictions import Predictions
from vera_model.metrics.texts.rules import rule_of
from vera_model.programs.score_answers import score_answers

QUICK = Resampling(50)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> Callable[..., Path]:
    """A split of invented rows, converted once."""
    top = tmp_path_factory.mktemp("converted")
    made: dict[tuple[str, str, str], Path] = {}

    def output(dataset: str, to: str = "arrow", records: str = "both") -> Path:
        key = dataset, to, records
        if key not in made:
            kind: Any = {"to": to, "records": "question" if to == "tsv" else records}
            out = top / to / records
            convert(Request(dataset=dataset, split="validation", source="sample", out=out, **kind))
            made[key] = out / dataset / "validation.sample"
        return made[key]

    return output


def rows_of(folder: Path) -> list[dict[str, Any]]:
    questions = read_questions([folder], allow_sample=True).questions
    return [
        {"id": one.id, "source_id": one.source_id, "output": one.output, "kind": one.kind}
        for one in questions
    ]


def lines(path: Path, *items: object) -> Path:
    path.write_text("".join(f"{json.dumps(item)}\n" for item in items), encoding="utf-8")
    return path


def scored(predictions: Path, *folders: Path, **how: Any) -> dict[str, Any]:
    how = {"allow_sample": True, "resampling": QUICK, **how}
    return score_answers(predictions, folders, **how).document


@pytest.mark.parametrize("to", ["arrow", "parquet", "jsonl"])
@pytest.mark.parametrize("dataset", ["squad2", "copa", "boolq", "drop"])
def test_right_answers_are_right_in_every_format(
    outputs: Callable[..., Path], tmp_path: Path, dataset: str, to: str
) -> None:
    folder = outputs(dataset, to)
    given = [{"id": row["id"], "prediction": row["output"]} for row in rows_of(folder)]
    found = scored(lines(tmp_path / "p.jsonl", *given), folder)
    (one,) = found["datasets"].values()
    assert one["score"] == 1
    assert one["questions"] == len(given) == found["counts"]["predictions"]
    assert one["interval"] == (1, 1)


@pytest.mark.parametrize("dataset", ["squad2", "copa", "boolq"])
def test_a_tsv_is_scored_in_its_order(
    outputs: Callable[..., Path], tmp_path: Path, dataset: str
) -> None:
    typed, tsv = rows_of(outputs(dataset)), outputs(dataset, "tsv")
    answers = tmp_path / "p.txt"
    answers.write_text("".join(f"{row['output']}\n" for row in typed))
    found = scored(answers, tsv)
    (one,) = found["datasets"].values()
    assert (one["score"], one["questions"]) == (1, len(typed))
    assert [row["kind"] for row in rows_of(tsv)] == [row["kind"] for row in typed]


def written(folder: Path, text: str, **facts: Any) -> Path:
    """An output of invented lines."""
    folder.mkdir(parents=True)
    (folder / "data-00000.tsv").write_text(text, encoding="utf-8")
    manifest = {"dataset": "made", "split": "dev", "format": "tsv", "records": "question"}
    manifest |= {"sample": False, "files": [{"path": "data-00000.tsv"}], **facts}
    (folder / "manifest.json").write_text(json.dumps(manifest))
    return folder


def test_lines_with_the_same_input_are_references_of_one_question(tmp_path: Path) -> None:
    tsv = written(tmp_path / "t", "who?\tJon\nwho?\tEskil\nwhere?\tOsk\nwhen?\t-\n")
    answers = tmp_path / "p.txt"
    answers.write_text("Eskil\nOdd\nOsk\nnow\n")
    found = score_answers(answers, [tsv], resampling=QUICK)
    assert found.document["datasets"]["made/dev"]["metrics"]["exact_match"] == 1
    assert found.document["counts"]["questions"] == 3
    assert found.document["counts"]["unlabelled"] == 1
    assert [note.split()[0] for note in found.notes] == ["1", "1"], "unlabelled, and Odd"


@pytest.mark.parametrize(
    ("to", "profile", "score", "notes"),
    [
        ("jsonl", "canonical", 0.75, []),
        ("arrow", "canonical", 0.75, []),
        ("tsv", "unifiedqa", 0.75, []),  # a line for each part
        ("tsv", "canonical", 1, ["of some answers the first part only"]),
    ],
)
def test_the_parts_of_an_answer_are_all_wanted(
    tmp_path: Path, to: Any, profile: str, score: float, notes: list[str]
) -> None:
    """One of two questions is answered, the other one has half of its answer."""
    asked = {"Which two?": ["Jon", "Eskil"], "Who sang?": ["Ada"]}
    about = {"title": "Fest", "context": "Jon and Eskil danced, and Ada sang."}
    rows = [
        {
            **{**about, "id": f"q{number}", "question": question},
            "answers": {"text": texts, "answer_start": [about["context"].index(x) for x in texts]},
        }
        for number, (question, texts) in enumerate(asked.items())
    ]
    kind: Any = {"to": to, "profile": profile, "records": "question", "split": "validation"}
    raw = lines(tmp_path / "rows.jsonl", *rows)
    folder = convert(Request(dataset="quoref", raw=(raw,), out=tmp_path / "o", **kind)).folder
    questions = read_questions([folder], allow_sample=False).questions
    answers = tmp_path / "p.txt"
    texts = ["Ada" if "sang?" in one.input else "Jon" for one in questions for _ in one.positions]
    answers.write_text("".join(f"{text}\n" for text in texts))
    found = score_answers(answers, [folder], resampling=QUICK)
    assert found.document["overall"]["score"] == score
    told = [note for note in found.notes if "fewer rows" not in note]
    assert [wanted in note for wanted, note in zip(notes, told, strict=True)] == [True] * len(notes)


def test_unifiedqas_slashes_are_between_parts_where_the_manifest_counts_such(
    tmp_path: Path,
) -> None:
    counts = {"counts": {"flags": {"answer-in-parts": 1}}}
    text = "who?\tJon///Eskil\nwhere?\tOsk\n"
    parts, whole = (
        read_questions([written(tmp_path / name, text, **facts)], allow_sample=False).questions
        for name, facts in (("p", counts), ("w", {}))
    )
    assert [(one.references, one.in_parts) for one in parts] == [
        (("Jon", "Eskil"), True),
        (("Osk",), False),
    ]
    assert [(one.references, one.in_parts) for one in whole] == [
        (("Jon///Eskil",), False),
        (("Osk",), False),
    ]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("q \\n (a) x (b) y\tz\n", r"made/dev data-00000\.tsv line 1: the output 'z' is none of"),
        ("q?\ta\nq?\ta\tb\n", r"line 2: 3 cells instead of 2"),
    ],
)
def test_a_tsv_that_does_not_suffice_names_the_line(
    tmp_path: Path, text: str, message: str
) -> None:
    with pytest.raises(SourceError, match=message):
        read_questions([written(tmp_path / "t", text)], allow_sample=False)


def test_an_output_that_was_changed_is_refused(tmp_path: Path) -> None:
    files = [{"path": "data-00000.tsv", "sha256": "0" * 64}]
    with pytest.raises(SourceError, match="changed or damaged"):
        read_questions([written(tmp_path / "t", "a?\tb\n", files=files)], allow_sample=False)


@pytest.mark.parametrize(
    ("name", "content"),
    [
        ("p.jsonl", '{{"id": "{0}", "prediction": "a"}}\n{{"id": "{1}", "prediction": "b"}}\n'),
        ("p.jsonl", '{{"qid": "{0}", "pred": "a"}}\n\n{{"qid": "{1}", "pred": "b"}}'),
        ("p.jsonl", '{{"id": "{0}", "output": "a"}}\n{{"id": "{1}", "generated_text": "b"}}\n'),
        ("p.jsonl", '{{"id": "{0}", "answer": "c", "pred": ["a"]}}\n{{"id": "{1}", "text": "b"}}'),
        (  # as a run of --objective text writes them
            "predictions.jsonl",
            '{{"id": "{0}", "dataset": "d", "split": "s", "prediction": "a", "output": "c"}}\n'
            '{{"id": "{1}", "dataset": "d", "split": "s", "prediction": "b", "output": "c"}}\n',
        ),
        ("p.json", '[{{"id": "{0}", "prediction": "a"}}, {{"id": "{1}", "prediction": "b"}}]'),
        ("p.json", '{{"{0}": "a", "{1}": "b"}}'),
        ("p.tsv", "\ufeff{0}\ta\r\n{1}\tb\r\n"),
        ("model_predictions", "{0}\ta\n{1}\tb"),
    ],
)  # fmt: skip
def test_predictions_are_read_in_many_forms(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content.format("x-0", "x-1"), encoding="utf-8")
    found = read_predicted(tmp_path / name)
    assert [(one.id, one.texts) for one in found] == [("x-0", ("a",)), ("x-1", ("b",))]


def test_predictions_in_order_may_be_empty(tmp_path: Path) -> None:
    (tmp_path / "p.txt").write_text("a\n\nb\n")
    assert [one.texts for one in read_predicted(tmp_path / "p.txt")] == [("a",), ("",), ("b",)]
    parts = lines(tmp_path / "p.jsonl", {"id": 7, "prediction": ["Jon", "Eskil"]})
    assert read_predicted(parts)[0][:3] == ("7", None, ("Jon", "Eskil"))


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("p.txt", b"", "has no prediction"),
        ("p.txt", b"a\tb\nc\n", "line 2 has 0 tabs, and line 1 an id"),
        ("p.txt", b"a\nb\xff\n", "line 2: not UTF-8"),
        ("p.tsv", b"a\tb\tc\n", "line 1 has 2 tabs"),
        ("p.jsonl", b'{"id": "x"}\n', "line 1 has no prediction: name its field prediction"),
        ("p.jsonl", b'{"id": "x", "prediction": "a"}\n{"id"\n', "line 2: not JSON"),
        ("p.jsonl", b'["x"]\n', "line 1: not an object"),
        ("p.jsonl", b'{"id": "x", "qid": "y", "prediction": "a"}', "both id and qid"),
        ("p.jsonl", b'{"id": "x", "pred": "a", "prediction": "b"}', "both prediction and pred"),
        ("p.jsonl", b'{"id": "x", "prediction": 3}', "field prediction: 3 is no text"),
        ("p.jsonl", b'{"id": 1.5, "prediction": "a"}', "field id: 1.5 is no id"),
        ("p.jsonl", b'{"prediction": "a"}\n{"id": "x", "prediction": "a"}', "line 1 has no id"),
    ],
)
def test_a_file_that_is_not_understood_names_the_line(
    tmp_path: Path, name: str, content: bytes, message: str
) -> None:
    (tmp_path / name).write_bytes(content)
    with pytest.raises(SourceError, match=message) as told:
        read_predicted(tmp_path / name)
    assert str(tmp_path / name) in str(told.value)


def test_missing_doubled_and_foreign_predictions(
    outputs: Callable[..., Path], tmp_path: Path
) -> None:
    folder = outputs("squad2")
    given = [{"id": row["id"], "prediction": row["output"]} for row in rows_of(folder)]
    some = lines(tmp_path / "some.jsonl", *given[1:])
    with pytest.raises(SourceError, match=r"no prediction for squad2/validation row 0 \(squad2-"):
        scored(some, folder)
    assert scored(some, folder, missing="leave-out")["datasets"]["squad2/validation"]["score"] == 1
    empty = scored(some, folder, missing="empty")
    assert empty["datasets"]["squad2/validation"]["score"] == 1 - 1 / len(given)
    assert empty["counts"]["missing"] == 1
    foreign = lines(tmp_path / "foreign.jsonl", *given, {"id": "x-9", "prediction": "a"})
    with pytest.raises(SourceError, match=rf"line {len(given) + 1}: no question has the id 'x-9'"):
        scored(foreign, folder)
    assert scored(foreign, folder, foreign="leave-out")["counts"]["foreign"] == 1
    doubled = lines(tmp_path / "doubled.jsonl", *given, given[0])
    with pytest.raises(SourceError, match=rf"line 1 and line {len(given) + 1} are both"):
        scored(doubled, folder)
    short = tmp_path / "short.txt"
    short.write_text("a\n")
    with pytest.raises(SourceError, match=rf"1 predictions without ids for {len(given)} records"):
        scored(short, folder)
    with pytest.raises(SourceError, match="no prediction for any of"):
        scored(lines(tmp_path / "none.jsonl", {"id": "x", "prediction": ""}), folder,
               missing="leave-out", foreign="leave-out")  # fmt: skip


def typed(folder: Path, dataset: str, *own_ids: str) -> Path:
    """An output of questions with no answer, of rows with these ids."""
    texts = {"input": "q?", "output": "<No Answer>", "choices": [], "golds": [], "flags": []}
    rows = [
        {"id": f"{dataset}-dev-{n}", "source_id": own, "row": n, "kind": "free_text", **texts}
        for n, own in enumerate(own_ids)
    ]
    files = {"files": [{"path": "data-00000.jsonl"}], "dataset": dataset, "format": "jsonl"}
    written(folder, "", **files)
    lines(folder / "data-00000.jsonl", *rows)
    return folder


def test_ids_of_the_rows_themselves_serve_unless_two_questions_have_them(tmp_path: Path) -> None:
    squad, other = typed(tmp_path / "s", "squad2", "a", "b"), typed(tmp_path / "o", "newsqa", "b")
    own = [{"qid": name, "prediction": ""} for name in "ab"]
    assert scored(lines(tmp_path / "p.jsonl", *own), squad)["overall"]["score"] == 1
    with pytest.raises(SourceError, match=r"line 2: 'b' is the id of squad2/dev row 1 .* use the"):
        scored(lines(tmp_path / "p.jsonl", *own), squad, other)
    named = [{**one, "dataset": "squad2", "split": "dev"} for one in own]
    found = scored(lines(tmp_path / "p.jsonl", *named), squad, other, missing="leave-out")
    assert list(found["datasets"]) == ["squad2/dev"]


def test_choices_of_which_none_is_right_are_left_out_and_told(tmp_path: Path) -> None:
    folder = typed(tmp_path / "s", "multirc", "a", "b")
    path = folder / "data-00000.jsonl"
    rows = [json.loads(line) for line in path.read_text().splitlines()]
    choices = {"kind": "multiple_choice", "choices": ["x", "y"]}
    lines(path, {**rows[0], **choices, "output": None}, {**rows[1], **choices, "golds": [1]})
    answers = lines(tmp_path / "p.jsonl", *({"id": own, "prediction": "y"} for own in "ab"))
    found = score_answers(answers, [folder], resampling=QUICK)
    assert found.document["overall"]["score"] == 1
    assert found.notes == ["1 questions have no known answer and are left out"]


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"golds": [0]}, r"row 0 of the file: golds \[0\] point outside 0 choices"),
        ({"kind": "yes_no"}, r"golds \[\] of a question with one answer"),
        ({"kind": "other"}, "kind is 'other'"),
        ({"row": "0"}, "row is '0'"),
    ],
)
def test_a_row_that_is_not_understood_is_named(
    tmp_path: Path, change: dict[str, Any], message: str
) -> None:
    folder = typed(tmp_path / "s", "squad2", "a")
    file = folder / "data-00000.jsonl"
    lines(file, {**json.loads(file.read_text()), **change})
    with pytest.raises(SourceError, match=message) as told:
        read_questions([folder], allow_sample=False)
    assert str(file) in str(told.value)


def test_what_is_no_output_with_answers_is_refused(
    outputs: Callable[..., Path], tmp_path: Path
) -> None:
    refused: list[tuple[list[Path], type[UqaError], str]] = [
        ([tmp_path / "absent"], SourceError, "does not exist"),
        ([tmp_path], SourceError, "has no manifest.json"),
        ([outputs("copa") / "manifest.json"], SourceError, "is a file: give the folder"),
        ([outputs("copa", "vera", "question")], SourceError, "the format vera, which has no"),
        ([outputs("copa", "jsonl", "declarative")], SourceError, "declarative records only"),
        ([outputs("copa"), outputs("copa", "jsonl")], UsageError, "give each split once"),
        ([outputs("copa", "tsv"), outputs("copa")], UsageError, "give each split once"),
    ]
    for paths, kind, message in refused:
        with pytest.raises(kind, match=message):
            read_questions(paths, allow_sample=True)
    with pytest.raises(UsageError, match="invented sample rows"):
        read_questions([outputs("copa")], allow_sample=False)


def test_ids_do_not_fit_a_tsv(outputs: Callable[..., Path], tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="has ids, and a TSV has none"):
        scored(lines(tmp_path / "p.jsonl", {"id": "x", "prediction": "a"}), outputs("copa", "tsv"))


def test_the_logits_of_an_evaluation_choose(outputs: Callable[..., Path], tmp_path: Path) -> None:
    rows = read_questions([outputs("copa"), outputs("boolq")], allow_sample=True).questions
    problems, logits = [], []
    for one in rows:
        size = len(one.choices) if one.kind == "multiple_choice" else 1
        golds = set(one.golds) & set(range(size))  # of yes/no: the statement is true
        order = sorted(range(size), key=lambda at, golds=golds: at not in golds)  # the gold first
        about = (one.dataset, one.split, str(one.id), size > 1, tuple(map(str, order)))
        labels = tuple(at in golds for at in order)
        problems.append(Problem(*about, labels, numbers=tuple(order)))
        logits.append(np.array([1.0 if label else -1.0 for label in labels]))
    folder = tmp_path / "evaluated"
    folder.mkdir()
    Predictions.of(problems, logits).write(folder / "predictions.parquet")
    both = outputs("copa"), outputs("boolq")
    assert scored(folder, *both)["overall"]["score"] == 1
    Predictions.of(problems, [np.zeros_like(row) for row in logits]).write(
        folder / "predictions.parquet"
    )
    assert scored(folder, *both)["overall"]["score"] == 0.5, "all tie"
    with pytest.raises(SourceError, match=r"predictions\.jsonl nor predictions\.parquet"):
        scored(outputs("copa"), outputs("copa"))


def test_each_dataset_has_the_same_weight_and_clusters_are_resampled() -> None:
    rule = rule_of("x", "yes_no")
    right, wrong = {"accuracy": 1.0}, {"accuracy": 0.0}
    small = DatasetScores("a/dev", rule, [right, right], ["1", "2"])
    large = DatasetScores("b/dev", rule, [right, *[wrong] * 9], [str(n) for n in range(10)])
    found = summarise_scores([small, large], Resampling(2000))
    assert found["overall"]["score"] == pytest.approx(0.55)
    assert found["formats"]["yes_no"]["of"] == ["a/dev", "b/dev"]
    alone = summarise_scores([large], Resampling(2000))["datasets"]["b/dev"]["interval"]
    assert found["datasets"]["b/dev"]["interval"] == alone, "whatever is beside it"
    assert (alone[0], alone[1]) == (0, pytest.approx(0.3)), "binomial of 10 and 0.1"
    # Ten copies of one answer in a cluster say as little as one: 2 clusters, 4 equal draws of two.
    copies = [right] * 10 + [wrong] * 10
    together = DatasetScores("c/dev", rule, copies, ["1"] * 10 + ["2"] * 10)
    assert summarise_scores([together], Resampling(200))["overall"]["interval"] == (0, 1)
    apart = DatasetScores("c/dev", rule, copies, [str(n) for n in range(20)])
    low, high = summarise_scores([apart], Resampling(200))["overall"]["interval"]
    assert 0.2 < low < high < 0.8


def test_the_same_input_is_one_cluster(tmp_path: Path) -> None:
    text = "is it?\tyes\nis it?\tno\nwas it?\tyes\n"
    questions = read_questions([written(tmp_path / "t", text)], allow_sample=False).questions
    first, second, third = (one.cluster for one in questions)
    assert first == second != third


def test_partial_and_invented_rows_are_told(tmp_path: Path) -> None:
    size = {"read": 1, "known": 2, "partial": True}
    tsv = written(tmp_path / "t", "who?\tJon\n", sample=True, split_size=size)
    (tmp_path / "p.txt").write_text("Jon\n")
    found = score_answers(tmp_path / "p.txt", [tsv], allow_sample=True, resampling=QUICK)
    assert [note.split(" has ")[1].split(":")[0] for note in found.notes] == [
        *("invented rows", "fewer rows than the split")
    ]
    (output,) = found.document["outputs"]
    assert (output["sample"], output["partial"]) == (True, True)
    other = written(tmp_path / "u", "who?\tJon\n", sample=True, dataset="other")
    (tmp_path / "p.txt").write_text("Jon\nJon\n")
    found = score_answers(tmp_path / "p.txt", [tsv, other], allow_sample=True, resampling=QUICK)
    both = f"2 outputs, the first of them {tsv}, have invented rows"
    assert [note.split(":")[0] for note in found.notes] == [
        *(both, f"{tsv} has fewer rows than the split")
    ]


def test_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    written(tmp_path / "made", "What melts? \\n (a) ice (b) rock (c) iron\tice\n")
    (tmp_path / "p.txt").write_text("Ice!\n")

    def run(*words: str) -> Result:
        return CliRunner().invoke(app, ["score-answers", *words])

    table = run("p.txt", "made", "--out", "scores.json")
    assert [line.split()[:4] for line in table.stdout.splitlines()[1:]] == [
        ["made/dev", "multiple_choice", "1", "0.333"]
    ]
    assert "1 of 1 answers are like no choice" in table.stderr
    assert json.loads(Path("scores.json").read_text())["overall"]["score"] == pytest.approx(1 / 3)
    theirs = run("p.txt", "made", "--compat", "unifiedqa", "--json")
    assert json.loads(theirs.stdout)["overall"]["score"] == 1, "the first of equals"
    assert "do not know made" in theirs.stderr
    assert isinstance(run("p.txt", "made", "--out", "scores.json").exception, OutputError)
    assert isinstance(run("absent.txt", "made").exception, SourceError)
