"""The same walls for root and for an ordinary user, and what is said where one cannot stand."""

import subprocess
import sys
from pathlib import Path

import pytest

from c2c_stream.sandbox import SandboxUnavailable, filters
from tests.require import require_command
from tests.users import ENVIRONMENT, NOBODY, as_nobody, open_python

PROGRAMS = Path(__file__).parent / "programs"
SCRIPT = """
import asyncio, sys
from c2c_stream.sandbox import Pool, SandboxUnavailable
from c2c_stream.settings import SandboxSettings
async def main():
    told = lambda walls: print(sorted(walls.standing))
    pool = Pool("echo_program:main", 1, SandboxSettings(), search=(sys.argv[1],), told=told)
    await pool.start()
    source = "emit(repr((os.getuid(), os.getpid())))"
    print(await pool.run({"source": source}, 2000))
    await pool.stop()
try:
    asyncio.run(main())
except SandboxUnavailable as error:
    print("refused:", error)
"""


def build_a_jail(*command: str) -> str:
    done = subprocess.run(
        [*command, str(PROGRAMS)],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
        env=ENVIRONMENT,
        cwd="/",
    )
    return done.stdout


def test_an_ordinary_user_has_every_wall_too() -> None:
    out = build_a_jail(*as_nobody("-c", SCRIPT))

    assert f"({NOBODY}, 1)" in out
    for wall in ("user", "pid", "net", "root", "uid", "capabilities", "seccomp", "fds"):
        assert f"'{wall}'" in out


def test_without_user_namespaces_it_refuses_and_says_what_to_do() -> None:
    require_command("unshare")
    forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    nested = ("unshare", "-U", "--map-root-user", "sh", "-c", forbid, "sh")

    out = build_a_jail(*nested, open_python() or sys.executable, "-c", SCRIPT)

    assert out.startswith("refused:")
    assert "wall 'user' cannot be built" in out
    assert "max_user_namespaces" in out


def test_an_architecture_without_numbers_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("c2c_stream.sandbox.linux.machine", lambda: "pdp11")

    with pytest.raises(SandboxUnavailable, match="pdp11"):
        filters._seccomp()


def test_a_missing_library_is_named_with_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "pyseccomp", None)

    with pytest.raises(SandboxUnavailable, match="apt install libseccomp2"):
        filters._seccomp()
