"""Wrong paths and options are refused before torch is loaded, which takes many seconds."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import model_asks
import pytest
import started
from hub_server import State, serving
from tiny_vera import save_tiny
from vera_shards import choice, write_split

from unifiedqa_convert.errors import UqaError
from vera_model.config import from_preset
from vera_model.data.splits import Paths, read_inputs
from vera_model.programs.preflight import check_data, check_training, model_files
from vera_model.run import configure, train_flags
from vera_model.run_folder import only_run

GROUPS = [choice(n, ["A sentence of seven words it is.", "No."], 0) for n in range(10)]
EACH = """
import contextlib, io, json, sys
from unifiedqa_convert.cli import main
found = []
for command in json.loads(sys.argv[1]):
    sys.argv, said, code = ["uqa", *command], io.StringIO(), None
    with contextlib.redirect_stderr(said):
        try:
            main()
        except SystemExit as stop:
            code = stop.code
    found.append([code, said.getvalue(), sorted({"torch", "transformers"} & set(sys.modules))])
print(json.dumps(found))
"""

COMMANDS = [
    ("train --data nosuch", 4, "nosuch does not exist: convert a dataset first"),
    ("train --data bare", 4, "bare has no .arrow or .parquet file"),
    ("train --data bare/notes.txt", 4, "notes.txt is neither an Arrow nor a Parquet shard"),
    ("train --data data --model model", 2, "model is a run or a Vera model, not a pretrained T5"),
    ("train --data data --start-from t5", 2, "give --model t5 to start from its encoder, or --obj"),
    ("train --data data --model run", 2, "run is a run or a Vera model, not a pretrained T5: give"),
    ("train --data data --model run/model/best", 2, "give --start-from run/model/best instead of"),
    ("train --data data --objective text --model run", 2, "give --start-from run instead"),
    ("plan train --data data --model run", 2, "give --start-from run instead of --model"),
    ("train --data data --valid nosuch", 4, "nosuch does not exist"),
    ("train --data sample", 2, "has invented sample rows: convert the real data, or add --allow"),
    ("train --train-tasks nosuch", 4, "nosuch (train): no dataset of this name is known"),
    ("train --preset nosuch", 2, "unknown preset 'nosuch'"),
    ("train --data data --out full", 5, "full is not empty: choose another --out"),
    ("train --data data --model ./nosuch", 4, "neither a folder nor a model's name on the hub"),
    ("train --data data --model bare", 4, "bare has no config.json"),
    ("train --data data --start-from nosuch", 4, "nosuch does not exist"),
    ("train --data data --start-from a.pth", 2, "a.pth has weights only: give the name"),
    ("train --data data --start-from a.pth --model m", 2, "a.pth is a pickle"),
    ("train --data data --resume nosuch", 4, "nosuch is not a folder"),
    ("train --objective text --data data --start-from nosuch", 4, "nosuch is neither a folder"),
    ("train --mode eval --valid data", 2, "no model to evaluate: give --load_from_ckpt"),
    ("train --mode eval --start-from nosuch --valid data", 4, "nosuch does not exist"),
    ("train --mode eval --start-from model --valid data --out full", 5, "metrics.json exists"),
    ("plan train --data nosuch", 4, "nosuch does not exist: convert a dataset first"),
    ("plan train --data data --objective text", 2, "prints the plan before its first update"),
    ("score one", 4, "no model to score with: get smol"),
    ("score one --model models/vera", 4, "models/vera does not exist: train a model"),
    ("score one --file two", 2, "give either sentences or --file"),
    ("score --file nosuch --model model", 4, "nosuch can't be read as UTF-8 text"),
    ("evaluate --model nosuch --data data --out o", 4, "neither a folder nor owner/name"),
    ("evaluate --model model --data nosuch --out o", 4, "nosuch does not exist"),
    ("evaluate --model model --data data --out full", 5, "metrics.json exists"),
    ("evaluate --model model --data data --trained-on nosuch --out o", 4, "nosuch does not exist"),
    ("replicate vera-eval --model nosuch --out o", 4, "neither a folder nor owner/name"),
    ("replicate vera-eval --model model --out full", 5, "metrics.json exists"),
    ("calibrate nosuch", 4, "nosuch does not exist"),
    ("calibrate model", 4, "model has no predictions.parquet: evaluate the model"),
    ("report nosuch", 4, "nosuch/metrics.json does not exist: give the folder of a finished run"),
    ("model export nosuch --out o", 4, "nosuch does not exist"),
    ("model export model --out full", 5, "full exists: choose another"),
    ("model import ./nosuch", 4, "neither a folder nor owner/name on the hub"),
    ("model import data --out full", 5, "full exists: choose another"),
]


@pytest.fixture(scope="module")
def place(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with real and sample shards, a model, and an output folder that is used."""
    root = tmp_path_factory.mktemp("refusals")
    write_split(root / "data" / "planted", GROUPS)
    write_split(root / "sample" / "planted", GROUPS, sample=True)
    save_tiny(root / "model", ["A sentence of seven words it is.", "No."])
    save_tiny(root / "run" / "model" / "best", ["A sentence of seven words it is.", "No."])
    t5 = ("t5/config.json", '{"architectures": ["T5ForConditionalGeneration"]}')
    for name, text in (("full/metrics.json", "{}"), ("bare/notes.txt", ""), t5):
        (root / name).parent.mkdir()
        (root / name).write_text(text)
    return root


def test_what_is_wrong_is_said_before_torch_is_loaded(place: Path) -> None:
    commands = json.dumps([line.split() for line, _, _ in COMMANDS])
    done = subprocess.run(
        [sys.executable, "-c", EACH, commands], cwd=place, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    for (line, code, said), answer in zip(COMMANDS, found, strict=True):
        assert answer[0] == code, f"{line}: {answer}"
        assert said in answer[1], f"{line}: {answer[1]}"
        assert answer[2] == [], f"{line} loads {answer[2]}"


def test_a_report_needs_no_torch() -> None:
    code = "import sys, vera_model.report.page; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", code], check=True)


def flags(**given: Any) -> dict[str, Any]:
    """Those of `uqa train`, as typer gives them."""
    return {**{one.name: one.default for one in train_flags()}, **given}


def test_the_default_folder_of_samples_is_refused_by_train_and_plan_alike(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, uqa: Any
) -> None:
    write_split(tmp_path / "data" / "converted" / "copa" / "train.sample", GROUPS, sample=True)
    said = [uqa(*words, "train", "--preset", "tiny") for words in ((), ("plan",))]
    assert [one.returncode for one in said] == [2, 2]
    assert said[0].stderr == said[1].stderr
    assert "has invented sample rows" in said[0].stderr
    monkeypatch.chdir(tmp_path)
    config = configure(flags(allow_sample=True))
    check_data(config)


@pytest.mark.parametrize("name", ["sample", "nosuch", "bare"])
def test_the_same_words_as_the_run_itself(place: Path, tmp_path: Path, name: str) -> None:
    config = from_preset(data=[place / name], out=tmp_path / "out")
    with pytest.raises(UqaError) as early:
        check_data(config)
    with pytest.raises(UqaError) as late:
        read_inputs(config, Paths(config.data, (), ()))
    assert (type(early.value), str(early.value)) == (type(late.value), str(late.value))


def test_a_folder_that_another_run_holds_is_no_folder_to_overwrite(
    place: Path, tmp_path: Path
) -> None:
    config = from_preset(data=[place / "data"], out=tmp_path)
    (tmp_path / "config.json").write_text(config.model_dump_json())
    (tmp_path / "train_log.jsonl").write_text("{}")
    with only_run(tmp_path), pytest.raises(UqaError, match="another run is writing"):
        check_training(config)
    with pytest.raises(UqaError, match="is not empty"):
        check_training(config)
    check_training(from_preset(data=[place / "data"], out=tmp_path, overwrite=True))


@pytest.mark.parametrize("name", ["./nosuch", "-a/b", "a/b/c", "a/b..c"])
def test_a_name_that_the_hub_can_not_have_is_an_error(name: str) -> None:
    with pytest.raises(UqaError, match="hub"):
        model_files(name, None, allow_pickle=False)


def test_a_models_files_come_from_the_hub_and_then_from_its_cache(tmp_path: Path) -> None:
    files = {"config.json": b"{}", "pytorch_model.bin": b"p", "run_me.py": b"x", "sub/a.json": b"y"}
    state = State({**files, "model.safetensors": b"w"})
    with serving(state) as endpoint:
        settings = {"HF_ENDPOINT": endpoint, "HF_HOME": str(tmp_path), "HF_HUB_OFFLINE": "0"}
        settings |= {"NO_PROXY": "*", "HF_HUB_DISABLE_PROGRESS_BARS": "1"}

        def bring(*arguments: str, **more: str) -> dict[str, Any]:
            env = {**os.environ, **settings, **more}
            done = started.core.run(arguments, env=env, program=model_asks.bring)
            assert done.returncode == 0, done.stderr
            found: dict[str, Any] = json.loads(done.stdout)
            return found

        found = bring("owner/name", "--allow-pickle")
        assert found["files"] == ["config.json", "model.safetensors"]
        refs = Path(found["folder"]).parents[1] / "refs"
        refs.mkdir()
        (refs / "main").write_text(state.commit)  # as `hf download` writes it
        assert bring("owner/name", HF_HUB_OFFLINE="1") == found
        state.fault = "silent"
        assert bring("owner/name") == found
        error = bring("other/name")
        assert error["error"] == "HubDown"
        assert re.search("no folder other/name here; hub .* does not answer", error["message"])
        state.fault, state.commit = "", "d" * 40
        del state.files["model.safetensors"]
        assert bring("owner/name")["files"] == ["config.json"]
        found = bring("owner/name", "--allow-pickle")
        assert found["files"] == ["config.json", "pytorch_model.bin"]


@pytest.mark.parametrize(
    "command",
    [
        "train --data nosuch",
        "train --mode eval --start-from nosuch --valid nosuch",
        "plan train --data nosuch",
        "evaluate --model nosuch --data nosuch --out o",
        "model import ./nosuch",
        "report nosuch",
    ],
)
def test_without_the_models_extra_its_name_is_said(tmp_path: Path, command: str) -> None:
    """The light core has no numpy; here it is hidden from the import."""
    code = (
        "import sys; sys.modules |= dict.fromkeys(('numpy', 'torch'))\n"
        "from unifiedqa_convert.cli import main\n"
        f"sys.argv = ['uqa', *{command.split()!r}]\n"
        "main()"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True
    )
    assert done.returncode == 2, done.stderr
    assert re.fullmatch(r"uqa: this needs \w+: pip install (-e )?'.*\[model\]'\n", done.stderr)
