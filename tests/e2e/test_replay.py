"""A kept run is replayed from the middle with another setting; the old run stays as it is."""

import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.chain import Run, c2c, c2c_json, rows_of, run_to_end
from tests.engine.service import PATIENCE_S, eventually

CODE = """
def initials(words):
    return [word[0].upper() for word in words if word]


def clamp(value, low, high):
    return max(low, min(value, high))
"""


@pytest.fixture(scope="module")
def code(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("replayed") / "source"
    folder.mkdir()
    (folder / "code.py").write_text(CODE)
    return folder


@pytest.fixture(scope="module")
def kept(code: Path) -> Run:
    """Return a finished run on the local log of which every record was kept."""
    run = run_to_end(code, code.with_name("kept"), "--keep")
    assert run.code == 0, run.stdout + run.stderr
    return run


def replay(old: Path, out: Path, *options: str) -> None:
    done = c2c("replay", "--into", f"r-{out.name}", "--old-out", old, "--out", out, *options)
    assert done.returncode == 0, done.stdout + done.stderr
    status = c2c_json("status", "--out", out)
    assert status["imbalances"] == []
    assert {stage["waiting"] for stage in status["stages"].values()} == {0}


def log_of(out: Path) -> Iterator[tuple[Any, ...]]:
    """Yield all that a log holds."""
    with closing(sqlite3.connect(out / ".c2c" / "log.sqlite")) as db:
        for (table,) in db.execute("SELECT name FROM sqlite_master WHERE type = 'table'"):
            yield from ((table, *row) for row in db.execute(f'SELECT * FROM "{table}"'))  # noqa: S608  # its own name


def ids(out: Path) -> list[str]:
    return sorted(row["id"] for row in rows_of(out))


def test_another_number_of_inputs_gives_new_rows_of_the_same_functions(
    kept: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = list(log_of(kept.out))
    monkeypatch.setenv("C2C_WRITE__INPUTS", "6")
    out = tmp_path / "fewer"

    replay(kept.out, out, "--from", "writer")

    def written(folder: Path) -> dict[str, int]:
        return {row["function_id"]: row["writer"]["inputs"] for row in rows_of(folder)}

    assert written(out).keys() == written(kept.out).keys() != set()
    assert all(count < written(kept.out)[one] for one, count in written(out).items())
    assert list(log_of(kept.out)) == before
    stages = c2c_json("status", "--out", out)["stages"]
    assert {name for name, stage in stages.items() if not stage["read"]} == {
        "ingester",
        "collector",
        "curator",
    }
    assert stages["writer"]["replayed"] == stages["writer"]["read"] == len(rows_of(out))
    card = (out / "README.md").read_text()
    assert "A replay by c2c-stream: topic candidates of the run main." in card
    again = {path: path.read_bytes() for path in (out / "data").iterdir()}
    replay(kept.out, out, "--from", "writer")
    assert {path: path.read_bytes() for path in (out / "data").iterdir()} == again


def test_another_layout_gives_the_same_samples(kept: Run, tmp_path: Path) -> None:
    out = tmp_path / "chat"

    replay(kept.out, out, "--from", "formatter", "--layout", "chat")

    assert ids(out) == ids(kept.out)
    assert {"messages"} == {"messages", "prompt"} & rows_of(out)[0].keys()
    third = tmp_path / "third"
    of_a_run_that_was_not_kept = ("--from", "formatter", "--old-out", out, "--out", third)
    refused = c2c("replay", "--into", "x", *of_a_run_that_was_not_kept)
    assert refused.returncode == 2
    assert "cases[0] holds offsets" in refused.stderr
    assert "c2c run --keep" in refused.stderr
    assert not third.exists()


def test_a_replay_that_is_stopped_goes_on_by_the_same_command(kept: Run, tmp_path: Path) -> None:
    out = tmp_path / "stopped"
    options = [
        "--from",
        "collector",
        "--into",
        f"r-{out.name}",
        "--old-out",
        kept.out,
        "--out",
        out,
    ]
    command = [sys.executable, "-m", "c2c_stream.cli", "replay", *map(str, options)]
    with subprocess.Popen(command, stdout=subprocess.DEVNULL) as process:
        eventually((out / ".c2c" / "logs" / "collector.log").exists)
        process.send_signal(signal.SIGINT)
        assert process.wait(PATIENCE_S) == 130

    replay(kept.out, out, "--from", "collector")

    assert ids(out) == ids(kept.out)


@pytest.mark.timeout(900)  # three whole runs and the start of a node
def test_a_run_on_kafka_is_replayed(kafka: str, code: Path, kept: Run, tmp_path: Path) -> None:
    old, out = tmp_path / "old", tmp_path / f"chat-{uuid4().hex[:8]}"
    first = run_to_end(code, old, "--broker", f"kafka://{kafka}", "--keep")
    assert first.code == 0, first.stdout + first.stderr
    before = c2c_json("status", "--out", old)

    replay(old, out, "--from", "formatter", "--layout", "chat", "--since", "2020-01-01")

    assert ids(out) == ids(old) == ids(kept.out)
    assert {"messages"} == {"messages", "prompt"} & rows_of(out)[0].keys()
    assert c2c_json("status", "--out", old) == before


@pytest.mark.parametrize(
    ("options", "words"),
    [
        (("--from", "cook", "--into", "x"), "unknown stage 'cook'"),
        (("--from", "writer", "--into", "main"), "choose another id"),
        (
            ("--from", "writer", "--into", "x", "--run", "other"),
            "the run other has not begun",
        ),
        (("--from", "writer", "--into", "x", "--since", "soon"), "ISO 8601"),
    ],
)
def test_what_cannot_be_replayed_is_told_before_anything_is_made(
    kept: Run, tmp_path: Path, options: tuple[str, ...], words: str
) -> None:
    done = c2c("replay", *options, "--old-out", kept.out, "--out", tmp_path / "out")

    assert done.returncode == 2
    assert words in " ".join(done.stderr.split())
    assert not (tmp_path / "out").exists()
