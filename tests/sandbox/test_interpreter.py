import asyncio
import platform
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from c2c_stream.sandbox import Pool, SandboxUnavailable, interpreter
from c2c_stream.sandbox.interpreter import executing, interpreter_of, own_interpreter
from c2c_stream.settings import SandboxSettings
from tests import interpreters

PROGRAMS = str(Path(__file__).parent / "programs")
WHO = "import sys; emit(' '.join([sys.version.split()[0], *sys.argv]))"


def named(python: str | Path) -> SandboxSettings:
    return SandboxSettings(python=str(python))


def program(folder: Path, *lines: str) -> Path:
    path = folder / "program"
    path.write_text("\n".join(["#!/bin/sh", *lines]), encoding="utf-8")
    path.chmod(0o755)
    return path


def asked_in_a_jail(settings: SandboxSettings) -> tuple[str, tuple[str, ...]]:
    """Return the version that a pool tells, and what a child in its jail says."""

    async def main() -> tuple[str, tuple[str, ...]]:
        pool = Pool("echo_program:main", 1, settings, search=(PROGRAMS,))
        await pool.start()
        try:
            reply = await pool.run({"source": WHO}, 2000)
            return pool.python, reply.frames
        finally:
            await pool.stop()

    return asyncio.run(main())


def test_by_default_it_is_the_real_one_behind_a_virtual_environment() -> None:
    own = own_interpreter()
    path = Path(own.path)

    assert interpreter_of(SandboxSettings()) == own
    assert path == path.resolve()
    assert not path.is_relative_to(sys.prefix) or sys.prefix == sys.base_prefix
    assert own.version == executing(SandboxSettings()) == platform.python_version()


def test_a_jail_runs_the_one_that_is_named(tmp_path: Path) -> None:
    other = interpreters.another(tmp_path)

    told, frames = asked_in_a_jail(named(other.path))

    assert told == other.version == executing(named(other.path))
    assert frames == (f"{other.version} ",)


@pytest.mark.parametrize("version", interpreters.OTHERS)
def test_every_supported_version_here_runs_in_a_jail(version: str) -> None:
    other = interpreters.found(version)

    told, frames = asked_in_a_jail(named(other.path))

    assert (told, frames) == (other.version, (f"{other.version} ",))
    assert told != platform.python_version()


def test_a_copy_of_ours_at_another_place_runs_in_a_jail(tmp_path: Path) -> None:
    other = interpreters.copy(tmp_path)

    assert interpreter_of(named(other.path)) == other != own_interpreter()
    assert asked_in_a_jail(named(other.path))[1] == (f"{other.version} ",)


def test_behind_a_virtual_environment_or_a_link_it_is_the_real_one(tmp_path: Path) -> None:
    link = tmp_path / "link"
    link.symlink_to(own_interpreter().path)
    making = ["-m", "venv", "--without-pip", str(tmp_path / "venv")]
    subprocess.run([own_interpreter().path, *making], check=True)

    assert interpreter_of(named(link)) == own_interpreter()
    assert interpreter_of(named(tmp_path / "venv/bin/python")) == own_interpreter()


def test_a_command_is_found_on_the_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "some-python").symlink_to(own_interpreter().path)
    monkeypatch.setenv("PATH", str(tmp_path))

    assert interpreter_of(named("some-python")) == own_interpreter()


@pytest.mark.parametrize(
    ("lines", "why"),
    [
        (("echo hello",), "no Python that works (it says nothing)"),
        (("echo 'pyenv: python3.12: command not found' >&2", "exit 127"), "command not found"),
        (("echo", "exit 3"), "no Python that works (exit code 3)"),
        (("kill -9 $$",), "no Python that works (it ended by signal 9)"),
        (("echo python 3.10 3.10.13",), "is Python 3.10.13; Python 3.11 or newer is needed"),
        (("echo python 2.7 2.7.18",), "is Python 2.7.18; Python 3.11 or newer is needed"),
        (
            ("echo python 3.13 3.13.0", "echo /bin/python", "echo wrong ELF class >&2", "exit 1"),
            "(Python 3.13.0) cannot load the sandbox's compiled part (wrong ELF class)",
        ),
        (
            ("echo python 3.13 3.13.0", "echo /bin/python", "kill -11 $$"),
            "cannot load the sandbox's compiled part (it ended by signal 11)",
        ),
    ],
)
def test_what_cannot_be_used_is_told(tmp_path: Path, lines: tuple[str, ...], why: str) -> None:
    path = program(tmp_path, *lines)

    with pytest.raises(SandboxUnavailable) as error:
        interpreter_of(named(path))

    assert str(error.value).startswith(f"sandbox.python: '{path}' ")
    assert why in str(error.value)


def test_what_is_not_there_or_no_program_is_told(tmp_path: Path) -> None:
    notes = tmp_path / "notes.txt"
    notes.write_text("mine")

    for python in (tmp_path / "no-python", notes, tmp_path, "no-such-python"):
        with pytest.raises(SandboxUnavailable, match="neither a program that may be"):
            interpreter_of(named(python))


@pytest.mark.parametrize("version", interpreters.TOO_OLD)
def test_one_that_is_too_old_says_how_old_it_is(version: str) -> None:
    told = rf"is Python {re.escape(version)}\.\d+; Python 3\.11 or newer is needed"

    with pytest.raises(SandboxUnavailable, match=told):
        interpreter_of(named(interpreters.too_old(version)))


def test_one_that_takes_no_compiled_part_of_ours_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = shutil.copy(own_interpreter().path, tmp_path / "python")
    monkeypatch.setattr(interpreter, "_COMPILED_PART", "_no_such_part")

    with pytest.raises(SandboxUnavailable, match=r"cannot load .* \(it takes none of"):
        interpreter_of(named(python))


def test_the_image_of_containers_decides_and_both_together_are_refused() -> None:
    containers = SandboxSettings(backend="docker", image="ours:1")

    assert executing(containers) == "image ours:1"
    with pytest.raises(SandboxUnavailable, match=r"image decides which Python runs"):
        executing(containers.model_copy(update={"python": sys.executable}))


def test_a_pool_asks_before_it_builds_anything() -> None:
    pool = Pool("echo_program:main", 1, named("/no/python"), search=(PROGRAMS,))

    with pytest.raises(SandboxUnavailable, match="/no/python"):
        asyncio.run(pool.start())
    assert pool.jails() == []
