"""A run whose functions run in another interpreter than c2c itself."""

import platform
import shutil
import subprocess
from pathlib import Path

from c2c_stream.cli import runfile
from c2c_stream.cli.exits import Exit
from tests import interpreters
from tests.e2e.chain import STDLIB, c2c, c2c_json, rows_of, run_to_end


def tokens_of(python: str) -> str:
    asked = [python, "-c", "import token; print(token.N_TOKENS)"]
    return subprocess.run(asked, check=True, capture_output=True, text=True).stdout.strip()


def test_rows_say_which_interpreter_made_them_and_verify_there(tmp_path: Path) -> None:
    other = interpreters.another(tmp_path)
    source, out = tmp_path / "source", tmp_path / "out"
    source.mkdir()
    for name in ("bisect", "colorsys", "textwrap"):
        shutil.copy(STDLIB / f"{name}.py", source)
    # No two of the versions have as many: so a row cannot be said to be made by another.
    count = "import token\n\ndef count(n):\n    return n % 3, token.N_TOKENS\n"
    (source / "count.py").write_text(count)

    done = run_to_end(source, out, "--python", other.path)

    assert done.code == 0, done.stdout + done.stderr
    assert "books: balanced" in done.stdout
    rows = rows_of(out)
    assert {row["runtime"]["python"] for row in rows} == {other.version}
    [row] = [row for row in rows if row["entry_point"] == "count"]
    tokens = tokens_of(other.path)
    assert any(case["result"].endswith(f", {tokens})") for case in row["visible_cases"])
    verified = c2c_json("verify", out, "--python", other.path)
    assert verified["as_recorded"] == verified["cases"] > 50
    assert (verified["python"], verified["made_by"]) == (other.version, {other.version: len(rows)})

    elsewhere = c2c("verify", out)
    if other.version == platform.python_version():
        assert elsewhere.returncode == 0
        return
    assert elsewhere.returncode == Exit.DIFFERENCES
    assert f"{len(rows)} by Python {other.version}; verified here by" in elsewhere.stdout
    again = run_to_end(source, out)
    assert again.code == Exit.SETTINGS
    assert "holds another run: its interpreter" in again.stderr
    found = runfile.read(out)
    assert found is not None
    assert (found.python, found.interpreter) == (platform.python_version(), other.version)
