"""Programs that attack, as data: programs/*.py, each with what must become of it in its header.

Header, in TOML behind "# ": arguments (default ["1"]), and either `kept` (the cases, in order, as
"verdict: text"; or their number, kept_count) with `dropped` (calls by verdict), or `reason` (that
the function is rejected with; a list where it depends on the machine). `steps` and `cpu_ms` change
the limits. `kept_or_reason`: either may happen.
"""

import asyncio
import os
import subprocess
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from c2c_stream.engine.stage import Outcome, Place
from c2c_stream.execute.stage import Executor
from c2c_stream.records import Cases, Function, Inputs
from c2c_stream.settings import ExecuteSettings, SandboxSettings

PROGRAMS = sorted((Path(__file__).parent / "programs").glob("*.py"))
PLACE = Place("inputs", 0, 0)
CANARY = Inputs(
    function=Function(
        function_id="canary",
        entry_point="sing",
        code="def sing(words, n=2):\n    return {w: [w[:i] for i in range(n)] for w in words}\n",
    ),
    arguments=("['la', 'li']", "['lu'], n=4", "[]", "None"),
)


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


class Cage:
    """An executor on a loop of its own, with limits that tests can wait for."""

    def __init__(self) -> None:
        self.runner = asyncio.Runner()
        self.executor = Executor(ExecuteSettings(), SandboxSettings(), jobs=1)
        self.runner.run(self.executor.start())
        self.song = self.run(CANARY)

    def run(self, record: Inputs, steps: int = 20_000, cpu_ms: int = 300) -> Outcome:
        self.executor._settings = ExecuteSettings(steps=steps, cpu_ms=cpu_ms)
        return self.runner.run(self.executor.process(record, PLACE))

    def jails(self) -> list[int]:
        return self.executor.jails()

    def close(self) -> None:
        self.runner.run(self.executor.stop())
        self.runner.close()


@pytest.fixture(scope="module")
def cage() -> Iterator[Cage]:
    cage = Cage()
    yield cage
    cage.close()


def header_of(source: str) -> dict[str, Any]:
    lines = source.partition("\n\n")[0].splitlines()
    return tomllib.loads("\n".join(line.removeprefix("# ") for line in lines))


def children_of(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in text.split()]


def told(outcome: Outcome) -> tuple[list[str], dict[str, int], str]:
    """Return (kept, dropped, reason) as a header spells them."""
    if outcome.rejected:
        return [], {}, outcome.rejected[0].reason
    (cases,) = outcome.outputs
    assert isinstance(cases, Cases)
    kept = [f"{case.verdict}: {case.result}" for case in cases.cases]
    return kept, {d.reason: d.calls for d in cases.execution.dropped}, ""


def assert_as_expected(header: dict[str, Any], outcome: Outcome) -> None:
    kept, dropped, reason = told(outcome)
    reasons = header.get("reason", "")
    if reason or not header.get("kept_or_reason", "reason" not in header):
        assert reason in ([reasons] if isinstance(reasons, str) else reasons), told(outcome)
        return
    if "kept_count" in header:
        assert len(kept) == header["kept_count"]
    else:
        assert kept == header["kept"]
    assert dropped == header.get("dropped", {})


@pytest.mark.parametrize("path", PROGRAMS, ids=lambda path: path.stem)
def test_a_hostile_program_earns_its_verdict_and_nothing_else_changes(
    cage: Cage, path: Path
) -> None:
    source = path.read_text(encoding="utf-8")
    header = header_of(source)
    function = Function(function_id=path.stem, entry_point="f", code=source)
    record = Inputs(function=function, arguments=tuple(header.get("arguments", ["1"])))
    before = cage.jails()

    outcome = cage.run(record, header.get("steps", 20_000), header.get("cpu_ms", 300))

    assert_as_expected(header, outcome)
    assert cage.jails() == before
    assert all(children_of(zygote) == [] for jail in before for zygote in children_of(jail))
    assert cage.run(CANARY) == cage.song


def test_the_suite_is_all_there() -> None:
    assert len(PROGRAMS) >= 75


def test_jails_die_with_their_pool() -> None:
    cage = Cage()
    everyone = [p for jail in cage.jails() for p in (jail, *children_of(jail))]
    cage.close()

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
