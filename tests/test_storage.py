"""Whole or absent: killed at every step, live processes, what is the user's own, no home."""

import multiprocessing
import os
import signal
import stat
import subprocess
import sys
from collections.abc import Callable
from contextlib import contextmanager
from pathlib import Path

import pytest
from kill import killed_at_step

from unifiedqa_convert import storage
from unifiedqa_convert.errors import ModelError, OutputError
from unifiedqa_convert.question_converters.sentence_cache import Key, SentenceCache


def fill(folder: Path, text: str) -> None:
    (folder / "inner").mkdir(exist_ok=True)
    for name in ("a", "inner/b"):
        (folder / name).write_text(text)


def write_file(place: Path) -> None:
    with storage.atomic_file(place) as file:
        file.write(b"new")


def publish(place: Path) -> None:
    storage.publish_folder(place, lambda fresh: fill(fresh, "new"), replace=True)


def take_place(place: Path) -> None:
    fresh = place.with_name("fresh")
    fresh.mkdir(exist_ok=True)
    fill(fresh, "new")
    storage.replace_folder(fresh, place)


def discard(place: Path) -> None:
    if place.exists():
        storage.discard(place)


def point(place: Path) -> None:
    storage.point(place, place.with_name("target"))


def cache(place: Path) -> None:
    SentenceCache(place).add(Key("c", "r", "d"), {"prompt": "new"})


def seen(place: Path) -> object:
    """What a reader finds: nothing, or ``old`` or ``new`` whole."""
    if place.is_symlink():
        return "new" if str(place.readlink()) == "target" else "old"
    if place.is_dir():
        texts = {path.read_text() for path in (place / "a", place / "inner" / "b")}
        return texts.pop() if len(texts) == 1 else "torn"
    if place.is_file() and place.read_bytes().startswith(b"SQLite"):
        return SentenceCache(place).find(Key("c", "r", "d"), ["prompt"]).get("prompt")
    return place.read_text() if place.is_file() else None


def make_old(place: Path, action: Callable[[Path], None]) -> None:
    if action is point:
        place.symlink_to("elsewhere")
    elif action is write_file:
        place.write_text("old")
    elif action is cache:
        SentenceCache(place).add(Key("c", "r", "d"), {"prompt": "new"})
    else:
        storage.publish_folder(place, lambda fresh: fill(fresh, "old"))


def forked(limit: int, exchange: bool, action: Callable[[Path], None], place: Path) -> int:
    """The exit code of a child that is killed before that step, if it has so many."""
    if pid := os.fork():
        return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])
    os.dup2(os.open(os.devnull, os.O_WRONLY), 2)
    killed_at_step(limit, exchange=exchange, program=lambda: action(place))
    os._exit(0)


ACTIONS = [write_file, publish, take_place, discard, point, cache]


@pytest.mark.parametrize("exchange", [True, False])
@pytest.mark.parametrize("old", [True, False])
@pytest.mark.parametrize("action", ACTIONS)
@pytest.mark.parametrize("every", [7, pytest.param(1, marks=pytest.mark.slow)])
def test_killed_at_every_step(
    tmp_path: Path, action: Callable[[Path], None], old: bool, exchange: bool, every: int
) -> None:
    """Old or new is there, whole; the same again leaves the new one and nothing besides."""
    before = "old" if old and action is not cache else "new" if old else None
    after = None if action is discard else "new"
    kills = code = 0
    for limit in range(1, 200, every):
        place = tmp_path / f"{limit}" / "place"
        place.parent.mkdir()
        if old:
            make_old(place, action)
        code = forked(limit, exchange, action, place)
        assert code in (0, -signal.SIGKILL)
        kills += code != 0
        if not exchange:
            storage.settle(place.parent)  # as every reader of ours does that finds nothing
        assert seen(place) in {before, after}
        action(place)
        assert seen(place) == after
        write_file(place.with_name("next"))  # a kill just before the end leaves an empty folder
        left = {path.name for path in place.parent.iterdir()}
        assert left <= {"place", "next", ".place.lock"}
        if not code:
            break
    assert code == 0
    assert kills or (action is discard and not old) or (action is cache and old)


@pytest.mark.parametrize("exchange", [True, False])
def test_an_exchange_killed_at_every_step(tmp_path: Path, exchange: bool) -> None:
    test_killed_at_every_step(tmp_path, take_place, True, exchange, 1)


@contextmanager
def stopped_while_writing(place: Path):  # type: ignore[no-untyped-def]
    """Another process that has begun to write and waits."""
    program = (
        "import os, signal, sys; from pathlib import Path\n"
        "from unifiedqa_convert.storage import atomic_file\n"
        "with atomic_file(Path(sys.argv[1])) as file:\n"
        "    file.write(b'theirs'); print('begun', flush=True)\n"
        "    os.kill(os.getpid(), signal.SIGSTOP)\n"
    )
    other = subprocess.Popen([sys.executable, "-c", program, place], stdout=subprocess.PIPE)
    assert other.stdout is not None
    assert other.stdout.readline() == b"begun\n"
    try:
        yield other
    finally:
        other.kill()
        other.wait()


def test_what_a_live_process_writes_is_left_alone(tmp_path: Path) -> None:
    place = tmp_path / "place"
    with stopped_while_writing(place) as other:
        write_file(place)
        storage.settle(tmp_path)
        assert len(list(tmp_path.glob(".place.uqa-*/new"))) == 1
        os.kill(other.pid, signal.SIGCONT)
        assert other.wait() == 0
        assert place.read_bytes() == b"theirs"
    with stopped_while_writing(place):
        pass
    assert len(list(tmp_path.glob(".place.uqa-*/new"))) == 1, "killed"
    write_file(tmp_path / "another")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["another", "place"]


def test_a_folder_of_the_users_with_such_a_name_stays(tmp_path: Path) -> None:
    elsewhere, mine = tmp_path / "elsewhere", tmp_path / ".place.uqa-0123abcd"
    elsewhere.mkdir()
    for folder in (mine, elsewhere):
        folder.mkdir(exist_ok=True)
        (folder / "old").mkdir()
        (folder / "old" / "thesis").write_text("ten years")
    (elsewhere / "uqa-temporary").touch()
    (tmp_path / ".other.uqa-0123abcd").symlink_to(elsewhere)
    write_file(tmp_path / "place")
    assert (mine / "old" / "thesis").is_file()
    assert (elsewhere / "old" / "thesis").is_file()
    assert (tmp_path / ".other.uqa-0123abcd").is_symlink()


def repeat(action: Callable[[Path], None], place: Path, times: int) -> None:
    for _ in range(times):
        action(place)


@pytest.mark.parametrize("action", [write_file, publish, cache])
def test_processes_that_write_the_same_at_once(
    tmp_path: Path, action: Callable[[Path], None]
) -> None:
    """Each write succeeds or says that the other was first; a reader finds it whole."""
    place = tmp_path / "place"
    action(place)
    context = multiprocessing.get_context("fork")
    others = [context.Process(target=repeat, args=(action, place, 40)) for _ in range(3)]
    for other in others:
        other.start()
    while any(other.is_alive() for other in others):
        try:
            assert seen(place) == "new"
        except FileNotFoundError:  # this test's reader opened two files of two folders
            assert action is publish
    assert [other.exitcode for other in others] == [0, 0, 0]
    assert {path.name for path in tmp_path.iterdir()} <= {"place", ".place.lock"}


@pytest.mark.parametrize("target", ["file", "folder", "nothing"])
def test_a_link_is_neither_replaced_nor_written_through(tmp_path: Path, target: str) -> None:
    link, elsewhere = tmp_path / "link", tmp_path / "elsewhere"
    if target == "file":
        elsewhere.write_text("mine")
    elif target == "folder":
        elsewhere.mkdir()
    link.symlink_to(elsewhere)
    for action in (write_file, publish):
        with pytest.raises(OutputError, match=f"link is a link to {elsewhere}, which uqa did not"):
            action(link)
    assert link.is_symlink()
    assert target != "file" or elsewhere.read_text() == "mine"
    assert target != "folder" or not list(elsewhere.iterdir())


def test_a_card_may_be_edited_and_nothing_else(tmp_path: Path) -> None:
    folder = tmp_path / "model"

    def model(fresh: Path) -> None:
        (fresh / "README.md").write_text("card")
        (fresh / "weights").write_text("1")

    storage.publish_folder(folder, model)
    assert not storage.card_changed(folder)
    with (folder / "README.md").open("a") as card:
        card.write("of mine")
    (folder / "notes").touch()
    storage.verify(folder)
    assert storage.card_changed(folder)
    assert storage.others_in(folder) == ["notes"]
    (folder / "README.md").unlink()
    storage.verify(folder)
    (folder / "weights").write_text("2")
    with pytest.raises(ModelError, match="weights was changed or cut"):
        storage.verify(folder)


def test_a_folder_that_exists_by_now_is_not_replaced_unasked(tmp_path: Path) -> None:
    storage.publish_folder(tmp_path / "x", lambda fresh: fill(fresh, "first"))
    with pytest.raises(OutputError, match="exists by now"):
        storage.publish_folder(tmp_path / "x", lambda fresh: fill(fresh, "second"))
    assert (tmp_path / "x" / "a").read_text() == "first"


def test_json_has_names_that_are_no_utf8_as_text(tmp_path: Path) -> None:
    path = Path(os.fsdecode(bytes(tmp_path) + b"/v\xff.json"))
    storage.write_json(path, {"path": str(path), "name": storage.name_of(path)})
    text = path.read_bytes().decode()
    assert r"v\\udcff.json" in text
    assert r'"name": "v\\xff.json"' in text


def no_home(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """As for a user id that no table has: there, too, this is all that Python can find."""
    for name in ("HOME", "UQA_CACHE", "XDG_CACHE_HOME"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setattr("pwd.getpwuid", lambda _: {}[0])
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))


def test_without_a_home_the_cache_is_in_a_private_temporary_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert storage.stand_in_home() is None
    no_home(monkeypatch, tmp_path)
    home = tmp_path / f"uqa-{os.getuid()}"
    assert storage.cache_folder() == home / ".cache" / "unifiedqa-convert"
    assert stat.S_IMODE(home.stat().st_mode) == 0o700
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    assert storage.cache_folder() == tmp_path / "xdg" / "unifiedqa-convert"
    monkeypatch.setenv("HOME", "given back by monkeypatch")
    monkeypatch.delenv("HOME")
    assert str(storage.use_stand_in_home()).startswith(f"no home folder: {home} ")
    assert Path.home() == home
    assert storage.use_stand_in_home() is None


@pytest.mark.parametrize("kind", ["open to others", "a link"])
def test_a_stand_in_that_another_user_may_have_made_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    no_home(monkeypatch, tmp_path)
    home = tmp_path / f"uqa-{os.getuid()}"
    if kind == "a link":
        (tmp_path / "theirs").mkdir(mode=0o700)
        home.symlink_to(tmp_path / "theirs")
    else:
        home.mkdir()
        home.chmod(0o777)
    with pytest.raises(OutputError, match="is not a private folder of this user: set HOME"):
        storage.cache_folder()


@pytest.mark.parametrize("home", ["", "here"])
def test_a_home_that_is_no_absolute_path_is_none(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, home: str
) -> None:
    no_home(monkeypatch, tmp_path)
    monkeypatch.setenv("HOME", home)
    assert storage.cache_folder().is_relative_to(tmp_path / f"uqa-{os.getuid()}")


@pytest.mark.parametrize("index", ["[" * 100_000, '{"a\\u0000b": "x"}', '{"\\ud800": "x"}'])
def test_an_index_of_names_that_no_file_has_is_an_error(tmp_path: Path, index: str) -> None:
    (tmp_path / storage.INDEX).write_text(index)
    with pytest.raises(ModelError, match=r"can't be read|is missing"):
        storage.verify(tmp_path)
