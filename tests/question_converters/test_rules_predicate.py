"""The model of where a predicate starts, and its training."""

import json
from importlib import resources, util
from pathlib import Path
from types import ModuleType

import pytest
from conftest import ROOT

from unifiedqa_convert.question_converters.rules.predicate import choices, predicate, weights
from unifiedqa_convert.question_converters.rules.tagging import tokenise_question
from unifiedqa_convert.question_converters.rules.tokens import cover

LINES = (ROOT / "tools/predicate_questions.txt").read_text("utf-8").splitlines()
BARRED = [line for line in LINES if " | " in line]


def barred(question: str) -> str:
    """The question with a bar where its predicate starts."""
    tokens = tokenise_question(question)
    at = predicate(tokens)
    if at is None:
        return question
    return f"{cover(question, tokens[:at])} | {cover(question, tokens[at:])}"


def test_the_model_names_its_training_data_and_license() -> None:
    text = (
        resources.files("unifiedqa_convert.question_converters.rules")
        .joinpath("predicate.json")
        .read_text()
    )
    model = json.loads(text)
    assert "Universal Dependencies" in model["data"]
    assert model["license"] == "CC BY-SA 4.0"
    assert (ROOT / model["made by"]).is_file()
    assert len(text) < 3_000_000
    assert weights() == model["weights"]


def test_it_is_right_on_its_training_questions() -> None:
    wrong = [line for line in BARRED if barred(line.replace(" | ", " ")) != line]
    assert len(BARRED) > 300
    assert len(wrong) <= 0.03 * len(BARRED), wrong


@pytest.mark.parametrize(
    "question",
    [
        "does the old man next door | often feed the gray geese",
        "which part of a violin | most likely breaks first",
        "which plate could a hungry waiter | have dropped in the hall",
        "is the roof of a straw hut | safe from heavy rain",
        "what are wooden ships | covered with",
        "has the baker's oldest daughter | ever sold bread",
        "who | washes the windows of the town hall",
        "what is the color of a ripe plum",
    ],
)
def test_it_is_right_on_questions_outside_the_training_data(question: str) -> None:
    assert question not in LINES
    assert barred(question.replace(" | ", " ")) == question


@pytest.mark.parametrize("text", ["a plant is green", "the birds have flown", "rain"])
def test_a_statement_has_nothing_to_decide(text: str) -> None:
    assert choices(tokenise_question(text)) == (None, None)
    assert predicate(tokenise_question(text)) is None


def test_an_unfinished_question_does_not_break_it() -> None:
    for text in ("what", "what is", "does", "is the", "which of", "can can can"):
        predicate(tokenise_question(text))


COOK = """1\tThe\tthe\tDET\t_\t_\t2\tdet
2\tcook\tcook\tNOUN\t_\t_\t3\tnsubj
3\tboils\tboil\tVERB\t_\tNumber=Sing|Person=3|Tense=Pres|VerbForm=Fin\t0\troot
4\tan\ta\tDET\t_\t_\t5\tdet
5\tegg\tegg\tNOUN\t_\t_\t3\tobj
6\tin\tin\tADP\t_\t_\t8\tcase
7\ta\ta\tDET\t_\t_\t8\tdet
8\tpot\tpot\tNOUN\t_\t_\t3\tobl
9\t.\t.\tPUNCT\t_\t_\t3\tpunct
"""


@pytest.fixture
def trainer(monkeypatch: pytest.MonkeyPatch) -> ModuleType:
    monkeypatch.syspath_prepend(str(ROOT / "tools"))
    spec = util.spec_from_file_location("train_predicate", ROOT / "tools/train_predicate.py")
    assert spec is not None
    assert spec.loader is not None
    module = util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_statement_is_trained_on_as_the_questions_it_answers(
    trainer: ModuleType, tmp_path: Path
) -> None:
    (tmp_path / "one.conllu").write_text(COOK, "utf-8")
    (sentence,) = trainer.sentences(tmp_path)
    (clause,) = trainer.clauses(sentence)
    made = {" ".join(words).replace("\x00", "|") for words in trainer.questions(clause)}
    assert {
        "does the cook | boil an egg in a pot",
        "what does the cook | boil in a pot",
        "what does the cook | boil an egg in",
    } < made
    assert made & {f"{wh} pot does the cook | boil an egg in" for wh in ("what", "which")}
    assert any(m.startswith(("which cook | boils", "what cook | boils")) for m in made)


def test_training_twice_gives_the_same_weights(trainer: ModuleType, tmp_path: Path) -> None:
    (tmp_path / "one.conllu").write_text(COOK, "utf-8")
    (sentence,) = trainer.sentences(tmp_path)
    data = trainer.prepared(trainer.all_instances(sentence)) + trainer.prepared(trainer.own()[:40])
    first, second = (trainer.rounded(trainer.learn(list(data))) for _ in range(2))
    assert first == second
    assert list(first) == sorted(first)
    assert len(first) > 100
