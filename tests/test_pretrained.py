"""Python that lies in a model's folder never runs, by whatever command or flag the folder comes."""

import ast
import io
import json
import os
import re
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Literal, get_origin

import pytest
import tiny_t5
import torch
import typer
from conftest import ROOT, Run
from safetensors.torch import load_file, save_file
from tiny_vera import save_tiny
from transformers import AutoTokenizer, T5Config, T5EncoderModel, T5ForConditionalGeneration
from transformers.utils import logging as transformers_logging
from typer.testing import CliRunner
from vera_shards import choice, write_split

from unifiedqa_convert.cli import app
from unifiedqa_convert.errors import ModelError
from unifiedqa_convert.pretrained import check_model_folder, load_pretrained

GROUPS = [choice(n, [f"Snow is {w}.", f"Ice is {w}."], n % 2) for n, w in enumerate("abcdefghij")]
EVIL = """
from pathlib import Path
Path({canary!r}).write_text("ran")
from transformers import PreTrainedConfig, PreTrainedModel, PreTrainedTokenizerFast, T5Config
class C(T5Config): model_type = "t5"
class M(PreTrainedModel): config_class = C
class T(PreTrainedTokenizerFast): pass
"""
AUTO = {
    "AutoConfig": "evil.C",
    "AutoModel": "evil.M",
    "AutoModelForSeq2SeqLM": "evil.M",
    "AutoModelForSequenceClassification": "evil.M",
    "AutoTokenizer": ["evil.T", "evil.T"],
    "AutoProcessor": "evil.T",
}
FILES = ("config.json", "tokenizer_config.json", "processor_config.json")
MORE_FILES = (
    "preprocessor_config.json",
    "generation_config.json",
    "config.4.0.0.json",  # transformers reads a file of an older version if config.json names it
)


def model_flags() -> Iterator[tuple[str, str]]:
    """Each command's parameters that take a text or a path, and whose help speaks of a model."""

    def walk(command: Any, path: tuple[str, ...]) -> Iterator[tuple[str, Any]]:
        for name, inner in getattr(command, "commands", {}).items():
            yield from walk(inner, (*path, name))
        for parameter in getattr(command, "params", ()):
            yield " ".join(path), parameter

    for command, parameter in walk(typer.main.get_command(app), ()):
        kind = parameter.type_descriptor.annotation
        if getattr(parameter, "is_flag", False) or kind in (bool, int, float):
            continue
        if get_origin(kind) is not Literal and re.search(
            r"model|converter|checkpoint|weights|hub", f"{parameter.name} {parameter.help}", re.I
        ):
            yield command, parameter.name


TRAIN = "--data data --out run --steps 1 --preset tiny"
MODELS: dict[tuple[str, str], tuple[str, str]] = {
    ("convert", "question_converter"): (
        "converter",
        "copa --split validation --source sample --out out --question-converter ./MODEL",
    ),
    ("declare", "question_converter"): ("converter", "asks.jsonl --question-converter ./MODEL"),
    ("train", "model"): ("backbone", f"{TRAIN} --model ./MODEL"),
    ("train", "start_from"): ("vera", f"{TRAIN} --start-from MODEL"),
    ("train", "resume"): ("vera", f"{TRAIN} --resume MODEL"),
    ("plan train", "model"): ("backbone", f"{TRAIN} --no-measure --model ./MODEL"),
    ("plan train", "start_from"): ("vera", f"{TRAIN} --no-measure --start-from MODEL"),
    ("score", "model"): ("vera", "Snow. --model MODEL"),
    ("evaluate", "model"): ("vera", "--data data --out out --model MODEL"),
    ("calibrate", "model"): ("vera", "MODEL --on on"),
    ("replicate vera-eval", "model"): ("vera", "--out out --data-root root --model MODEL"),
    ("model import", "source"): ("published", "MODEL --out out"),
    ("model export", "model"): ("vera", "MODEL --out out"),
    ("model fetch", "name"): ("converter", "./MODEL"),
    ("serve", "vera"): ("vera", "--port 0 --vera MODEL"),
    ("serve", "question_converter"): ("converter", "--port 0 --question-converter ./MODEL"),
    ("plan convert", "question_converter"): (
        "converter",
        "copa --split validation --question-converter ./MODEL",
    ),
}
NOT_A_MODEL = {
    **{(command, "revision"): "a commit" for command in ("convert", "declare", "serve")},
    **{(command, "prompt"): "a template" for command in ("convert", "declare", "serve")},
    ("declare", "out"): "a file to write",
    ("cache clear", "converter"): "a name in the cache of sentences",
    **{(f"model {command}", "out"): "a folder to write" for command in ("import", "export")},
    **{(f"model {command}", "revision"): "a commit" for command in ("import", "fetch")},
    ("plan train", "resume"): "a plan reads no checkpoint",
}
"""What speaks of models and names none."""


def test_every_flag_that_takes_a_model_is_tried_here() -> None:
    found = set(model_flags())
    assert found - NOT_A_MODEL.keys() - MODELS.keys() == set(), "add it to MODELS (or NOT_A_MODEL)"
    assert (MODELS.keys() | NOT_A_MODEL.keys()) - found == set()


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with a model of each kind, and data; each test gets a copy."""
    folder = tmp_path_factory.mktemp("models")
    save_tiny(folder / "vera", [s.sentence for group in GROUPS for s in group.statements])
    tokens = tiny_t5.tokenizer()
    shape = T5Config(
        vocab_size=len(tokens), d_model=8, d_kv=4, d_ff=8, num_layers=1, num_heads=2,
        decoder_start_token_id=0,
    )  # fmt: skip
    for name, kind in (
        ("backbone", T5ForConditionalGeneration),
        ("converter", T5ForConditionalGeneration),
        ("published", T5EncoderModel),
    ):
        kind(shape).save_pretrained(folder / name)
        tokens.save_pretrained(folder / name)
    write_split(folder / "data" / "planted", GROUPS)
    (folder / "asks.jsonl").write_text('{"question": "What melts?", "answer": "ice"}\n')
    (folder / "on").mkdir()
    (folder / "on" / "predictions.parquet").write_bytes(b"")
    return folder


def planted(place: Path, kind: str, name: str, here: Path) -> Path:
    """A copy of ``place`` whose model of this kind asks, in the file ``name``, to run its own code;
    the returned canary appears if it runs."""
    shutil.copytree(place, here, dirs_exist_ok=True)
    model, canary = here / kind, here / "canary"
    path = model / name
    document = json.loads(path.read_text()) if path.is_file() else {}
    if name == "config.4.0.0.json":
        document = json.loads((model / "config.json").read_text())
        (model / "config.json").write_text(json.dumps({**document, "configuration_files": [name]}))
    path.write_text(json.dumps({**document, "auto_map": AUTO}))
    (model / "evil.py").write_text(EVIL.format(canary=str(canary)))
    (model / "files.json").unlink(missing_ok=True)  # a model from elsewhere has no digests of ours
    return canary


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize(
    "flag", [key for key in MODELS if key[0] != "serve"], ids=lambda key: " --".join(key)
)
def test_no_command_runs_a_models_own_python(
    flag: tuple[str, str],
    name: str,
    place: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    kind, words = MODELS[flag]
    canary = planted(place, kind, name, tmp_path)
    monkeypatch.chdir(tmp_path)
    given = [*flag[0].split(), *words.replace("MODEL", kind).split()]
    done = CliRunner().invoke(app, given, input="y\n" * 1000)
    assert not canary.exists()
    assert "custom code" not in done.output, "it asked"
    error = done.exception
    assert isinstance(error, ModelError), (error, done.output)
    assert "asks to run its own Python" in str(error)
    assert name in str(error)
    assert "\n" not in str(error)
    assert error.exit_code == 4


@pytest.mark.parametrize("name", [*FILES, *MORE_FILES])
def test_whatever_file_asks_for_it(name: str, place: Path, tmp_path: Path) -> None:
    planted(place, "backbone", name, tmp_path)
    with pytest.raises(ModelError, match=rf"its own Python \(auto_map in {re.escape(name)}\)"):
        check_model_folder(tmp_path / "backbone")


@pytest.mark.parametrize("flag", [key for key in MODELS if key[0] == "serve"], ids=str)
def test_nor_does_the_service(flag: tuple[str, str], place: Path, tmp_path: Path, uqa: Run) -> None:
    kind, words = MODELS[flag]
    canary = planted(place, kind, "tokenizer_config.json", tmp_path)
    done = uqa("serve", *words.replace("MODEL", kind).split())
    assert not canary.exists()
    assert done.returncode == 4, done.stderr
    assert "asks to run its own Python" in done.stderr


def test_nor_a_model_of_the_hub(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A model that transformers has no code of, as `hf download` left it in the cache."""
    from huggingface_hub import constants

    commit = "c" * 40
    repository = tmp_path / "models--someone--thing"
    planted(place, "backbone", "config.json", tmp_path / "models")
    (repository / "refs").mkdir(parents=True)
    (repository / "refs" / "main").write_text(commit)
    shutil.copytree(tmp_path / "models" / "backbone", repository / "snapshots" / commit)
    config = repository / "snapshots" / commit / "config.json"
    config.write_text(json.dumps({**json.loads(config.read_text()), "model_type": "of-its-own"}))
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.chdir(tmp_path / "models")
    words = f"train {TRAIN} --model someone/thing".split()
    done = CliRunner().invoke(app, words, input="y\n" * 1000)
    assert not (tmp_path / "models" / "canary").exists()
    assert "custom code" not in done.output
    assert isinstance(done.exception, ModelError), (done.exception, done.output)
    assert "someone/thing asks to run its own Python" in str(done.exception)


SPOILT: dict[str, tuple[Callable[[dict[str, Any]], None], str]] = {
    "kernel": (lambda it: it.update(attn_implementation="some/kernel"), "another repository"),
    "size 0": (lambda it: it.update(d_model=0), "d_model is 0"),
    "size of text": (lambda it: it.update(num_layers="2"), "num_layers is '2'"),
    "size inside": (lambda it: it.update(text_config={"vocab_size": True}), "vocab_size is True"),
    "size without end": (lambda it: it.update(d_ff=10**40), r"d_ff is 10+"),
    "labels without end": (lambda it: it.update(num_labels=10**9), "more than 100,000"),
    "layers without end": (lambda it: it.update(num_layers=2**31 - 1), "more than 10,000"),
    "code inside": (lambda it: it.update(text_config={"auto_map": {"A": "b"}}), "its own Python"),
}


@pytest.mark.parametrize("case", SPOILT)
def test_what_else_a_folder_may_not_ask(case: str, place: Path, tmp_path: Path) -> None:
    spoil, words = SPOILT[case]
    shutil.copytree(place / "backbone", tmp_path / "model")
    path = tmp_path / "model" / "config.json"
    document = json.loads(path.read_text())
    spoil(document)
    path.write_text(json.dumps(document))
    with pytest.raises(ModelError, match=words) as found:
        check_model_folder(tmp_path / "model")
    assert len(str(found.value)) < 400 + len(str(tmp_path))


@pytest.mark.parametrize("text", ["[]", "{", '{"a": ' + "9" * 5000 + "}", "[" * 100_000, "\xff"])
def test_a_damaged_configuration_is_named(text: str, place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "backbone", tmp_path / "model")
    (tmp_path / "model" / "tokenizer_config.json").write_bytes(text.encode("latin-1"))
    with pytest.raises(ModelError, match=r"tokenizer_config\.json"):
        check_model_folder(tmp_path / "model")


def test_a_configuration_that_is_no_file_is_not_waited_for(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "backbone", tmp_path / "model")
    path = tmp_path / "model" / "tokenizer_config.json"
    path.unlink()
    os.mkfifo(path)
    with pytest.raises(ModelError, match=r"tokenizer_config\.json can't be read.*regular file"):
        check_model_folder(tmp_path / "model")


Spoil = Callable[[dict[str, Any]], object]
TOKENIZERS: dict[str, tuple[str, Spoil, str]] = {
    "it panics": (
        "tokenizer.json",
        lambda it: it.update(
            normalizer={"type": "Precompiled", "precompiled_charsmap": "AgAAAP//"}
        ),
        "PanicException",
    ),
    "a length of text": (
        "tokenizer_config.json",
        lambda it: it.update(model_max_length="long"),
        "TypeError",
    ),
    "tokens without end": (
        "tokenizer_config.json",
        lambda it: it.update(extra_ids=10**9),
        "more than 100,000",
    ),
    "tokens of another model": (
        "tokenizer.json",
        lambda it: it["added_tokens"].extend(
            {**it["added_tokens"][0], "id": 900 + n, "content": f"more{n}", "special": False}
            for n in range(200)
        ),
        "of another model",
    ),
}
BY_KIND = {"vera": "score Snow. --model vera", "backbone": f"train {TRAIN} --model ./backbone"}
BY_KIND["converter"] = "declare asks.jsonl --question-converter ./converter"


def spoil_file(path: Path, spoil: Spoil) -> None:
    document = json.loads(path.read_text())
    spoil(document)
    path.write_text(json.dumps(document))


@pytest.mark.parametrize("kind", BY_KIND)
@pytest.mark.parametrize("case", TOKENIZERS)
def test_a_tokenizer_that_cannot_be_used_is_told_before(
    case: str, kind: str, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, spoil, words = TOKENIZERS[case]
    error = refused(
        place, kind, tmp_path, monkeypatch, lambda model: spoil_file(model / file, spoil)
    )
    assert words in str(error)


@pytest.mark.parametrize("kind", BY_KIND)
def test_a_tokenizer_without_its_vocabulary_is_told(
    kind: str, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(model: Path) -> None:
        (model / "tokenizer.json").unlink()

    assert "tokenizer.json" in str(refused(place, kind, tmp_path, monkeypatch, spoil))


@pytest.mark.parametrize(
    ("key", "value"),
    [("eos_token_id", "x"), ("eos_token_id", [1, -1]), ("decoder_start_token_id", 10**9)],
)
def test_a_token_that_the_model_has_not_is_told(
    key: str, value: object, place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def spoil(model: Path) -> None:
        spoil_file(model / "generation_config.json", lambda it: it.update({key: value}))

    error = refused(place, "converter", tmp_path, monkeypatch, spoil)
    assert "is no token of the model" in str(error)


def refused(
    place: Path,
    kind: str,
    here: Path,
    monkeypatch: pytest.MonkeyPatch,
    spoil: Callable[[Path], None],
) -> ModelError:
    """What a command says of a model of this kind that was spoilt: one line."""
    shutil.copytree(place, here, dirs_exist_ok=True)
    (here / kind / "files.json").unlink(missing_ok=True)
    spoil(here / kind)
    monkeypatch.chdir(here)
    done = CliRunner().invoke(app, BY_KIND[kind].split())
    assert isinstance(done.exception, ModelError), (done.exception, done.output)
    return done.exception


def test_a_t5_without_padding_trains(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shutil.copytree(place, tmp_path, dirs_exist_ok=True)
    spoil_file(
        tmp_path / "backbone" / "tokenizer_config.json", lambda it: it.update(pad_token=None)
    )
    monkeypatch.chdir(tmp_path)
    done = CliRunner().invoke(app, BY_KIND["backbone"].split())
    assert done.exception is None, done.exception


def test_a_weights_name_commands_no_terminal(place: Path, tmp_path: Path) -> None:
    """transformers lists the weights that it does not know."""
    shutil.copytree(place / "backbone", tmp_path / "model")
    path = tmp_path / "model" / "model.safetensors"
    weights = {**load_file(path), "\x1b]0;a title\x07\nuqa: all is well": torch.zeros(2)}
    save_file(weights, path, metadata={"format": "pt"})
    handler = transformers_logging.get_logger().handlers[0]
    shown = io.StringIO()
    stream = handler.setStream(shown)
    try:
        load_pretrained(T5ForConditionalGeneration, tmp_path / "model")
    finally:
        handler.setStream(stream)
    said = shown.getvalue()
    assert "\\u001b]0;a title" in said
    assert "\x1b" not in said
    assert "\nuqa:" not in said


def test_an_adapter_is_refused(place: Path, tmp_path: Path) -> None:
    shutil.copytree(place / "backbone", tmp_path / "model")
    (tmp_path / "model" / "adapter_config.json").write_text("{}")
    with pytest.raises(ModelError, match="an adapter"):
        check_model_folder(tmp_path / "model")


def test_a_sound_folder_loads(place: Path) -> None:
    assert load_pretrained(AutoTokenizer, place / "backbone").eos_token == "</s>"


def test_there_is_one_door_to_transformers() -> None:
    """No other module calls from_pretrained, pickle.load, eval …; each torch.load is of tensors."""
    wrong = []
    for package in ("unifiedqa_convert", "vera_model", "converters"):
        for path in sorted((ROOT / package).rglob("*.py")):
            where = str(path.relative_to(ROOT))
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                if isinstance(node, ast.Call) and (what := _forbidden(node)):
                    wrong.append((where, what))
    assert wrong == [("unifiedqa_convert/pretrained.py", "from_pretrained")]


def _forbidden(call: ast.Call) -> str | None:
    """What this call may run or read that only the door may."""
    name = ast.unparse(call.func)
    given = {word.arg: ast.unparse(word.value) for word in call.keywords}
    if name.endswith(".from_pretrained"):
        return "from_pretrained"
    if name.endswith(".from_config") or name == "make":
        return None if given.get("trust_remote_code") == "False" else name
    if name == "torch.load":
        return None if given.get("weights_only") == "True" else name
    if name == "np.load":
        return None if given.get("allow_pickle") == "False" else name
    unsafe = r"(c?pickle|dill|joblib|marshal|shelve|yaml)\.\w*(load|open|Unpickler)\w*"
    unsafe += r"|numpy\.load|eval|exec|runpy\.\w+|load_dataset|.*spec_from_file_location"
    return name if re.fullmatch(unsafe, name) else None
