"""--objective text on several datasets: equal shares or by size, resumed, evaluated."""

import json
from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from accelerate import Accelerator
from vera_shards import choice, converted, free_text, write_split, yes_no

from unifiedqa_convert.errors import ModelError, UsageError
from unifiedqa_convert.records.converted import Converted, Record
from unifiedqa_convert.schema import FreeText
from vera_model.config import from_preset
from vera_model.data.loading import Holdout
from vera_model.data.text_records import read_examples
from vera_model.distributed import Processes
from vera_model.metrics.bootstrap import Resampling
from vera_model.model.tokenizer import train_tokenizer
from vera_model.objectives.text import TextObjective
from vera_model.programs import evaluate
from vera_model.programs.evaluate import evaluate_model, summary_of
from vera_model.programs.train import run
from vera_model.report.page import write_report
from vera_model.run_folder import evaluated_as, text_limit

COLOURS = ("red", "green", "blue", "black")
SIZES = {"choices": 40, "verdicts": 12, "answers": 5}
SHAPE = {
    **{"vocab_size": 200, "d_model": 16, "d_kv": 8, "d_ff": 32, "num_layers": 1, "num_heads": 2},
    "dropout": 0.1,
}


def made(kind: str, number: int) -> Converted:
    """A question of one of three kinds; a verdict's text is longer than an answer's."""
    colour = COLOURS[number % 4]
    if kind == "choices":
        one = choice(number, [f"It is {c}." for c in COLOURS], number % 4)
        listed = " ".join(f"({letter}) {c}" for letter, c in zip("abcd", COLOURS, strict=True))
        asked = Record(
            f"which is the colour of {'so ' * (number % 20)}{colour}? \\n {listed}", colour
        )
        return one._replace(example=replace(one.example, choices=COLOURS), question=asked)
    if kind == "verdicts":
        right = number % 2 == 0
        asked = Record(f"{number} {'is even ' * 12}?", "yes" if right else "no")
        return yes_no(number, f"{number} is even.", right)._replace(question=asked)
    asked = Record(f"what is {colour}?", f"the {colour} hat")
    one = free_text(number, [f"the {colour} hat", f"hat number {number}"])
    return one._replace(question=asked)


def unlabelled(number: int) -> Converted:
    return converted(number, FreeText(question="What?", answers=None), ())


@pytest.fixture(scope="module")
def shards(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("mixed")
    for kind, size in SIZES.items():
        groups = [*[made(kind, number) for number in range(size)], unlabelled(900)]
        write_split(folder / kind / "train", groups, dataset=kind)
        later = [made(kind, number) for number in range(100, 104)]
        write_split(folder / kind / "validation", later, dataset=kind, split="validation")
    return folder


def configured(shards: Path, out: Path, **given: Any) -> Any:
    return from_preset(
        "tiny",
        **{
            "objective": "text",
            "data": [shards / kind / "train" for kind in SIZES],
            "valid": [shards / kind / "validation" for kind in SIZES],
            "out": out,
            "encoder": SHAPE,
            "device": "cpu",
            "batch_size": 12,
            "lr": 3e-3,
            **given,
        },
    )


def objective(shards: Path, **given: Any) -> TextObjective:
    config = configured(shards, Path("none"), **given)
    examples = read_examples(config.data, "question", allow_sample=False).problems
    texts = [text for one in examples for record in one.records for text in record[3:5]]
    tokenizer = train_tokenizer(texts, 200)
    peers = Processes(Accelerator(cpu=True))
    return TextObjective(config, tokenizer, Holdout(examples, examples[:0]), peers)


def tasks_of(batch: Any) -> Counter[str]:
    return Counter(pair.record.task for pair in batch)


def records_of(batches: Any) -> Counter[tuple[str, str]]:
    return Counter((pair.record.task, pair.record.group) for batch in batches for pair in batch)


def order(text: TextObjective, epoch: int) -> list[list[str]]:
    return [[pair.record.group for pair in batch] for batch in text.batches(epoch)]


def test_equal_each_batch_has_as_many_records_of_each_dataset(shards: Path) -> None:
    text = objective(shards, mix="equal")
    batches = list(text.batches(0))
    assert [sum(tasks_of(batch).values()) for batch in batches] == [12] * 10
    assert all(tasks_of(batch) == dict.fromkeys(SIZES, 4) for batch in batches)
    uneven = list(objective(shards, mix="equal", batch_size=10).batches(0))
    assert all(set(tasks_of(batch).values()) <= {3, 4} for batch in uneven)
    tokens = list(objective(shards, mix="equal", batch_tokens=400).batches(0))
    assert len(tokens) > 5
    counts = [tasks_of(batch) for batch in tokens]
    assert all(max(one.values()) - min(one.values()) <= 1 for one in counts if len(one) == 3)
    assert sum(counts, Counter()) == dict.fromkeys(SIZES, 40)


def test_equal_no_record_of_a_dataset_is_seen_more_often_than_another(shards: Path) -> None:
    text = objective(shards, mix="equal")
    once = records_of(text.batches(0))
    assert {count for (task, _), count in once.items() if task == "choices"} == {1}
    assert {count for (task, _), count in once.items() if task == "answers"} == {8}
    total = sum((records_of(text.batches(epoch)) for epoch in range(4)), Counter())
    for task, size in SIZES.items():
        counts = [count for (name, _), count in total.items() if name == task]
        assert len(counts) == size
        assert max(counts) - min(counts) <= 1, task
    assert order(text, 0) != order(text, 1)
    assert order(text, 3) == order(objective(shards, mix="equal"), 3)
    other = objective(shards, mix="equal", seed=1)
    assert records_of(other.batches(0)[:1]) != records_of(text.batches(0)[:1])


def test_size_each_record_once_and_at_most_the_limit(shards: Path) -> None:
    assert set(records_of(objective(shards).batches(1)).values()) == {1}
    limited = objective(shards, mix_limit=10)
    for epoch in range(3):
        counts = sum(map(tasks_of, limited.batches(epoch)), Counter())
        assert counts == {"choices": 10, "verdicts": 10, "answers": 5}
    # Four epochs take all forty choices, each once.
    total = sum((records_of(limited.batches(epoch)) for epoch in range(4)), Counter())
    assert [total["choices", f"train-{n:06d}"] for n in range(40)] == [1] * 40


def test_records_of_similar_length_share_a_batch(shards: Path) -> None:
    """Within a dataset: in a window of the order, its lengths rise from batch to batch."""
    text = objective(shards, mix="equal", batch_size=6)  # a window is 48 records, 16 of each
    spread = [
        max(map(len, own)) - min(map(len, own))
        for batch in text.batches(0)
        for own in [[pair.source for pair in batch if pair.record.task == "choices"]]
    ]
    lengths = [len(pair.source) for pair in text.train if pair.record.task == "choices"]
    assert max(spread) < (max(lengths) - min(lengths)) / 2


def test_a_mixed_run_learns_and_tells_what_it_saw(
    shards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    out = run(configured(shards, tmp_path / "run", mix="equal", steps=60)).parent
    told = capsys.readouterr().err
    assert "mixture     equal shares, 120 records an epoch, 6 epochs" in told
    assert "            33.3% answers, 5 records, each 48 times" in told
    document = json.loads((out / "metrics.json").read_text())
    mixture = document["mixture"]
    assert {name: one["records"] for name, one in mixture["datasets"].items()} == SIZES
    assert [one["seen"] for one in mixture["datasets"].values()] == [240] * 3
    assert document["data"]["groups"]["dropped"] == {"unlabelled": 3}
    log = [json.loads(line) for line in (out / "train_log.jsonl").open()]
    assert sum(line["problems"] for line in log) == 720
    losses = [line["loss"] for line in log]
    assert sum(losses[-10:]) < 0.7 * sum(losses[:10])
    chosen = document["checkpoint"]["chosen_by"][-1]
    tasks = document["metrics"]["tasks"]
    mean = sum(tasks[t]["choice_accuracy" if t == "choices" else "f1"] for t in SIZES) / 3
    assert chosen["name"] == "choice_accuracy_or_f1_of_tasks"
    assert chosen["value"] == pytest.approx(mean)
    answers = [json.loads(line) for line in (out / "predictions.jsonl").open()]
    assert [one["id"] for one in answers] == [f"train-{n:06d}" for n in range(100, 104)] * 3
    assert list(answers[0]) == ["id", "dataset", "split", "prediction", "output"]
    assert {(one["dataset"], one["split"]) for one in answers} == {
        (kind, "validation") for kind in SIZES
    }
    page = write_report(out).read_text()
    assert "Training records by dataset, mixed in equal shares" in page
    assert "exact match" in page
    assert "AP true" not in page


def test_a_mixed_run_resumes_to_the_bit(shards: Path, tmp_path: Path) -> None:
    given = {"mix": "equal", "save_every": 2, "eval_first": 6}
    straight = run(configured(shards, tmp_path / "one", steps=13, **given)).parent
    run(configured(shards, tmp_path / "two", steps=11, **given))  # in the second epoch
    config = configured(shards, tmp_path / "two", steps=13, resume="auto", **given)
    resumed = run(config).parent
    for name in ("train_log.jsonl", "predictions.jsonl", "model/last/model.safetensors"):
        assert (straight / name).read_bytes() == (resumed / name).read_bytes(), name
    seen = [
        json.loads((one / "metrics.json").read_text())["mixture"] for one in (straight, resumed)
    ]
    assert seen[0] == seen[1]
    with pytest.raises(UsageError, match="mix was equal, is None"):
        run(config.model_copy(update={"mix": "size", "steps": 14}))


def test_evaluate_writes_the_answers_of_a_t5(shards: Path, tmp_path: Path) -> None:
    given = {"mix": "equal", "steps": 4, "max_tokens": 120}
    trained = run(configured(shards, tmp_path / "run", **given)).parent
    data = [shards / kind / "validation" for kind in SIZES]
    how: dict[str, Any] = {"resampling": Resampling(10), "valid": data}
    path = evaluate_model(str(trained), tmp_path / "out", **how)
    documents = [json.loads(p.read_text()) for p in (path, trained / "metrics.json")]
    assert documents[0]["metrics"] == documents[1]["metrics"]
    assert documents[0]["data"]["unseen"]["max_tokens"] == 120  # as it was trained
    for name in ("predictions.jsonl",):
        assert (path.parent / name).read_bytes() == (trained / name).read_bytes()
    told = summary_of(documents[0])
    assert "choice accuracy      exact match          F1\nall             12" in told
    assert "not checked: give --trained-on" in told
    again = [shards / "answers" / "train"]
    where = {"valid": again, "trained_on": again, "max_tokens": 70}
    path = evaluate_model(str(trained), tmp_path / "again", **{**how, **where})
    assert "5 evaluation problems have the texts" in summary_of(json.loads(path.read_text()))
    declared = evaluate_model(str(trained), tmp_path / "said", records="declarative", **how)
    assert json.loads(declared.read_text())["metrics"]["overall"]["statements"] > 12
    assert (tmp_path / "said" / "predictions.parquet").is_file()


def test_a_t5_on_the_hub_is_evaluated_and_a_published_vera_imported(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What a download leaves in a folder: their configurations."""
    monkeypatch.chdir(tmp_path)
    downloaded = tmp_path / "cache"
    downloaded.mkdir()
    monkeypatch.setattr(evaluate, "model_files", lambda *_, **__: downloaded)
    for architecture in ("T5ForConditionalGeneration", "T5WithLMHeadModel"):
        facts = {"model_type": "t5", "architectures": [architecture]}
        (downloaded / "config.json").write_text(json.dumps(facts))
        assert evaluate.local_model("allenai/some-t5", allow_pickle=False) == downloaded
        assert evaluated_as(downloaded) == "text"
        assert text_limit(downloaded) == 512
    (downloaded / "config.json").write_text(
        json.dumps({**facts, "architectures": ["T5EncoderModel"]})
    )
    with pytest.raises(ModelError, match="neither model"):  # taken for a published Vera
        evaluate.local_model("allenai/some-t5", allow_pickle=False)
    with pytest.raises(ModelError):
        evaluated_as(downloaded)


def test_vera_is_mixed_by_size_only(shards: Path) -> None:
    for given in ({"mix": "equal"}, {"mix_limit": 5}):
        with pytest.raises(UsageError, match="for --objective text: Vera trains on each problem"):
            configured(shards, Path("none"), objective="vera", **given)
    with pytest.raises(UsageError, match="--mix-limit with --mix size only"):
        configured(shards, Path("none"), mix="equal", mix_limit=5)


def test_datasets_that_count_as_one_share_a_rate(shards: Path) -> None:
    text = objective(shards, mix="equal", mix_together=("verdicts+answers",))
    assert text.mixture.names == ["choices", "verdicts+answers"]
    counts = sum(map(tasks_of, text.batches(0)), Counter())
    assert counts["choices"] == counts["verdicts"] + counts["answers"] == 40
    assert all(tasks_of(batch)["choices"] == 6 for batch in list(text.batches(0)) if len(batch) > 8)
    with pytest.raises(UsageError, match="no record to train on is of verdict, but of answers, ch"):
        objective(shards, mix="equal", mix_together=("verdict+answers",))
    for wrong in ("answers", "answers+", "answers+answers"):
        with pytest.raises(UsageError, match="names of datasets joined by"):
            objective(shards, mix="equal", mix_together=(wrong,))
    with pytest.raises(UsageError, match="with --mix equal or --mix-limit only"):
        objective(shards, mix_together=("verdicts+answers",))


def test_a_dataset_without_a_record_to_train_on_and_another_profile_are_told(
    shards: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    nothing = write_split(
        tmp_path / "nothing", [unlabelled(0)], dataset="nothing", profile="unlike"
    )
    data = [shards / "answers" / "train", nothing]
    run(configured(shards, tmp_path / "run", mix="equal", steps=1, data=data))
    told = capsys.readouterr().err
    assert "WARNING: no record to train on, so no part of the mixture: nothing\n" in told
    assert "several --profile (None: answers train, " in told
    assert "; unlike: nothing train)" in told
