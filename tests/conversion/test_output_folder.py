"""The output folder: whole or absent, claimed by one, resumed after any kill to the same bytes."""

import hashlib
import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path

import pytest
from outputs import digest, raw_file, request

from unifiedqa_convert.conversion import output_folder, pipeline
from unifiedqa_convert.conversion.output_folder import OutputFolder, locked
from unifiedqa_convert.conversion.pipeline import convert
from unifiedqa_convert.errors import OutputError, OutputLocked, SourceError, TooManyRejects
from unifiedqa_convert.storage import atomic_file, replace_folder


def test_shards_rejects_and_a_manifest_that_lists_them(tmp_path: Path) -> None:
    result = convert(request(raw_file(tmp_path, 250, broken=42), tmp_path / "out", max_rejects=1))
    names = [entry["path"] for entry in result.manifest["files"]]
    assert names == ["data-00000.jsonl", "data-00001.jsonl", "data-00002.jsonl", "rejects.jsonl"]
    assert sorted([*names, "manifest.json"]) == sorted(p.name for p in result.folder.iterdir())
    for entry in result.manifest["files"]:
        content = (result.folder / entry["path"]).read_bytes()
        assert hashlib.sha256(content).hexdigest() == entry["sha256"]
    (reject,) = map(json.loads, (result.folder / "rejects.jsonl").read_text().splitlines())
    assert (reject["row"], reject["field"], reject["raw"]["label"]) == (42, "label", 7)
    assert result.manifest["counts"]["rows"] == {
        "read": 250,
        "used": 249,
        "skipped": {},
        "rejected": 1,
    }


def test_the_default_tolerance_is_none_and_the_old_output_stays(tmp_path: Path) -> None:
    before = convert(request(raw_file(tmp_path, 10), tmp_path / "out"))
    kept = digest(before.folder)
    bad = request(raw_file(tmp_path, 250, broken=142), tmp_path / "out", overwrite=True)
    with pytest.raises(
        TooManyRejects, match=r"copa/train row 142 \(line 143\), field label: .*found 7"
    ):
        convert(bad)
    assert digest(before.folder) == kept


def test_rejects_are_tolerated_over_the_whole_split_not_per_shard(tmp_path: Path) -> None:
    raw = raw_file(tmp_path, 250, broken=42)
    raw.write_text(raw.read_text() + raw.read_text())  # rows 42 and 292 are broken
    with pytest.raises(TooManyRejects) as told:
        convert(request(raw, tmp_path / "out", max_rejects=1))
    work = tmp_path / "out" / "copa" / ".train.work"
    assert "row 42 (line 43), field label" in str(told.value)
    assert f"rejected so far: 2 (allowed: 1), see {work}" in str(told.value)
    listed = [json.loads(line) for line in (work / "rejects.jsonl").read_text().splitlines()]
    assert [it["row"] for it in listed] == [42, 292]
    resumed = convert(request(raw, tmp_path / "out", max_rejects=2))
    assert resumed.resumed_shards == 2
    assert resumed.manifest["counts"]["rows"]["rejected"] == 2


def test_the_same_command_again_does_nothing(tmp_path: Path) -> None:
    asked = request(raw_file(tmp_path, 10), tmp_path / "out")
    first, again = convert(asked), convert(asked)
    assert first.made
    assert not again.made
    assert again.manifest == first.manifest


def test_another_conversion_is_not_overwritten_unasked(tmp_path: Path) -> None:
    raw = raw_file(tmp_path, 10)
    kept = digest(convert(request(raw, tmp_path / "out")).folder)
    differs = r"\(different: records, format\); replace it with --overwrite"
    with pytest.raises(OutputError, match=differs):
        convert(request(raw, tmp_path / "out", to="tsv"))
    replaced = convert(request(raw, tmp_path / "out", to="tsv", overwrite=True))
    assert set(digest(replaced.folder)) == {"data-00000.tsv", "manifest.json", "rejects.jsonl"}
    assert set(digest(replaced.folder)) != set(kept)


def test_no_rows_is_an_error(tmp_path: Path) -> None:
    empty = tmp_path / "empty.jsonl"
    empty.touch()
    with pytest.raises(SourceError, match="no readable record"):
        convert(request(empty, tmp_path / "out"))


def test_a_second_process_is_told_who_has_the_output(tmp_path: Path) -> None:
    place = OutputFolder(tmp_path / "out" / "copa" / "train")
    program = (
        "import sys, time; from pathlib import Path\n"
        "from unifiedqa_convert.conversion.output_folder import OutputFolder, locked\n"
        "with locked(OutputFolder(Path(sys.argv[1]))): print('held', flush=True); time.sleep(60)\n"
    )
    holder = subprocess.Popen([sys.executable, "-c", program, place.final], stdout=subprocess.PIPE)
    try:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(OutputLocked, match=f"process {holder.pid}"), locked(place):
            pass
    finally:
        holder.kill()
        holder.wait()
    with locked(place):  # a killed holder holds nothing
        pass


def test_a_file_that_fails_half_way_leaves_the_old_one(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")

    def half() -> None:
        with atomic_file(path) as file:
            file.write(b"new, but only half")
            raise RuntimeError

    with pytest.raises(RuntimeError):
        half()
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("old", [False, True])
@pytest.mark.parametrize("killed_before", ["exchange", "clean-up"])
def test_a_kill_inside_the_exchange_is_finished(
    tmp_path: Path, killed_before: str, old: bool
) -> None:
    place = OutputFolder(tmp_path / "copa" / "train")
    for folder in (place.work, place.staging):
        folder.mkdir(parents=True)
        (folder / "manifest.json").write_text('"new"')
    if old:
        place.final.mkdir()
        (place.final / "manifest.json").write_text('"old"')
    if killed_before == "clean-up":
        replace_folder(place.staging, place.final)
    with locked(place):
        pass
    assert (place.final / "manifest.json").read_text() == '"new"'
    assert not place.work.exists()


NOTES = ["job.json", "shard-00001.json"]


@pytest.mark.parametrize("note", NOTES)
@pytest.mark.parametrize("content", ["", "{", "[]", "7", '{"file": 3}', "[" * 100_000])
def test_a_broken_note_is_told_and_made_anew_by_overwrite(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, note: str, content: str
) -> None:
    asked = request(raw_file(tmp_path, 300), tmp_path / "out")
    stop_after(monkeypatch, 2)
    with pytest.raises(KeyboardInterrupt):
        convert(asked)
    monkeypatch.undo()
    work = OutputFolder(tmp_path / "out" / "copa" / "train").work
    (work / note).write_text(content)
    with pytest.raises(
        OutputError, match=rf"{note} is empty or broken .*: start it anew with --ov"
    ):
        convert(asked)
    assert (work / note).read_text() == content
    done = convert(replace(asked, overwrite=True))
    fresh = convert(request(asked.raw[0], tmp_path / "fresh"))
    assert digest(done.folder) == digest(fresh.folder)


@pytest.mark.parametrize("kind", ["link", "file", "folder"])
def test_what_bears_the_name_of_a_work_folder_stays(tmp_path: Path, kind: str) -> None:
    asked = request(raw_file(tmp_path, 3), tmp_path / "out", overwrite=True)
    work = OutputFolder(tmp_path / "out" / "copa" / "train").work
    mine = (tmp_path / "mine") if kind == "link" else work
    mine.parent.mkdir(parents=True, exist_ok=True)
    if kind == "file":
        mine.write_text("mine")
    else:
        mine.mkdir()
        (mine / "thesis.tex").write_text("ten years")
    if kind == "link":
        work.parent.mkdir(parents=True)
        work.symlink_to(mine)
    with pytest.raises(OutputError, match=r"\.train\.work (is a link|is a file|holds thesis\.tex)"):
        convert(asked)
    assert work.is_symlink() or work.is_file() or (work / "thesis.tex").is_file()
    assert kind == "file" or (mine / "thesis.tex").read_text() == "ten years"


def test_a_damaged_shard_is_made_again(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = request(raw_file(tmp_path, 500), tmp_path / "out")
    stop_after(monkeypatch, 3)
    with pytest.raises(KeyboardInterrupt):
        convert(asked)
    monkeypatch.undo()
    work = OutputFolder(tmp_path / "out" / "copa" / "train").work
    shard = work / "output" / "data-00001.jsonl"
    shard.write_bytes(shard.read_bytes().replace(b"cat", b"dog", 1))
    resumed = convert(asked)
    assert resumed.resumed_shards == 2  # the damaged one of three is made again
    fresh = convert(request(asked.raw[0], tmp_path / "fresh"))
    assert digest(resumed.folder) == digest(fresh.folder)


def stop_after(monkeypatch: pytest.MonkeyPatch, shards: int) -> None:
    """Interrupt the conversion once so many shards are committed, through the real commit."""

    def commit(place: OutputFolder, number: int, note: dict[str, object]) -> None:
        output_folder.commit(place, number, note)
        if number + 1 == shards:
            raise KeyboardInterrupt

    monkeypatch.setattr(pipeline, "commit", commit)


def test_work_that_is_done_is_not_done_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request(raw_file(tmp_path, 500), tmp_path / "out")
    stop_after(monkeypatch, 3)
    with pytest.raises(KeyboardInterrupt):
        convert(asked)
    monkeypatch.undo()
    converted: list[int] = []
    real = pipeline.convert_chunk

    def counting(*arguments: object) -> object:
        chunk = real(*arguments)  # type: ignore[arg-type]
        converted.extend(item.row for item in chunk.converted)
        return chunk

    monkeypatch.setattr(pipeline, "convert_chunk", counting)
    resumed = convert(asked)
    assert resumed.resumed_shards == 3
    assert converted == list(range(300, 500))


def test_limit_takes_the_first_rows(tmp_path: Path) -> None:
    result = convert(request(raw_file(tmp_path, 500), tmp_path / "out", limit=150))
    assert result.manifest["counts"]["rows"]["read"] == 150
    assert result.manifest["limit"] == 150
    first = (result.folder / "data-00000.jsonl").read_bytes()
    whole = convert(request(raw_file(tmp_path, 500), tmp_path / "whole"))
    assert first == (whole.folder / "data-00000.jsonl").read_bytes()


def test_what_uqa_did_not_write_is_never_touched(tmp_path: Path) -> None:
    raw, final = raw_file(tmp_path, 3), tmp_path / "out" / "copa" / "train"
    final.mkdir(parents=True)
    (final / "thesis.tex").write_text("ten years")
    for overwrite in (False, True):
        with pytest.raises(OutputError, match=r"holds thesis\.tex"):
            convert(request(raw, tmp_path / "out", overwrite=overwrite))
    assert (final / "thesis.tex").read_text() == "ten years"


@pytest.mark.parametrize("kind", ["file", "link"])
def test_a_file_or_a_link_in_the_outputs_place_stays(tmp_path: Path, kind: str) -> None:
    raw, final = raw_file(tmp_path, 3), tmp_path / "out" / "copa" / "train"
    final.parent.mkdir(parents=True)
    (elsewhere := tmp_path / "elsewhere").mkdir()
    final.symlink_to(elsewhere) if kind == "link" else final.write_text("mine")
    with pytest.raises(OutputError, match=f"is a {kind}"):
        convert(request(raw, tmp_path / "out", overwrite=True))
    assert final.is_symlink() if kind == "link" else final.read_text() == "mine"


def test_notes_of_a_person_beside_an_output_are_not_deleted_with_it(tmp_path: Path) -> None:
    raw = raw_file(tmp_path, 3)
    folder = convert(request(raw, tmp_path / "out")).folder
    (folder / "notes.txt").write_text("look at row 2")
    with pytest.raises(OutputError, match=r"holds notes\.txt"):
        convert(request(raw, tmp_path / "out", to="tsv", overwrite=True))
    assert (folder / "notes.txt").is_file()


def test_an_unreadable_manifest_is_another_conversion(tmp_path: Path) -> None:
    raw = raw_file(tmp_path, 3)
    folder = convert(request(raw, tmp_path / "out")).folder
    before = digest(folder)
    (folder / "manifest.json").write_text("{")
    with pytest.raises(OutputError, match="--overwrite"):
        convert(request(raw, tmp_path / "out"))
    convert(request(raw, tmp_path / "out", overwrite=True))
    assert digest(folder) == before


def test_a_complete_output_that_was_damaged_is_made_again(tmp_path: Path) -> None:
    raw = raw_file(tmp_path, 250)
    folder = convert(request(raw, tmp_path / "out")).folder
    before = digest(folder)
    with (folder / "data-00001.jsonl").open("r+b") as file:
        file.truncate(50)
    assert convert(request(raw, tmp_path / "out")).made
    assert digest(folder) == before


def test_a_link_in_the_holders_place_is_not_followed(tmp_path: Path) -> None:
    victim, place = tmp_path / "victim", OutputFolder(tmp_path / "out" / "copa" / "train")
    victim.write_text("untouched")
    place.final.parent.mkdir(parents=True)
    place.final.with_name(".train.holder").symlink_to(victim)
    with pytest.raises(OutputError, match=r"\.train\.holder is a link to"), locked(place):
        pass
    assert victim.read_text() == "untouched"
    assert place.final.with_name(".train.holder").is_symlink()


def test_damaged_numbers_of_a_stopped_conversion(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked = request(raw_file(tmp_path, 300), tmp_path / "out")
    stop_after(monkeypatch, 2)
    with pytest.raises(KeyboardInterrupt):
        convert(asked)
    monkeypatch.undo()
    work = OutputFolder(tmp_path / "out" / "copa" / "train").work
    note = work / "shard-00001.json"
    sound = json.loads(note.read_text())
    wrong = {"counts": {"read": "x"}, "rejects": 5, "file": {**sound["file"], "path": 5}}
    for name, value in wrong.items():
        note.write_text(json.dumps({**sound, name: value}))
        with pytest.raises(OutputError, match=rf"broken \({name}.*anew with --overwrite"):
            convert(asked)
    note.unlink()
    os.mkfifo(note)
    with pytest.raises(OutputError, match="it is not a file"):
        convert(asked)
    note.unlink()
    note.write_text(json.dumps(sound))
    (work / "shard-00001.hashes").write_bytes(b"cut")
    fresh = convert(request(asked.raw[0], tmp_path / "fresh"))
    assert digest(convert(asked).folder) == digest(fresh.folder)


@pytest.mark.parametrize(
    "damage", [{"files": ["x"]}, {"files": None}, {"files": [{"path": 5}]}, {"counts": []}, "deep"]
)
def test_a_damaged_manifest_is_another_output(tmp_path: Path, damage: object) -> None:
    asked = request(raw_file(tmp_path, 3), tmp_path / "out")
    manifest = convert(asked).folder / "manifest.json"
    whole = manifest.read_bytes()
    changed = json.dumps({**json.loads(whole), **damage}) if isinstance(damage, dict) else ""
    manifest.write_text(changed or "[" * 100_000)
    with pytest.raises(OutputError, match="replace it with --overwrite"):
        convert(asked)
    convert(replace(asked, overwrite=True))
    assert manifest.read_bytes() == whole


@pytest.mark.parametrize("kind", ["FIFO", "folder"])
def test_what_bears_the_name_of_the_holders_file_stays(tmp_path: Path, kind: str) -> None:
    asked = request(raw_file(tmp_path, 3), tmp_path / "out")
    holder = tmp_path / "out" / "copa" / ".train.holder"
    holder.parent.mkdir(parents=True)
    (os.mkfifo if kind == "FIFO" else os.mkdir)(holder)
    with pytest.raises(OutputError, match="is not a file, and uqa did not make it"):
        convert(asked)
    assert holder.exists()
