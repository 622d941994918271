"""A run with a dead letter, its cause mended, the letter replayed: on both brokers."""

import json
import shutil
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest

from tests.e2e.chain import Run, c2c, c2c_json, rows_of, run_to_end

INITIALS = "def initials(words):\n    return [word[0].upper() for word in words if word]\n"
CLAMP = "def clamp(value, low, high):\n    return max(low, min(value, high))\n"


@dataclass(frozen=True)
class Broken:
    """A run of two sources of which one was away while it was read."""

    out: Path
    source: Path
    away: Path
    options: tuple[str, ...]

    def again(self) -> Run:
        """Run the same command."""
        return run_to_end(self.source, self.out, *self.options)

    def letters(self, command: str, *options: str) -> str:
        """Run a command on its dead letters; it ends well."""
        done = c2c("dead-letters", command, "--out", self.out, *options)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def mend(self) -> None:
        """Put the source that was away back."""
        shutil.copytree(self.away, self.source.with_name("other"))


# Whole runs, and the start of a node.
pytestmark = pytest.mark.timeout(900)


@pytest.fixture(params=["local", "kafka"])
def broken(
    request: pytest.FixtureRequest, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Broken:
    options: tuple[str, ...] = ()
    if request.param == "kafka":
        options = ("--broker", f"kafka://{request.getfixturevalue('kafka')}")
    monkeypatch.setenv("C2C_RUN", f"letters-{uuid4().hex[:8]}")
    source, other, away, out = (tmp_path / name for name in ("here", "other", "away", "out"))
    for folder, code in ((source, INITIALS), (other, CLAMP)):
        folder.mkdir()
        (folder / "code.py").write_text(code)
    put = c2c("ingest", other, "--out", out, *options)
    assert put.returncode == 0, put.stderr
    other.rename(away)
    broken = Broken(out, source, away, options)
    first = broken.again()
    assert first.code == 5, first.stdout + first.stderr
    assert "dead letters: 1\n" in first.stdout
    [line] = [
        line
        for line in events(out / ".c2c" / "logs" / "ingester.log")
        if line["event"] == "dead letter"
    ]
    assert (line["level"], line["error"]) == ("error", "SourceError")
    assert line["at"].startswith("repos[")
    assert len(line["trace_id"]) == 32
    return broken


def events(log: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in log.read_text(encoding="utf-8").splitlines()]


def names(out: Path) -> list[str]:
    return sorted(row["entry_point"] for row in rows_of(out))


def test_a_letter_that_is_replayed_once_its_cause_is_mended_becomes_rows(broken: Broken) -> None:
    counts = [{"stage": "ingester", "error": "SourceError", "letters": 1}]
    found = c2c_json("dead-letters", "list", "--out", broken.out)
    assert found["counts"] == counts
    [letter] = found["letters"]
    assert str(broken.source.with_name("other")) in letter["reason"]

    shown = broken.letters("replay", "--stage", "ingester")
    assert "1 dead letter to be replayed: 1 ingester SourceError\n" in shown
    assert "--execute" in shown

    broken.mend()
    assert "1 replayed\n" in broken.letters("replay", "--error", "SourceError", "--execute")
    waiting = c2c_json("status", "--out", broken.out)
    assert waiting["imbalances"] == []
    assert waiting["stages"]["ingester"]["replayed"] == 1
    done = broken.again()
    assert done.code == 0, done.stdout + done.stderr
    assert "dead letters: 1, 0 of them open\n" in done.stdout
    assert names(broken.out) == ["clamp", "initials"]
    status = c2c_json("status", "--out", broken.out)
    assert (status["dead_letters"], status["open_dead_letters"]) == (1, 0)
    assert status["imbalances"] == []
    assert c2c_json("dead-letters", "list", "--out", broken.out)["letters"] == []
    [settled] = c2c_json("dead-letters", "list", "--settled", "--out", broken.out)["letters"]
    assert settled["action"] == "replayed"


@pytest.mark.parametrize("broken", ["local"], indirect=True)
def test_a_letter_that_is_dropped_is_settled_and_the_run_ends_well(broken: Broken) -> None:
    assert "nothing was done" in broken.letters("drop")
    plan = json.loads(broken.letters("drop", "--execute", "--json"))
    assert (plan["action"], plan["executed"], plan["settled"]) == ("dropped", True, 1)

    done = broken.again()

    assert done.code == 0, done.stdout + done.stderr
    assert names(broken.out) == ["initials"]
    assert c2c_json("status", "--out", broken.out)["imbalances"] == []
    assert "no dead letters to be replayed\n" in broken.letters("replay", "--execute")
