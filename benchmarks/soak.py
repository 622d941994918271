"""What stays behind of very many functions: nothing may grow, and nothing may be left.

    python -m benchmarks.soak [--functions 1000000] [--jobs N]

The functions of benchmarks/executor.py, in turn. After a beginning, and at the end, what the jails
and the machine hold is counted: memory of the zygotes (RssAnon, KiB), open files of this process
and of the zygotes, processes, control groups, mounts, files in the temporary folder. Then another
executor is killed by SIGKILL in mid-flight, and it is counted again a moment later.
"""

import argparse
import asyncio
import multiprocessing
import os
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

from benchmarks.executor import children_of, executed, ordinary
from c2c_stream.execute.stage import Executor
from c2c_stream.sandbox.cgroup import PREFIX
from c2c_stream.settings import ExecuteSettings, SandboxSettings

BEGINNING = 2000
BATCH = 2000
GONE_S = 10.0


def below(pid: int) -> list[int]:
    """Return a process and all that it started."""
    return [pid, *(found for child in children_of(pid) for found in below(child))]


def of_jails(jails: Sequence[int]) -> dict[str, int]:
    """Return what the processes of the jails hold."""
    inside = [pid for jail in jails for pid in below(jail)]
    return {
        "RssAnon of jails, KiB": sum(_rss_anon(pid) for pid in inside),
        "open files of jails": sum(len(os.listdir(f"/proc/{pid}/fd")) for pid in inside),  # noqa: PTH208  # a count
        "processes of jails": len(inside),
        "open files here": len(os.listdir("/proc/self/fd")),  # noqa: PTH208  # the same
    }


def _rss_anon(pid: int) -> int:
    for line in Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith("RssAnon:"):
            return int(line.split()[1])
    return 0


def of_machine() -> dict[str, int]:
    """Return what this machine holds that a jail could have left."""
    groups = [path for path in Path("/sys/fs/cgroup").rglob(f"{PREFIX}-*") if path.is_dir()]
    mounts = Path("/proc/self/mountinfo").read_text(encoding="utf-8").count("\n")
    here = children_of(os.getpid())
    return {
        "control groups": len(groups),
        "mounts": mounts,
        "files in the temporary folder": len(list(Path(tempfile.gettempdir()).iterdir())),
        "zombies": sum(_is_zombie(pid) for pid in here),
    }


def _is_zombie(pid: int) -> bool:
    try:
        text = Path(f"/proc/{pid}/stat").read_text(encoding="ascii")
    except FileNotFoundError:
        return False
    return text.rpartition(")")[2].split()[0] == "Z"


async def soaked(functions: int, jobs: int) -> None:
    """Execute all; print what grew."""
    executor = Executor(ExecuteSettings(), SandboxSettings(), jobs)
    await executor.start()
    try:
        records = list(ordinary(BATCH))
        await executed(executor, list(ordinary(BEGINNING)))
        before = of_jails(executor.jails()) | of_machine()
        jails, done, started = executor.jails(), 0, time.monotonic()
        while done < functions:
            await executed(executor, records)
            done += len(records)
            rate = done / (time.monotonic() - started)
            told = f"\r{done:,} of {functions:,} functions, {rate:.0f}/s"
            print(told, end="", file=sys.stderr, flush=True)
        print(file=sys.stderr)
        after = of_jails(executor.jails()) | of_machine()
        same = executor.jails() == jails
        print(f"{done:,} functions, {rate:.0f}/s; the same jails all the time: {same}")
        show(before, after)
    finally:
        await executor.stop()


def show(before: dict[str, int], after: dict[str, int]) -> None:
    """Print both counts of each thing."""
    for name, count in before.items():
        print(f"{name:<32}{count:>10,}{after[name]:>10,}{after[name] - count:>+8,}")


def _endlessly(jobs: int) -> None:
    async def main() -> None:
        executor = Executor(ExecuteSettings(), SandboxSettings(), jobs)
        await executor.start()
        while True:
            await executed(executor, list(ordinary(BATCH)))

    asyncio.run(main())


def killed(jobs: int) -> None:
    """Kill an executor at its work; print what is left of it."""
    before = of_machine()
    process = multiprocessing.get_context("spawn").Process(target=_endlessly, args=(jobs,))
    process.start()
    pid = process.pid or 0
    while not _is_at_work(pid, jobs):
        time.sleep(0.1)
    family = below(pid)
    os.kill(pid, signal.SIGKILL)
    process.join()
    until = time.monotonic() + GONE_S
    while any(Path(f"/proc/{one}").exists() for one in family) and time.monotonic() < until:
        time.sleep(0.05)
    left = [one for one in family if Path(f"/proc/{one}").exists()]
    print(f"killed at its work with {len(family)} processes, of which {len(left)} are left")
    show(before, of_machine())
    asyncio.run(started_again(jobs))
    print("once an executor has started again:")
    show(before, of_machine())


def _is_at_work(pid: int, jobs: int) -> bool:
    try:
        return len(below(pid)) > 1 + 2 * 2 * jobs  # two pools of jails, two processes each
    except (FileNotFoundError, ProcessLookupError):
        return False


async def started_again(jobs: int) -> None:
    """Start and stop an executor."""
    executor = Executor(ExecuteSettings(), SandboxSettings(), jobs)
    await executor.start()
    await executor.stop()


def main() -> None:
    """Print what grew and what was left."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--functions", type=int, default=1_000_000)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    asyncio.run(soaked(options.functions, options.jobs))
    killed(options.jobs)


if __name__ == "__main__":
    main()
