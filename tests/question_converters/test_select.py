"""Names, options, prompts and batches of models."""

from collections.abc import Callable, Sequence
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from unifiedqa_convert.errors import ModelError, QuestionConverterError, UsageError
from unifiedqa_convert.question_converters import download, local_models
from unifiedqa_convert.question_converters.base import Ask, Options
from unifiedqa_convert.question_converters.learned.judged_rules import JudgedRules
from unifiedqa_convert.question_converters.local_models import Checkpoint
from unifiedqa_convert.question_converters.model import SHORTEST, ModelConverter, token_batches
from unifiedqa_convert.question_converters.prompts import (
    PRESETS,
    PROMPTS,
    Prompt,
    hub_id,
    prompt_for,
)
from unifiedqa_convert.question_converters.rules.converter import Rules
from unifiedqa_convert.question_converters.select import question_converter
from unifiedqa_convert.question_converters.sentence_cache import SentenceCache
from unifiedqa_convert.question_converters.transformers_backend import device_for


class Counting:
    """A generator whose tokens are letters; it records each batch."""

    device, dtype, library = "cpu", "fp32", "none"

    def __init__(self, batch_tokens: int = 200, said: str | None = None, short: int = 0) -> None:
        self.batch_tokens = batch_tokens
        self.batches: list[list[str]] = []
        self._said = said
        self._short = short

    def encode(self, prompts: Sequence[str]) -> list[list[int]]:
        return [list(map(ord, prompt)) for prompt in prompts]

    def generate(self, ids: Sequence[Sequence[int]]) -> list[str]:
        texts = ["".join(map(chr, one)) for one in ids]
        self.batches.append(texts)
        said = texts if self._said is None else [self._said] * len(texts)
        return said[self._short :]


def model(folder: Path, generator: Counting) -> ModelConverter:
    checkpoint = Checkpoint("owner/model", "a" * 40, folder, "owner/model", {})
    cache = SentenceCache(folder / "cache.sqlite")
    return ModelConverter(
        checkpoint, "transformers", Prompt("{question}|{choice}"), generator, cache
    )


def asks(start: int, stop: int) -> list[Ask]:
    return [Ask("q" * (n % 7), f"a{n}") for n in range(start, stop)]


def test_answers_come_in_the_order_of_the_asks(tmp_path: Path) -> None:
    converter = model(tmp_path, Counting())
    said = converter.convert(asks(0, 100))
    assert [sentence.text for sentence in said] == [f"{q}|{a}." for q, a in asks(0, 100)]
    assert {sentence.via for sentence in said} == {"model"}


def test_a_prompt_is_generated_once_in_a_run_of_many_chunks(tmp_path: Path) -> None:
    """A second run, also in another process, generates none."""
    generator = Counting()
    converter = model(tmp_path, generator)
    for start in (0, 30, 60):
        converter.convert(asks(start, start + 50) * 2)
    seen = [prompt for batch in generator.batches for prompt in batch]
    assert len(seen) == len(set(seen)) == 110
    again = Counting()
    model(tmp_path, again).convert(asks(0, 110))
    assert again.batches == []


def test_a_resumed_run_makes_the_batches_that_were_left(tmp_path: Path) -> None:
    whole = Counting()
    model(tmp_path / "whole", whole).convert(asks(0, 50))

    class Dying(Counting):
        def generate(self, ids: Sequence[Sequence[int]]) -> list[str]:
            if len(self.batches) == 3:
                raise KeyboardInterrupt
            return super().generate(ids)

    first, second = Dying(), Counting()
    with pytest.raises(KeyboardInterrupt):
        model(tmp_path / "killed", first).convert(asks(0, 50))
    model(tmp_path / "killed", second).convert(asks(0, 50))
    assert [*first.batches, *second.batches] == whole.batches
    assert len(whole.batches) > 4


@pytest.mark.parametrize(
    ("generator", "words"),
    [
        (Counting(said=" \n"), "returned an empty text for 'q|a1'"),
        (Counting(short=1), "0 texts for 1"),
    ],
)
def test_an_empty_text_and_a_wrong_count_are_errors(
    generator: Counting, words: str, tmp_path: Path
) -> None:
    converter = model(tmp_path, generator)
    with pytest.raises(QuestionConverterError, match=words.replace("|", r"\|")):
        converter.convert(asks(1, 2))
    assert SentenceCache(tmp_path / "cache.sqlite").info()["converters"] == []


@given(st.lists(st.integers(1, 300)), st.integers(1, 2_000))
def test_batches_hold_every_prompt_once_within_the_budget(lengths: list[int], budget: int) -> None:
    batches = token_batches(lengths, budget)
    assert sorted(place for batch in batches for place in batch) == list(range(len(lengths)))
    widths = [max(SHORTEST, *(lengths[place] for place in batch)) for batch in batches]
    assert widths == sorted(widths, reverse=True)
    for batch, width in zip(batches, widths, strict=True):
        assert len(batch) == 1 or len(batch) * width <= budget
    flat = [lengths[place] for batch in batches for place in batch]
    assert flat == sorted(lengths, reverse=True)


def test_prompts_are_filled_and_texts_finished() -> None:
    assert PROMPTS["question_converter"].of(Ask("What {choice}?", "a {question}")) == (
        "What {choice}? </s> a {question}"
    )
    qa2d = PROMPTS["qa2d"]
    assert qa2d.of(Ask("Where is Rome?", "In Italy")) == "where is rome. in italy"
    assert qa2d.finished("rome is in  italy") == "Rome is in italy."
    assert PROMPTS["question_converter"].finished("so it melts?") == "so it melts."
    assert PROMPTS["question_converter"].finished("It melts!") == "It melts!"
    assert PROMPTS["question_converter"].finished("冰会融化。") == "冰会融化。"


def test_a_preset_has_its_prompt_and_prompt_overrides_it() -> None:
    assert prompt_for(None, "domenicrosati/QA2D-t5-small") is PROMPTS["qa2d"]
    assert prompt_for(None, None) is PROMPTS["question_converter"]
    assert prompt_for("qa2d", None) is PROMPTS["qa2d"]
    assert prompt_for("q: {question} a: {answer}", None).of(Ask("x", "y")) == "q: x a: y"
    for wrong in ("{question}", "{answer}", "nothing"):
        with pytest.raises(UsageError, match=r"needs \{question\} and \{choice\}"):
            prompt_for(wrong, None)
    assert {preset.prompt for preset in PRESETS.values()} <= PROMPTS.keys()


def test_bare_names_are_presets_or_hub_ids_never_folders(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("UQA_CACHE", str(tmp_path / "cache"))
    (tmp_path / "rules").mkdir()
    assert isinstance(question_converter("rules"), JudgedRules)
    assert isinstance(question_converter("rules-only"), Rules)
    assert question_converter("none") is None
    assert hub_id("question_converter-3b") == "domenicrosati/question_converter-3b"
    (tmp_path / "owner" / "name").mkdir(parents=True)
    with pytest.raises(ModelError, match="machine; fetch it: uqa model fetch owner/name"):
        question_converter("owner/name")
    with pytest.raises(ModelError, match="no config"):
        question_converter("./owner/name")
    for wrong in ("nothing", "../../etc", "a/b/c", "owner/..", "-x", ""):
        with pytest.raises((UsageError, ModelError)):
            question_converter(wrong)


@pytest.mark.parametrize("revision", ["main", "refs/pr/1", "a" * 39, "v1.0"])
def test_a_branch_is_no_revision(revision: str) -> None:
    with pytest.raises(UsageError, match="a branch may move"):
        question_converter("owner/name", Options(revision=revision))


def test_options_of_a_model_are_refused_for_rules() -> None:
    with pytest.raises(UsageError, match="--dtype, --batch-tokens: options of a model"):
        question_converter("rules", Options(dtype="bf16", batch_tokens=5))


@pytest.mark.parametrize(
    ("device", "gpus", "turn", "taken"),
    [
        ("auto", 0, (0, 1), "cpu"),
        ("cpu", 8, (3, 4), "cpu"),
        ("auto", 2, (0, 1), "cuda:0"),
        ("auto", 2, (1, 2), "cuda:1"),
        ("cuda", 4, (2, 4), "cuda:2"),
        ("cuda:3", 4, (0, 1), "cuda:3"),
        ("cuda:4", 4, (0, 1), None),
        ("cuda:1", 4, (0, 2), None),
        ("cuda", 2, (0, 3), None),
        ("cuda", 0, (0, 1), None),
        ("tpu", 1, (0, 1), None),
        ("cuda:x", 1, (0, 1), None),
    ],
)
def test_a_worker_has_a_gpu_of_its_own(
    device: str, gpus: int, turn: tuple[int, int], taken: str | None
) -> None:
    options = Options(device=device, turn=turn)
    if taken is None:
        with pytest.raises(UsageError):
            device_for(options, gpus)
    else:
        assert device_for(options, gpus) == taken


@pytest.mark.parametrize("read", [local_models.at_path, download.convert_folder])
def test_the_folder_of_no_user(read: Callable[[str], object]) -> None:
    with pytest.raises(UsageError, match="there is no such user here: write the path out"):
        read("path:~nobody-of-that-name/model")
