"""A flag is declared once: on the field that it sets."""

import inspect
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Annotated, Any, Literal, get_args, get_type_hints

import pytest
import typer
from pydantic import BaseModel
from typer.models import ParameterInfo
from typer.testing import CliRunner

from unifiedqa_convert.cli.convert import OutputFlags, convert_flags
from unifiedqa_convert.conversion.groups import GroupFlags
from unifiedqa_convert.conversion.request import Request
from unifiedqa_convert.errors import UsageError
from unifiedqa_convert.flags import add_command, flags_of, given
from unifiedqa_convert.question_converters.base import Options
from unifiedqa_convert.rows.own.columns import Columns
from vera_model.config import TrainConfig, from_preset
from vera_model.presets import PRESETS, RECIPES
from vera_model.run import RunFlags, configure, train_flags

COMMANDS: dict[str, tuple[Callable[[], list[inspect.Parameter]], tuple[type, ...]]] = {
    "convert": (convert_flags, (Request, Options, Columns, GroupFlags, OutputFlags)),
    "train": (train_flags, (TrainConfig, RunFlags)),
}


def declared(one: type) -> dict[str, ParameterInfo]:
    """The flags of a class, read off its annotations."""
    return {
        name: extra
        for name, kind in get_type_hints(one, include_extras=True).items()
        for extra in get_args(kind)
        if isinstance(extra, ParameterInfo)
    }


def listing(flag: ParameterInfo) -> dict[str, Any]:
    """What a flag shows; its limits may come from its type."""
    return {k: v for k, v in vars(flag).items() if k not in ("min", "max")}


@pytest.mark.parametrize("command", COMMANDS)
def test_the_flags_of_a_command_are_the_declared_ones(command: str) -> None:
    flags, classes = COMMANDS[command]
    by_class = [declared(one) for one in classes]
    once = {name: flag for one in by_class for name, flag in one.items()}
    assert len(once) == sum(map(len, by_class)), "two classes declare one flag"
    found = {one.name: get_args(one.annotation)[-1] for one in flags()}
    assert {name: listing(flag) for name, flag in found.items()} == {
        name: listing(flag) for name, flag in once.items()
    }


@pytest.mark.parametrize("command", COMMANDS)
def test_each_flag_has_a_help_text(command: str) -> None:
    for one in COMMANDS[command][0]():
        assert get_args(one.annotation)[-1].help.endswith((".", "…")), one.name


class Shape(BaseModel):
    width: Annotated[int, typer.Option(help="Width.")] = 3


class Larger(Shape):
    heights: Annotated[tuple[str, ...], typer.Option("--heights", "--h_s", help="Heights.")] = ()


@dataclass(frozen=True)
class Inner:
    needed: Annotated[str, typer.Option(help="Needed.")]
    kind: Annotated[Literal[0, 1, 2], typer.Option(help="Kind.")] = 1


@dataclass(frozen=True)
class Outer:
    paths: Annotated[tuple[Path, ...], typer.Option(help="Paths.")] = ()
    inner: Inner | None = None
    no_flag: int = 7


def run(classes: tuple[type, ...], *words: str) -> tuple[dict[str, Any], str]:
    """The values that the flags of the classes have, and what the command printed."""
    found: dict[str, Any] = {}
    app = typer.Typer()
    app.callback()(lambda: None)
    add_command(app, "measure", found.update, lambda: flags_of(*classes), epilog="")
    return found, CliRunner().invoke(app, ["measure", *words]).output


def test_a_new_field_adds_its_flag() -> None:
    values, _ = run((Shape,), "--width", "4")
    assert values == {"width": 4}
    values, _ = run((Larger,), "--h_s", "1, 2,", "--width", "5")
    assert Larger(**given(Larger, values)) == Larger(heights=("1", "2"), width=5)
    _, output = run((Larger,), "--help")
    assert "--heights" in output
    assert "Heights." in output


def test_nested_flags_make_the_nested_class() -> None:
    values, _ = run((Outer,), "--paths", "a", "--paths", "b", "--needed", "x")
    assert Outer(**given(Outer, values)) == Outer((Path("a"), Path("b")), Inner("x"))
    values, _ = run((Outer,), "--kind", "2")
    assert Outer(**given(Outer, values)) == Outer(), "without its required field there is none"
    _, output = run((Outer,), "--kind", "3")
    assert "equal to 2" in output
    assert "no-flag" not in run((Outer,), "--help")[1]


def test_the_defaults_are_those_of_the_fields() -> None:
    classes = (Request, Options, Columns, OutputFlags, GroupFlags)  # its allow_sample is the flag
    defaults = {one.name: one.default for declared_by in classes for one in fields(declared_by)}
    for flag in convert_flags():
        assert flag.default in (None, defaults[flag.name]), flag.name
    by_preset = {name for start in (*PRESETS.values(), *RECIPES.values()) for name in start}
    for flag in train_flags():
        if flag.name in by_preset:
            assert flag.default is None, "it would replace the preset's value"
        elif flag.name in TrainConfig.model_fields and flag.default is not None:
            assert flag.default == TrainConfig.model_fields[flag.name].default


def test_flags_not_given_leave_the_presets_configuration(tmp_path: Path) -> None:
    values = {one.name: one.default for one in train_flags()}
    for preset in PRESETS:
        start = {"preset": preset, "out": tmp_path, "data": [tmp_path]}
        assert configure({**values, **start}) == from_preset(**start)


def test_the_configurations_own_checks_are_those_of_the_flags() -> None:
    values = {one.name: one.default for one in train_flags()}
    for wrong, message in ({"precision": "fp16"}, "fp16 is refused"), ({"steps": 0}, "steps: "):
        with pytest.raises(UsageError, match=message):
            configure({**values, **wrong})


def test_help_imports_no_configuration() -> None:
    program = (
        "import sys; from unifiedqa_convert.cli import main; sys.argv = ['uqa', '--help']\n"
        "try: main()\n"
        "except SystemExit: pass\n"
        "print({'pydantic', 'vera_model.config'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)
    assert done.stdout.splitlines()[-1] == "set()", done.stderr
