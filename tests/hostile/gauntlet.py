"""Let programs that attack run, one after the other, and look what each left behind.

    python -m tests.hostile.gauntlet [--backend docker] [--json] [PROGRAM...]

Programs are data: programs/*.py, each with what must become of it in its header, which is TOML
behind "# ". `arguments` (default ["1"]); then `kept` (the cases, in order, as "verdict: text"; or
their number, `kept_count`) with `dropped` (calls by verdict), or `reason` (that the function is
rejected with; a list where it depends on the machine), or `dead_letter`; `kept_or_reason`: either
may happen. `steps` and `cpu_ms` change the limits. `machine` names the only architecture that it
is written for. `docker` holds what differs behind that backend, and `why` it does by nature.
"""

import argparse
import asyncio
import json
import os
import platform
import time
import tomllib
from collections.abc import Awaitable, Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final

from c2c_stream.engine.stage import Outcome, Place
from c2c_stream.errors import Poison
from c2c_stream.execute.stage import Executor
from c2c_stream.records import Cases, Function, Inputs
from c2c_stream.sandbox import Ended, Pool, Reply
from c2c_stream.sandbox.pool import WALL_FACTOR
from c2c_stream.settings import ExecuteSettings, SandboxSettings

PLACE: Final = Place("inputs", 0, 0)
# Sings, and tells which descriptors it has.
SONG: Final = """
import os
def _is_open(fd):
    try:
        return bool(os.fstat(fd))
    except OSError:
        return False
def sing(words, n=2):
    return {w: [w[:i] for i in range(n)] for w in words}, [f for f in range(64) if _is_open(f)]
"""
CANARY: Final = Inputs(
    function=Function(function_id="canary", entry_point="sing", code=SONG),
    arguments=("['la', 'li']", "['lu'], n=4", "[]", "None"),
)
# A zygote is never touched, but for what malloc does at its first forks.
RSS_SLACK_KIB: Final = 128


@dataclass(frozen=True)
class Finding:
    """What became of one program, and all that is not as it should be."""

    name: str
    complaints: tuple[str, ...]
    beyond_ms: float  # what it ran beyond a limit that ended it


class Cage:
    """An executor on a loop of its own, with limits that tests can wait for."""

    def __init__(self, sandbox: SandboxSettings | None = None) -> None:
        self.sandbox = sandbox or SandboxSettings()
        self.runner = asyncio.Runner()
        self.executor = Executor(ExecuteSettings(), self.sandbox, jobs=1)
        self.beyond_ms = 0.0
        for pool in self.executor._pools:
            self._time(pool)
        self.runner.run(self.executor.start())
        self.song = self.run(CANARY)
        assert all(case.endswith(", [0, 1, 2])") for case in told(self.song)[0][:3])

    def run(self, record: Inputs, steps: int = 20_000, cpu_ms: int = 300) -> Outcome:
        self.executor._settings = ExecuteSettings(steps=steps, cpu_ms=cpu_ms)
        return self.runner.run(self.executor.process(record, PLACE))

    def challenge(self, path: Path) -> Finding:
        """Run one program; then look around."""
        source = path.read_text(encoding="utf-8")
        header = header_of(source)
        header |= header.get(self.sandbox.backend, {})
        function = Function(function_id=path.stem, entry_point="f", code=source)
        record = Inputs(function=function, arguments=tuple(header.get("arguments", ["1"])))
        before = self._surroundings()
        self.beyond_ms = 0.0
        found = list(self._verdict(record, header))
        if not header.get("dead_letter"):
            found += differences(before, self._surroundings())
        if self.run(CANARY) != self.song:
            found.append("the canary sings something else")
        return Finding(path.stem, tuple(found), self.beyond_ms)

    def _verdict(self, record: Inputs, header: dict[str, Any]) -> Iterator[str]:
        try:
            outcome = self.run(record, header.get("steps", 20_000), header.get("cpu_ms", 300))
        except Poison:
            if not header.get("dead_letter"):
                yield "it became a dead letter"
            return
        if not is_as_expected(header, outcome):
            yield f"it became {told(outcome)}"

    def jails(self) -> list[int]:
        return self.executor.jails()

    def zygotes(self) -> list[int]:
        return [zygote for jail in self.jails() for zygote in children_of(jail)]

    def close(self) -> None:
        self.runner.run(self.executor.stop())
        self.runner.close()

    def _surroundings(self) -> dict[str, Any]:
        zygotes = self.zygotes()
        return {
            "zygotes": (self.jails(), zygotes),
            "processes left": [child for zygote in zygotes for child in children_of(zygote)],
            "descriptors": [descriptors_of(pid) for pid in (*zygotes, os.getpid())],
            "memory": [anonymous_kib(pid) for pid in zygotes],
        }

    def _time(self, pool: Pool) -> None:
        original: Callable[..., Awaitable[Reply]] = pool.run

        async def run(request: dict[str, Any], cpu_ms: int, wall_ms: int | None = None) -> Reply:
            reply = await original(request, cpu_ms, wall_ms)
            if reply.ended is Ended.CPU:
                self.beyond_ms = max(self.beyond_ms, reply.cpu_ms - cpu_ms)
            if reply.ended is Ended.WALL:
                limit_ms = wall_ms or cpu_ms * WALL_FACTOR
                self.beyond_ms = max(self.beyond_ms, reply.wall_ms - limit_ms)
            return reply

        pool.run = run  # type: ignore[method-assign]  # only looked at


@contextmanager
def caged(sandbox: SandboxSettings | None = None) -> Iterator[Cage]:
    cage = Cage(sandbox)
    try:
        yield cage
    finally:
        cage.close()


def header_of(source: str) -> dict[str, Any]:
    lines = source.partition("\n\n")[0].splitlines()
    return tomllib.loads("\n".join(line.removeprefix("# ") for line in lines))


def _is_for_here(path: Path) -> bool:
    """Tell whether a program is written for this architecture."""
    machine = header_of(path.read_text(encoding="utf-8")).get("machine", platform.machine())
    return bool(machine == platform.machine())


def told(outcome: Outcome) -> tuple[list[str], dict[str, int], str]:
    """Return (kept, dropped, reason) as a header spells them."""
    if outcome.rejected:
        return [], {}, outcome.rejected[0].reason
    (cases,) = outcome.outputs
    assert isinstance(cases, Cases)
    kept = [f"{case.verdict}: {case.result}" for case in cases.cases]
    return kept, {d.reason: d.calls for d in cases.execution.dropped}, ""


def is_as_expected(header: dict[str, Any], outcome: Outcome) -> bool:
    kept, dropped, reason = told(outcome)
    reasons = header.get("reason", "")
    if reason or not header.get("kept_or_reason", "reason" not in header):
        return reason in ([reasons] if isinstance(reasons, str) else reasons)
    as_many = len(kept) == header["kept_count"] if "kept_count" in header else False
    return dropped == header.get("dropped", {}) and (as_many or kept == header.get("kept"))


def differences(before: dict[str, Any], after: dict[str, Any]) -> Iterator[str]:
    for what, was in before.items():
        now = after[what]
        if what == "memory":
            grown = max(b - a for a, b in zip(was, now, strict=True))
            if grown > RSS_SLACK_KIB:
                yield f"a zygote grew by {grown} KiB"
        elif now != was:
            yield f"{what}: {was} before, {now} after"


def children_of(pid: int) -> list[int]:
    text = Path(f"/proc/{pid}/task/{pid}/children").read_text(encoding="ascii")
    return [int(child) for child in text.split()]


def descriptors_of(pid: int) -> int:
    """Return how many it has; -1 where only root may know."""
    try:
        return len(os.listdir(f"/proc/{pid}/fd"))  # noqa: PTH208  # numbers, not paths
    except PermissionError:
        return -1


def anonymous_kib(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    raise ValueError(f"/proc/{pid}/status does not tell RssAnon")


PROGRAMS: Final = [
    path for path in sorted((Path(__file__).parent / "programs").glob("*.py")) if _is_for_here(path)
]


def main(arguments: Sequence[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("programs", nargs="*", metavar="PROGRAM", help="how their names begin")
    parser.add_argument("--backend", choices=("jail", "docker"), default="jail")
    parser.add_argument("--image", default="", help="the image of the docker backend")
    parser.add_argument("--json", action="store_true", help="print a line of JSON a program")
    options = parser.parse_args(arguments)
    chosen = tuple(options.programs) or ("",)
    settings = SandboxSettings(backend=options.backend, image=options.image)
    findings = []
    with caged(settings) as cage:
        began = time.monotonic()
        for path in PROGRAMS:
            if path.stem.startswith(chosen):
                findings.append(cage.challenge(path))
                _print(findings[-1], as_json=options.json)
        seconds = time.monotonic() - began
    harm = [finding for finding in findings if finding.complaints]
    if not options.json:
        print(
            f"{len(findings)} programs on {settings.backend} as uid {os.geteuid()},"
            f" {seconds:.0f} s: {len(harm)} not as they must be; at most"
            f" {max(finding.beyond_ms for finding in findings):.0f} ms beyond a limit"
        )
    return bool(harm)


def _print(finding: Finding, *, as_json: bool) -> None:
    if as_json:
        told = (finding.name, finding.complaints, finding.beyond_ms)
        print(json.dumps(told), flush=True)
        return
    beyond = f"{finding.beyond_ms:.0f} ms beyond its limit" if finding.beyond_ms else ""
    print(f"{finding.name:55} {'; '.join(finding.complaints) or 'as it must be'}  {beyond}")


if __name__ == "__main__":
    raise SystemExit(main())
