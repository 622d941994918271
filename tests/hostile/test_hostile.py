"""Each program that attacks earns its verdict, and nothing else is changed by it."""

import asyncio
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.hostile.gauntlet import PROGRAMS, Cage, caged, children_of

ROOT = Path(__file__).resolve().parents[2]
# Starts one jail, prints its pid, and waits to be killed while a child sleeps in it.
HOST = """
import asyncio
from c2c_stream.sandbox import Pool
from c2c_stream.settings import SandboxSettings
async def main():
    folder = "tests/sandbox/programs"
    pool = Pool("echo_program:main", 1, SandboxSettings(), search=(folder,))
    await pool.start()
    print(*pool.jails(), flush=True)
    await pool.run({"source": "import time; time.sleep(600)"}, 600_000)
asyncio.run(main())
"""


@pytest.fixture(scope="module")
def cage() -> Iterator[Cage]:
    with caged() as cage:
        yield cage


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_hostile_program_earns_its_verdict_and_nothing_else_changes(
    cage: Cage, path: Path
) -> None:
    finding = cage.challenge(path)

    print(f"{finding.beyond_ms:.0f} ms beyond its limit")
    assert finding.complaints == ()


def test_the_suite_is_all_there() -> None:
    assert len(PROGRAMS) >= 140


def test_jails_die_with_their_pool() -> None:
    with caged() as cage:
        everyone = [*cage.jails(), *cage.zygotes()]

    assert len(everyone) == 4
    assert all(is_dead(pid) for pid in everyone)


def test_jails_die_with_a_host_that_is_killed() -> None:
    command = [sys.executable, "-c", HOST]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, cwd=ROOT) as host:
        assert host.stdout is not None
        jail = int(host.stdout.readline())
        everyone = [jail, *children_of(jail)]
        host.kill()

    assert len(everyone) == 2
    assert all(is_dead(pid) for pid in everyone)


def is_dead(pid: int) -> bool:
    """Wait until a process that was killed has ended."""
    try:
        fd = os.pidfd_open(pid)
    except ProcessLookupError:
        return True
    try:
        return asyncio.run(readable(fd))
    finally:
        os.close(fd)


async def readable(fd: int) -> bool:
    ended = asyncio.Event()
    asyncio.get_running_loop().add_reader(fd, ended.set)
    async with asyncio.timeout(10):
        await ended.wait()
    asyncio.get_running_loop().remove_reader(fd)
    return True
