"""The same walls for root and for an ordinary user, and what is said where one cannot stand."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from c2c_stream.sandbox import SandboxUnavailable, filters
from tests.require import require_command

ROOT = Path(__file__).resolve().parents[2]
PROGRAMS = Path(__file__).parent / "programs"
NOBODY = 65534
SCRIPT = """
import asyncio, sys
from c2c_stream.sandbox import Pool, SandboxUnavailable
from c2c_stream.settings import SandboxSettings
async def main():
    pool = Pool("echo_program:main", 1, SandboxSettings(), search=(sys.argv[1],))
    await pool.start()
    source = "emit(repr((os.getuid(), os.getpid())))"
    print(await pool.run({"source": source}, 2000), sorted(pool.walls))
    await pool.stop()
try:
    asyncio.run(main())
except SandboxUnavailable as error:
    print("refused:", error)
"""


ENVIRONMENT = {
    "PATH": os.environ["PATH"],
    "PYTHONPATH": os.pathsep.join([str(ROOT), *sys.path]),
    "PYTHONDONTWRITEBYTECODE": "1",
}


def open_python() -> str | None:
    """Return an interpreter of our version that everybody may start, or None."""
    version = f"python{sys.version_info.major}.{sys.version_info.minor}"
    known = (os.path.realpath(sys.executable), f"/usr/bin/{version}", f"/usr/local/bin/{version}")
    return next((path for path in known if is_open(path)), None)


def is_open(path: str) -> bool:
    around = (Path(path), *Path(path).parents)
    return Path(path).exists() and all(p.stat().st_mode & 0o001 for p in around)


def build_a_jail(python: str, *prefix: str) -> str:
    done = subprocess.run(
        [*prefix, python, "-c", SCRIPT, str(PROGRAMS)],
        capture_output=True,
        text=True,
        timeout=100,
        check=True,
        env=ENVIRONMENT,
        cwd="/",
    )
    return done.stdout


def test_an_ordinary_user_has_every_wall_too() -> None:
    if os.geteuid() != 0:
        out = build_a_jail(sys.executable)
    else:
        require_command("setpriv")
        python = open_python()
        if python is None or not is_open(str(PROGRAMS)):
            pytest.skip("needs an interpreter and a checkout that anybody may read")
        change = ("setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups")
        out = build_a_jail(python, *change)

    assert f"({NOBODY}, 1)" in out
    for wall in ("user", "pid", "net", "root", "uid", "capabilities", "seccomp", "fds"):
        assert f"'{wall}'" in out


def test_without_user_namespaces_it_refuses_and_says_what_to_do() -> None:
    require_command("unshare")
    forbid = 'echo 0 > /proc/sys/user/max_user_namespaces && exec "$@"'
    nested = ("unshare", "-U", "--map-root-user", "sh", "-c", forbid, "sh")

    out = build_a_jail(open_python() or sys.executable, *nested)

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
