"""T5 v1.1 as it lies on the hub: a pickle on main, no safetensors. A local hub has the same."""

import io
import json
import os
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import model_asks
import pytest
import sentencepiece
import started
import torch
from hub_server import COMMIT, OTHER_COMMIT, State, serving
from transformers import T5Config, T5ForConditionalGeneration
from vera_shards import choice, write_split

from unifiedqa_convert.cli import main
from vera_model.model.initial_model import load_text_model
from vera_model.model.saving import load_checkpoint

NAME = "google/t5-v1_1-small"
TEXTS = [f"Cause {n} has effect {k} of all there are." for n in range(9) for k in range(3)]
GROUPS = [choice(n, TEXTS[3 * n : 3 * n + 3], 0) for n in range(9)]
Run = Callable[..., "subprocess.CompletedProcess[str]"]


class Canary:
    """Makes a file when it is unpickled."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def __reduce__(self) -> tuple[Callable[..., object], tuple[str, str]]:
        return open, (str(self.path), "w")


def published() -> tuple[dict[str, bytes], dict[str, torch.Tensor]]:
    """The files of a tiny T5 of version 1.1, as Google's repositories have them; its weights."""
    pieces = io.BytesIO()
    sentencepiece.SentencePieceTrainer.train(
        sentence_iterator=iter(TEXTS),
        model_writer=pieces,
        vocab_size=60,
        hard_vocab_limit=False,
        pad_id=0,
        eos_id=1,
        unk_id=2,
        bos_id=-1,
        minloglevel=2,
    )
    count = sentencepiece.SentencePieceProcessor(model_proto=pieces.getvalue()).get_piece_size()
    shape = {"d_model": 16, "d_kv": 4, "d_ff": 32, "num_layers": 1, "num_heads": 2}
    untied = {"tie_word_embeddings": False, "feed_forward_proj": "gated-gelu"}
    torch.manual_seed(0)
    config = T5Config(vocab_size=count + 100, decoder_start_token_id=0, **shape, **untied)
    weights = T5ForConditionalGeneration(config).state_dict()
    # transformers ties what it makes; in Google's files the output layer is another tensor.
    weights["lm_head.weight"] = torch.randn_like(weights["shared.weight"])
    pickled = io.BytesIO()
    torch.save(weights, pickled)
    document = {**config.to_dict(), "architectures": ["T5ForConditionalGeneration"]}
    tokenizer = {"extra_ids": 100, "model_max_length": 512, "tokenizer_class": "T5Tokenizer"}
    files = {
        "config.json": json.dumps(document).encode(),
        "spiece.model": pieces.getvalue(),
        "tokenizer_config.json": json.dumps(tokenizer).encode(),
        "pytorch_model.bin": pickled.getvalue(),
        "tf_model.h5": b"not read",
    }
    return files, weights


FILES, WEIGHTS = published()


@pytest.fixture
def hub(tmp_path: Path) -> Iterator[tuple[State, Run]]:
    state = State(dict(FILES))
    write_split(tmp_path / "data" / "planted" / "train", GROUPS)
    with serving(state) as endpoint:

        def run(*arguments: object, program: Callable[[], object] = main, **more: str) -> Any:
            given = {"HF_ENDPOINT": endpoint, "HF_HOME": str(tmp_path / "hf"), "NO_PROXY": "*"}
            given |= {"HF_HUB_OFFLINE": "0", "UQA_CACHE": str(tmp_path / "cache")}
            env = {**os.environ, **given, "HF_HUB_DISABLE_PROGRESS_BARS": "1", **more}
            return started.core.run(arguments, cwd=tmp_path, env=env, program=program)

        yield state, run


def answer(run: Run, name: str = NAME, **more: str) -> dict[str, Any]:
    done = run(name, program=model_asks.find_safe, **more)
    assert done.returncode == 0, done.stderr
    found: dict[str, Any] = json.loads(done.stdout)
    return found


def test_a_pickle_is_fetched_converted_told_and_found_without_a_request(
    hub: tuple[State, Run],
) -> None:
    state, run = hub
    found = answer(run)
    first, last = found["said"]
    assert first.startswith(
        f"{NAME} has a pickle on the hub and no safetensors: it is downloaded ("
    )
    assert "converted once, in a separate process that reads tensors only" in first
    folder = Path(found["source"])
    assert last == f"{NAME}: converted, {folder}"
    assert folder.name == COMMIT
    assert not any("tf_model" in line for line in state.asked)
    model, tokenizer = load_text_model(folder)
    loaded = model.state_dict()
    assert loaded.keys() == WEIGHTS.keys()
    assert all(torch.equal(loaded[name], value) for name, value in WEIGHTS.items())
    assert not torch.equal(loaded["lm_head.weight"], loaded["shared.weight"])
    assert tokenizer.decode(tokenizer(TEXTS[0])["input_ids"]) == f"{TEXTS[0]}</s>"
    asked, state.commit = len(state.asked), OTHER_COMMIT  # the branch moves on
    again = answer(run)
    assert (again["source"], again["said"]) == (str(folder), [])
    assert len(state.asked) == asked
    assert answer(run, HF_HUB_OFFLINE="1") == again


def test_what_has_safetensors_or_is_not_told_of_is_left_to_transformers(
    hub: tuple[State, Run], tmp_path: Path
) -> None:
    state, run = hub
    nothing = {"said": []}
    state.files["model.safetensors"] = b"w"
    assert answer(run) == {"source": NAME, **nothing}
    assert answer(run, HF_HUB_OFFLINE="1") == {"source": NAME, **nothing}
    assert answer(run, str(tmp_path)) == {"source": str(tmp_path), **nothing}
    assert answer(run, "t5-small") == {"source": "t5-small", **nothing}
    assert not any("/cdn/" in line for line in state.asked)


def test_a_pickle_that_holds_code_is_refused_and_not_run(
    hub: tuple[State, Run], tmp_path: Path
) -> None:
    state, run = hub
    body = io.BytesIO()
    torch.save({**WEIGHTS, "more": Canary(tmp_path / "canary")}, body)
    state.files["pytorch_model.bin"] = body.getvalue()
    found = answer(run)
    assert found["exit"] == 4
    assert "the pickle was not converted and is not used" in found["error"]
    assert not (tmp_path / "canary").exists()
    state.files["pytorch_model.bin"], state.commit = FILES["pytorch_model.bin"], OTHER_COMMIT
    assert Path(answer(run)["source"]).is_dir(), "the next command works"


@pytest.mark.slow
def test_the_documented_commands_work_with_it(hub: tuple[State, Run], tmp_path: Path) -> None:
    _, run = hub
    train = ["train", "--model", NAME, "--data", "data", "--device", "cpu", "--batch-size", "2"]
    few = ["--steps", "1", "--lr", "1e-9"]
    plan = run("plan", *train, *few, "--no-measure", "--json", "--out", "run")
    assert plan.returncode == 0, plan.stderr
    assert json.loads(plan.stdout)["model"] == NAME
    done = run(*train, *few, "--out", "run")
    assert done.returncode == 0, done.stderr
    assert f"{NAME} has a pickle on the hub and no safetensors" in done.stderr
    model, _ = load_checkpoint(tmp_path / "run")
    held = model.state_dict()["backbone.encoder.embed_tokens.weight"]
    assert torch.allclose(held, WEIGHTS["shared.weight"], atol=1e-6)
    assert json.loads((tmp_path / "run" / "config.json").read_text())["model"] == NAME
    text = ["--objective", "text", "--records", "declarative"]
    done = run(*train, *few, *text, "--out", "text", HF_HUB_OFFLINE="1")  # no request any more
    assert done.returncode == 0, done.stderr
    asked = ["evaluate", "--model", NAME, "--data", "data", "--records", "declarative"]
    done = run(*asked, "--out", "out", "--resamples", "5", UQA_CACHE=str(tmp_path / "another"))
    assert done.returncode == 0, done.stderr
    assert "converted once" in done.stderr
    done = run(*asked, "--out", "again", "--resamples", "5", HF_HUB_OFFLINE="1")
    assert done.returncode == 0, done.stderr
    assert "converted" not in done.stderr
