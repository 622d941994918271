import subprocess
import sys
from pathlib import Path

import pytest
from prometheus_client import REGISTRY
from structlog.testing import CapturingLogger
from typer.testing import CliRunner

from c2c_stream.broker.local import LocalLog
from c2c_stream.cli.app import app_for
from c2c_stream.cli.exits import Exit
from c2c_stream.cli.options import sandbox_flags
from c2c_stream.cli.walls import Teller
from c2c_stream.errors import SettingsError
from c2c_stream.sandbox import Walls
from c2c_stream.sandbox.walls import WALLS
from c2c_stream.settings import load_settings


def gauge(wall: str) -> float | None:
    return REGISTRY.get_sample_value("c2c_sandbox_wall", {"stage": "tested", "wall": wall})


def test_every_wall_is_in_the_gauge_and_a_line_is_told_when_others_stand() -> None:
    log = CapturingLogger()
    tell = Teller("tested", log)  # type: ignore[arg-type]  # it takes any call
    walls = Walls("jail", frozenset(WALLS) - {"cgroup"}, {"cgroup": "why"})

    tell(walls)
    tell(walls)

    assert [call.kwargs for call in log.calls] == [{"walls": walls.told()}]
    assert {wall: gauge(wall) for wall in WALLS} == {w: float(w != "cgroup") for w in WALLS}
    tell(Walls("jail", frozenset(WALLS)))
    assert len(log.calls) == 2
    assert gauge("cgroup") == 1.0


def test_flags_win_and_leave_what_they_do_not_name(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("C2C_SANDBOX__REQUIRE_WALLS", "all")

    settings = load_settings(**sandbox_flags("docker", None, None)).sandbox
    assert (settings.backend, settings.require_walls) == ("docker", "all")
    assert load_settings(**sandbox_flags(None, "user", None)).sandbox.require_walls == "user"
    with pytest.raises(SettingsError, match=r"sandbox\.backend"):
        load_settings(**sandbox_flags("chroot", None, None))


@pytest.mark.parametrize("command", [["run", "."], ["verify", "."], ["serve", "executor"]])
def test_every_command_that_executes_takes_the_walls(command: list[str]) -> None:
    wrong = CliRunner().invoke(app_for(), [*command, "--backend", "moat"])

    assert isinstance(wrong.exception, SettingsError)
    assert "sandbox.backend" in str(wrong.exception)


def test_a_service_without_a_wall_that_must_stand_ends_with_a_sentence(tmp_path: Path) -> None:
    LocalLog(tmp_path / ".c2c", "main").create()
    walls = ["--require-walls", "seccomp,moat"]
    command = [sys.executable, "-m", "c2c_stream.cli", "serve", "executor", "--out", str(tmp_path)]

    done = subprocess.run([*command, *walls], check=False, capture_output=True, text=True)

    assert done.returncode == Exit.SETTINGS
    assert "'seccomp,moat' names no wall that there is" in done.stderr
