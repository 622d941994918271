import shutil
import sqlite3
from contextlib import closing
from pathlib import Path

import pytest

from c2c_stream.broker import state_file
from c2c_stream.broker.state_file import StateFile
from c2c_stream.errors import Fatal


def test_values_and_offsets_are_there_after_a_restart(tmp_path: Path) -> None:
    path = tmp_path / "new" / "state.sqlite"
    with closing(StateFile(path)) as file:
        assert file.offset(0, "log") is None
        file.put([(0, "a", b"1"), (0, "b", b""), (1, "a", b"2")], [(0, "log", 7)])
        file.put([(0, "a", b"3")])
    with closing(StateFile(path)) as file:
        assert file.values("a") == {0: b"3", 1: b"2"}
        assert file.values("c") == {}
        assert sorted(file.keys(0)) == ["a", "b"]
        assert (file.offset(0, "log"), file.offset(0, "other"), file.offset(1, "log")) == (
            7,
            None,
            None,
        )
        file.clear(0)
        assert (file.values("a"), file.offset(0, "log")) == ({1: b"2"}, None)


def test_a_torn_file_is_made_anew(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    path.write_bytes(b"this is no database" * 1000)
    with closing(StateFile(path)) as file:
        assert file.values("a") == {}


def another_boot(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Let it look as if the machine had been started anew."""
    boot = tmp_path / "boot_id"
    boot.write_text("another")
    monkeypatch.setattr(state_file, "BOOT_ID", boot)


def left_by_a_killed_one(tmp_path: Path) -> Path:
    """Return a file as it is when its process is killed behind a put."""
    path = tmp_path / "running" / "state.sqlite"
    with closing(StateFile(path)) as file:
        file.put([(0, "a", b"1")], [(0, "log", 7)])
        return Path(shutil.copytree(path.parent, tmp_path / "killed"), path.name)


def test_what_a_killed_process_stored_is_there(tmp_path: Path) -> None:
    with closing(StateFile(left_by_a_killed_one(tmp_path))) as file:
        assert (file.values("a"), file.offset(0, "log")) == ({0: b"1"}, 7)


def test_what_was_open_when_the_machine_went_down_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = left_by_a_killed_one(tmp_path)
    another_boot(tmp_path, monkeypatch)
    with closing(StateFile(path)) as file:
        assert (file.values("a"), file.offset(0, "log")) == ({}, None)


def test_without_a_boot_to_tell_what_a_killed_process_left_is_made_anew(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(state_file, "BOOT_ID", tmp_path / "missing")
    with closing(StateFile(left_by_a_killed_one(tmp_path))) as file:
        assert file.values("a") == {}


def test_what_was_closed_outlives_the_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "state.sqlite"
    with closing(StateFile(path)) as file:
        file.put([(0, "a", b"1")], [(0, "log", 7)])
    assert list(tmp_path.iterdir()) == [path]
    another_boot(tmp_path, monkeypatch)
    with closing(StateFile(path)) as file:
        assert (file.values("a"), file.offset(0, "log")) == ({0: b"1"}, 7)


def test_a_file_that_breaks_while_it_is_used_is_removed(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    with closing(StateFile(path)) as file:
        file.put((0, f"{n:032}", b"v" * 500) for n in range(1000))
    content = bytearray(path.read_bytes())
    content[8192:] = b"\xff" * (len(content) - 8192)
    path.write_bytes(content)
    with closing(StateFile(path)) as file, pytest.raises(Fatal, match=r"kafka\.state_folder"):
        file.clear(0)
    assert not path.exists()


def test_what_does_not_fit_is_said_and_the_file_stays(tmp_path: Path) -> None:
    path = tmp_path / "state.sqlite"
    with closing(StateFile(path)) as file:
        file._database.execute("PRAGMA max_page_count=20")
        with pytest.raises(Fatal, match="full"):
            file.put((0, str(n), b"v" * 5000) for n in range(100))
        assert file.values("1") == {}
    assert path.exists()


def test_one_process_alone_has_a_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(state_file, "LOCK_S", 0.1)
    path = tmp_path / "state.sqlite"
    with closing(StateFile(path)) as file:
        with pytest.raises(Fatal, match="locked"):
            StateFile(path)
        file.put([(0, "a", b"1")])
    with closing(sqlite3.connect(path)) as database:
        assert database.execute("SELECT count(*) FROM state").fetchone() == (1,)


def test_without_a_path_nothing_is_left(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SQLITE_TMPDIR", str(tmp_path))
    with closing(StateFile(None)) as file:
        file.put([(0, "a", b"1")])
        assert file.values("a") == {0: b"1"}
    assert list(tmp_path.iterdir()) == []
