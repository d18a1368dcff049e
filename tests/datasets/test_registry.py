"""One broken adapter hides nothing but itself, and is named with file, line and reason."""

import importlib
import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path

import pytest
from conftest import ROOT

from unifiedqa_convert.datasets import registry
from unifiedqa_convert.datasets.registry import Catalogue, catalogue, load_adapter
from unifiedqa_convert.errors import PluginError, UsageError

WEATHER = (ROOT / "docs" / "example-dataset" / "uqa_weather" / "weather.py").read_text("utf-8")
LINES = WEATHER.splitlines()
CLASS = next(number for number, line in enumerate(LINES, 1) if line.startswith("class Weather("))
IMPORT = next(number for number, line in enumerate(LINES, 1) if "import Field" in line)
INSTALLED = len(catalogue().adapters)
Install = Callable[..., Catalogue]


@pytest.fixture
def install(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Install]:
    """Install a package ``uqa_hail`` with these files and entry point; the catalogue then."""
    monkeypatch.syspath_prepend(tmp_path)

    def put(files: dict[str, str], point: str = "hail = uqa_hail") -> Catalogue:
        facts = tmp_path / "uqa_hail-1.0.dist-info"
        facts.mkdir()
        (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: uqa-hail\nVersion: 1.0\n")
        (facts / "entry_points.txt").write_text(f"[unifiedqa_convert.adapters]\n{point}\n")
        (tmp_path / "uqa_hail").mkdir()
        for name, text in {"__init__.py": "", **files}.items():
            (tmp_path / "uqa_hail" / name).write_text(text, encoding="utf-8")
        importlib.invalidate_caches()
        return registry.catalogue()

    monkeypatch.setattr(registry, "catalogue", cache(catalogue.__wrapped__))
    yield put
    for module in [name for name in sys.modules if name.split(".")[0] == "uqa_hail"]:
        del sys.modules[module]


def edited(*edits: tuple[str, str]) -> str:
    """The example's module with something else in it."""
    text = WEATHER
    for old, new in edits:
        assert old in text, old
        text = text.replace(old, new)
    return text


FIELD = "from pydantic import Field"
# What is in the module, the line that is named, and the reason.
BROKEN = {
    "a missing module": (edited((FIELD, f"import ree\n{FIELD}")), IMPORT, "No module named 'ree'"),
    "a missing name": (edited(("import Field", "import Feild")), IMPORT, "cannot import name"),
    "a syntax error": (
        edited(("class Weather(Adapter):", "class Weather(Adapter:")),
        CLASS,
        "SyntaxError: ",
    ),
    "an exception": (edited((FIELD, "1 / 0")), IMPORT, "ZeroDivisionError: division by zero"),
    "an exit": (edited((FIELD, "import sys; sys.exit(3)")), IMPORT, "SystemExit: 3"),
    "a null byte": (edited((FIELD, "\0")), 0, "null bytes"),
    "a misspelt method": (
        edited(("def examples(", "def example(")),
        CLASS,
        "class Weather of dataset weather has no method examples; rename example",
    ),
    "no base class": (edited(("(Adapter)", "")), CLASS, "not a subclass of Adapter"),
    "no shapes": (
        edited(("    shapes: ClassVar = (AuthorsRow,)\n", "")),
        CLASS,
        "does not state its shapes",
    ),
    "a shape of no class": (
        edited(("(AuthorsRow,)", '("AuthorsRow",)')),
        CLASS,
        "not a subclass of Row",
    ),
    "shapes of one class": (edited(("(AuthorsRow,)", "AuthorsRow")), CLASS, "not of type tuple"),
    "aliases of one text": (
        edited(("    version = 1\n", '    version = 1\n    aliases = "wthr"\n')),
        CLASS,
        "aliases = 'wthr', which is not of type tuple",
    ),
    "an alias of no text": (
        edited(("    version = 1\n", "    version = 1\n    aliases = (5,)\n")),
        CLASS,
        "has 5 in aliases or unclear, which is not a text",
    ),
    "a name of no text": (edited(('"weather"', "5")), CLASS, "name = 5, which is not of type str"),
    "a constructor": (
        edited(
            ("    version = 1\n", "    version = 1\n\n    def __init__(self):\n        1 / 0\n\n")
        ),
        CLASS,
        "can't be created: ZeroDivisionError",
    ),
}


@pytest.mark.parametrize("case", BROKEN)
def test_a_broken_module_hides_nothing_else(install: Install, tmp_path: Path, case: str) -> None:
    text, line, reason = BROKEN[case]
    good = edited(('name = "weather"', 'name = "sleet"'))
    found = install({"broken.py": text, "sleet.py": good})
    assert len(found.adapters) == INSTALLED + 1
    assert load_adapter("sleet").name == "sleet"
    (error,) = found.errors
    place = f"{tmp_path}/uqa_hail/broken.py:{line}: " if line else f"{tmp_path}/uqa_hail/broken.py"
    assert str(error).startswith(place)
    assert reason in str(error)
    assert "\n" not in str(error)
    if "name of no text" not in case:
        with pytest.raises(PluginError) as raised:
            load_adapter("weather")
        assert raised.value is error
    with pytest.raises(UsageError, match=r"broken\.py"):
        load_adapter("wether")


def test_a_broken_shared_module_is_named_for_each_that_needs_it(
    install: Install, tmp_path: Path
) -> None:
    use = f"{FIELD}\nfrom uqa_hail import shared_words"
    needs = {
        f"{name}.py": edited((FIELD, use), ('"weather"', f'"{name}"')) for name in ("one", "two")
    }
    found = install({**needs, "shared_words.py": "\n\nimport ree\n"})
    assert len(found.adapters) == INSTALLED
    place = f"{tmp_path}/uqa_hail/shared_words.py:3: uqa_hail."
    assert [str(error).startswith(place) for error in found.errors] == [True] * 3
    assert [sorted(error.datasets) for error in found.errors] == [
        ["one"],
        ["shared_words"],
        ["two"],
    ]


@pytest.mark.parametrize(
    ("point", "reason"),
    [
        ("hail = no_such_package", "no_such_package can't be imported: ModuleNotFoundError"),
        ("hail = uqa_hail.weather:Nobody", "has no attribute 'Nobody'"),
        ("hail = uqa_hail.weather:WEATHER", "names neither a package"),
        ("hail = uqa_hail.broken:Weather", "broken.py:1: uqa_hail.broken can't be imported"),
    ],
)
def test_a_broken_entry_point_hides_nothing_else(install: Install, point: str, reason: str) -> None:
    found = install({"weather.py": f"{WEATHER}\nWEATHER = 1\n", "broken.py": "import ree"}, point)
    assert len(found.adapters) == INSTALLED
    (error,) = found.errors
    assert reason in str(error)
    assert f"hail = {point.split(' = ')[1]}" in str(error)


def test_an_entry_point_may_name_one_class(install: Install) -> None:
    found = install({"weather.py": WEATHER}, "hail = uqa_hail.weather:Weather")
    assert not found.errors
    assert len(found.adapters) == INSTALLED + 1


def test_another_packages_adapter_has_aliases_too(install: Install) -> None:
    install(
        {"weather.py": edited(("    version = 1\n", "    version = 1\n    aliases = ('wthr',)\n"))}
    )
    assert load_adapter("WTHR").name == "weather"
    with pytest.raises(UsageError, match="did you mean weather"):
        load_adapter("wthrr")


def test_a_base_class_of_several_adapters_is_no_adapter(install: Install) -> None:
    base = (
        "from unifiedqa_convert.schema import Adapter\n\n\nclass Base(Adapter):\n    version = 1\n"
    )
    found = install({"base.py": base, "weather.py": WEATHER})
    assert not found.errors
    assert len(found.adapters) == INSTALLED + 1


def test_a_name_that_stands_twice_is_nobodys(install: Install) -> None:
    found = install({"one.py": WEATHER, "two.py": WEATHER, "three.py": WEATHER})
    assert len(found.adapters) == INSTALLED
    (error,) = found.errors
    assert "have the name 'weather': uqa_hail.one.Weather and uqa_hail.three" in str(error)
    with pytest.raises(PluginError, match=r"uqa_hail\.two\.Weather"):
        load_adapter("weather")


def test_what_a_module_prints_is_not_mixed_with_data(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    """`uqa list --json` would be no JSON: stdout is for data."""
    found = install({"hail.py": edited((FIELD, f"print('loading')\n{FIELD}"))})
    assert "weather" in found.adapters
    assert capsys.readouterr() == ("", "loading\n")


@pytest.mark.slow
def test_the_command_line_past_a_broken_module(tmp_path: Path) -> None:
    """In a copy of our own adapters: a broken import in one, a misspelt method in another."""
    for name in ("converters", "data/samples"):
        skip = shutil.ignore_patterns("__pycache__")
        shutil.copytree(ROOT / name, tmp_path / name, ignore=skip)
    for name, old, new in [
        ("copa", "from pydantic import Field\n", "import ree\n"),
        ("sciq", "def examples(", "def example("),
    ]:
        path = tmp_path / "converters" / f"{name}.py"
        text = path.read_text(encoding="utf-8")
        assert old in text
        path.write_text(text.replace(old, new), encoding="utf-8")

    def uqa(*arguments: str) -> "subprocess.CompletedProcess[str]":
        return subprocess.run(
            [Path(sys.executable).with_name("uqa"), *arguments],
            cwd=tmp_path,
            env={**os.environ, "PYTHONPATH": str(tmp_path), "HF_HUB_OFFLINE": "1"},
            capture_output=True,
            text=True,
            check=False,
        )

    listed = uqa("list", "--json")
    names = {entry["name"] for entry in json.loads(listed.stdout)}
    assert listed.returncode == 0
    assert set(catalogue().adapters) - names == {"copa", "sciq"}
    copa, sciq = listed.stderr.splitlines()
    assert copa.startswith(f"uqa: left out: {tmp_path}/converters/copa.py:")
    assert copa.endswith(
        "converters.copa can't be imported: ModuleNotFoundError: No module named 'ree'"
    )
    assert sciq.startswith(f"uqa: left out: {tmp_path}/converters/sciq.py:")
    assert sciq.endswith("class SciQ of dataset sciq has no method examples; rename example")
    for name in ("copa", "sciq"):
        shown = uqa("show", name)
        assert (shown.returncode, shown.stdout) == (4, "")
        assert shown.stderr.startswith(f"uqa: {tmp_path}/converters/{name}.py:")
        assert len(shown.stderr.splitlines()) == 1
    assert uqa("show", "arc_easy").returncode == 0
    group = uqa(*"convert --group vera-unseen --source sample --allow-sample --json -q".split())
    failed = [it for it in json.loads(group.stdout) if it["outcome"] == "failed"]
    assert (group.returncode, [it["dataset"] for it in failed]) == (4, ["copa", "sciq"])
