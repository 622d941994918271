"""All ways to execute a function's inputs, in one table, in the same run on the same functions.

    python -m benchmarks.ways [--bundles FILE.jsonl] [--functions N] [--rounds N] [--jobs N]

in process      one process a core runs all its functions one after another: the floor, no isolation
jail            the executor as it runs by default, each function twice behind all walls
docker          the executor with `--backend docker`, each function twice (as root, with an engine)
fresh           `python -c` of an empty virtual environment a function, no walls
bwrap           the same inside of bubblewrap, with namespaces of its own (where `bwrap` is there)
file            a source file and an interpreter a function, as the authors' scripts do, no walls

The ways take turns in each round. All inputs of a function are inside of one process in each; all
but ours run once. Overhead is over in process: a function, and a run of it. FILE is as in
benchmarks/executor.py.
"""

import argparse
import asyncio
import json
import os
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
import venv
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from benchmarks.executor import FUNCTIONS, executed, from_file, ordinary, program_of
from c2c_stream.execute.stage import Executor
from c2c_stream.records import Inputs
from c2c_stream.settings import ExecuteSettings, SandboxSettings
from tests import dockerd

WARM: Final = 20
# One process that isolates nothing: a program a line, as JSON.
FLOOR: Final = """
import json, os, sys
sys.stdout = open(os.devnull, "w")
for line in sys.stdin:
    try:
        exec(compile(json.loads(line), "<bundle>", "exec"), {"__name__": "bundle"})
    except BaseException:
        pass
"""
BWRAP: Final = "bwrap --ro-bind / / --dev /dev --unshare-all --die-with-parent --new-session"
Take = Callable[[Sequence[Inputs]], float]


@dataclass(frozen=True, slots=True)
class Way:
    """One way; `take` returns the seconds that functions take, each run `runs` times."""

    name: str
    take: Take
    runs: int = 1


def in_process(python: Path, jobs: int) -> Take:
    """Return the way without isolation; to start its processes is not counted."""

    def share(records: Sequence[Inputs]) -> float:
        text = "".join(json.dumps(program_of(record)) + "\n" for record in records)
        started = time.perf_counter()
        quiet(python, "-c", FLOOR, text=text)
        return time.perf_counter() - started

    def take(records: Sequence[Inputs]) -> float:
        with ThreadPoolExecutor(jobs) as pool:
            start = max(pool.map(share, [()] * jobs))
            return max(pool.map(share, [records[n::jobs] for n in range(jobs)])) - start

    return take


def each(work: Callable[[Inputs], None], jobs: int) -> Take:
    """Return the way that does some work for each function, as many at once as there are jobs."""

    def take(records: Sequence[Inputs]) -> float:
        started = time.perf_counter()
        with ThreadPoolExecutor(jobs) as pool:
            list(pool.map(work, records))
        return time.perf_counter() - started

    return take


def in_interpreter(*command: str | Path) -> Callable[[Inputs], None]:
    """Return the work of an interpreter that is given the program on its command line."""

    def one(record: Inputs) -> None:
        quiet(*command, "-c", program_of(record))

    return one


def in_file(folder: Path) -> Callable[[Inputs], None]:
    """Return the work of the authors' scripts: a file, and an interpreter that reads it."""

    def one(record: Inputs) -> None:
        path = folder / f"{record.function.function_id}.py"
        path.write_text(program_of(record), encoding="utf-8", errors="replace")
        quiet(sys.executable, path)
        path.unlink()

    return one


def quiet(*command: str | Path, text: str = "") -> None:
    """Run a command, whatever comes of it: a bundle may do anything."""
    subprocess.run(
        [str(word) for word in command],
        input=text.encode(),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        check=False,
    )


@contextmanager
def executing(sandbox: SandboxSettings, jobs: int) -> Iterator[Take]:
    """Run an executor; give its way."""
    executor = Executor(ExecuteSettings(), sandbox, jobs)
    with asyncio.Runner() as runner:
        runner.run(executor.start())
        try:
            yield lambda records: runner.run(executed(executor, records))[0]
        finally:
            runner.run(executor.stop())


def ways(stack: ExitStack, jobs: int) -> Iterator[Way]:
    """Yield all ways that this machine has; say which it lacks."""
    folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
    venv.create(folder / "venv", with_pip=False, symlinks=True)
    python = folder / "venv" / "bin" / "python"
    yield Way("in process", in_process(python, jobs))
    yield Way("jail", stack.enter_context(executing(SandboxSettings(), jobs)), 2)
    if os.geteuid() == 0 and shutil.which("dockerd"):
        os.environ["DOCKER_HOST"] = stack.enter_context(dockerd.running(folder))
        sandbox = SandboxSettings(backend="docker", image=dockerd.IMAGE)
        yield Way("docker", stack.enter_context(executing(sandbox, jobs)), 2)
    else:
        print("docker: left out, it takes root and a Docker engine")
    yield Way("fresh", each(in_interpreter(python), jobs))
    if shutil.which("bwrap"):
        yield Way("bwrap", each(in_interpreter(*BWRAP.split(), python), jobs))
    else:
        print("bwrap: left out, it is not installed")
    yield Way("file", each(in_file(folder), jobs))


def compare(ways: Sequence[Way], records: Sequence[Inputs], rounds: int, jobs: int) -> None:
    """Take turns; print the table of medians."""
    seconds: dict[str, list[float]] = {way.name: [] for way in ways}
    for way in ways:
        way.take(records[:WARM])
    for number in range(rounds):
        for way in ways:
            seconds[way.name].append(way.take(records))
        told = ", ".join(f"{name} {took[-1]:.2f} s" for name, took in seconds.items())
        print(f"round {number + 1}: {told}", flush=True)
    took = {name: statistics.median(all_of) for name, all_of in seconds.items()}
    columns = ("functions/s", "ms a function", "overhead", "a run", "x fresh")
    print("way".ljust(12) + "".join(name.rjust(len(name) + 2) for name in columns))
    for way in ways:
        each_ms = took[way.name] * jobs / len(records) * 1000
        overhead = each_ms - took["in process"] * jobs / len(records) * 1000
        print(
            f"{way.name:12}{len(records) / took[way.name]:13.0f}{each_ms:15.2f}{overhead:10.2f}"
            f"{overhead / way.runs:7.2f}{took['fresh'] / took[way.name]:9.2f}"
        )


def main() -> None:
    """Read the arguments and compare."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--bundles", type=Path, help="JSONL of code, entry_point, arguments")
    parser.add_argument("--functions", type=int, default=FUNCTIONS)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    found = from_file(options.bundles) if options.bundles else ordinary(options.functions)
    records = list(found)[: options.functions]
    print(
        f"{len(records)} functions, {sum(len(r.arguments) for r in records)} calls, {sys.version}"
    )
    with ExitStack() as stack:
        compare(list(ways(stack, options.jobs)), records, options.rounds, options.jobs)


if __name__ == "__main__":
    main()
