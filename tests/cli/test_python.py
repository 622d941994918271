from pathlib import Path

import pytest
from typer.testing import CliRunner

from c2c_stream.cli.app import app_for
from c2c_stream.cli.options import sandbox_flags
from c2c_stream.errors import SettingsError
from c2c_stream.settings import load_settings


def refusal(*command: str) -> str:
    """Return why a command refuses its settings."""
    done = CliRunner().invoke(app_for(), command)
    assert isinstance(done.exception, SettingsError), done.output
    return str(done.exception)


def test_an_option_wins_over_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("C2C_SANDBOX__PYTHON", "python3.12")

    assert load_settings(**sandbox_flags(None, None, None)).sandbox.python == "python3.12"
    assert load_settings(**sandbox_flags(None, None, "/p")).sandbox.python == "/p"


@pytest.mark.parametrize("command", ["run", "verify"])
def test_what_is_no_interpreter_is_refused_before_anything_starts(
    command: str, tmp_path: Path
) -> None:
    code, out = tmp_path / "code.py", tmp_path / "out"
    code.write_text("def f(n):\n    return n\n")
    asked = ["run", str(code), "--out", str(out)] if command == "run" else ["verify", str(tmp_path)]

    assert "'/no/python' is neither a program" in refusal(*asked, "--python", "/no/python")
    assert "image decides" in refusal(*asked, "--python", "python3", "--backend", "docker")
    assert not out.exists()
