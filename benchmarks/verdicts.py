"""Does the executor say the same every time? Full runs over a file, while others burn the cores.

    python -m benchmarks.verdicts FILE.jsonl [--runs 20] [--jobs N]

FILE holds `code`, `func_name` and `example_str`, a text of `dict(...)` calls, as the authors' test
rows have them, or what benchmarks/bundles.py made of a run. Every second run has a process beside
it that keeps each core busy, every fourth one half way through. Then each function runs in two
fresh interpreters with other hash seeds: where these give another value for a call (a set's order
is none), the executor must not have kept it.
"""

import argparse
import ast
import asyncio
import json
import multiprocessing
import os
import subprocess
import sys
import threading
from collections.abc import Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path

from benchmarks.executor import PLACE
from c2c_stream.engine.stage import Outcome
from c2c_stream.execute.stage import Executor
from c2c_stream.records import Cases, Function, Inputs
from c2c_stream.settings import ExecuteSettings, SandboxSettings

# A set is printed in order, so that its hash seed does not show.
LOOP = """
def _plain(x):
    if isinstance(x, (set, frozenset)):
        return "{" + ", ".join(sorted(map(_plain, x))) + "}"
    if type(x) in (list, tuple):
        return type(x).__name__ + "(" + ", ".join(map(_plain, x)) + ")"
    if type(x) is dict:
        return "{" + ", ".join(_plain(k) + ": " + _plain(v) for k, v in x.items()) + "}"
    return repr(x)
for call in [{calls}]:
    try:
        print(ascii(_plain(call())))
    except Exception as error:
        print(type(error).__name__, ascii(str(error)))
"""
LATER_S = 0.5
FRESH_S = 20.0


def read(path: Path) -> list[Inputs]:
    """Return a record for each line, with the inputs that it came with."""
    records = []
    for number, line in enumerate(path.read_text(encoding="utf-8").splitlines()):
        row = json.loads(line)
        name = row.get("func_name") or row["entry_point"]
        calls = row.get("arguments") or arguments_in(row["example_str"])
        function = Function(str(number), entry_point=name, code=row["code"])
        records.append(Inputs(function, arguments=tuple(dict.fromkeys(calls))))
    return records


def arguments_in(text: str) -> Iterator[str]:
    """Yield what stands in the parentheses of each `dict(...)`, in order."""
    for node in ast.walk(ast.parse(text)):
        match node:
            case ast.Call(func=ast.Name(id="dict"), args=[], keywords=keywords):
                yield ", ".join(f"{k.arg}={ast.unparse(k.value)}" for k in keywords)


@contextmanager
def burning(cores: int, after_s: float) -> Iterator[None]:
    """Keep so many cores busy, from so many seconds on."""
    burners = [multiprocessing.Process(target=_burn, daemon=True) for _ in range(cores)]

    def start() -> None:
        for burner in burners:
            burner.start()

    timer = threading.Timer(after_s, start)
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        timer.join()
        for burner in burners:
            if burner.pid is not None:
                burner.kill()
                burner.join()


def _burn() -> None:
    while True:
        pass


async def run(executor: Executor, records: Sequence[Inputs]) -> list[Outcome]:
    """Return what the executor makes of all records."""
    free = asyncio.Semaphore(executor.limit())

    async def one(record: Inputs) -> Outcome:
        async with free:
            return await executor.process(record, PLACE)

    return list(await asyncio.gather(*map(one, records)))


def kept(outcome: Outcome) -> dict[str, str]:
    """Return the result of each call that was kept, by its arguments."""
    cases = [case for found in outcome.outputs if isinstance(found, Cases) for case in found.cases]
    return {case.arguments: f"{case.verdict} {case.result}" for case in cases}


def unsteady(record: Inputs) -> set[str] | None:
    """Return the arguments of the calls on which two fresh interpreters do not agree.

    None where a run did not end.
    """
    name = record.function.entry_point
    calls = ", ".join(f"lambda: {name}({arguments})" for arguments in record.arguments)
    code = record.function.code + LOOP.replace("{calls}", calls)
    printed = []
    for seed in ("1", "2"):
        try:
            done = subprocess.run(
                [sys.executable, "-c", code],
                check=False,
                capture_output=True,
                timeout=FRESH_S,
                env={**os.environ, "PYTHONHASHSEED": seed},
            )
        except subprocess.TimeoutExpired:
            return None
        printed.append(done.stdout.splitlines())
    first, second = printed
    if len(first) != len(second) or len(first) != len(record.arguments):
        return set(record.arguments) if first != second else set()
    return {a for a, x, y in zip(record.arguments, first, second, strict=True) if x != y}


async def measured(records: Sequence[Inputs], runs: int, jobs: int) -> list[Outcome]:
    """Run all so many times; print what differs; return what the first run gave."""
    executor = Executor(ExecuteSettings(), SandboxSettings(), jobs)
    await executor.start()
    cores = len(os.sched_getaffinity(0))
    runs_of: list[list[Outcome]] = []
    try:
        for number in range(runs):
            with burning(cores if number % 2 else 0, LATER_S if number % 4 == 3 else 0):  # noqa: PLR2004
                runs_of.append(await run(executor, records))
            print(f"run {number + 1} of {runs}", file=sys.stderr)
    finally:
        await executor.stop()
    first = runs_of[0]
    flips = [
        record.function.entry_point
        for n, record in enumerate(records)
        if any(other[n].outputs != first[n].outputs for other in runs_of[1:])
    ]
    count = sum(len(kept(outcome)) for outcome in first)
    print(f"{len(records)} functions, {count} cases kept, {runs} runs; flips: {flips or 0}")
    return first


def main() -> None:
    """Print how often the executor changed its mind, and what it missed."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("file", type=Path)
    parser.add_argument("--runs", type=int, default=20)
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    options = parser.parse_args()
    records = read(options.file)
    outcomes = asyncio.run(measured(records, options.runs, options.jobs))
    with ThreadPoolExecutor(options.jobs) as pool:
        differing = list(pool.map(unsteady, records))
    differ = [bool(calls) for calls in differing]
    missed = [
        record.function.entry_point
        for record, outcome, calls in zip(records, outcomes, differing, strict=True)
        if calls and calls & kept(outcome).keys()
    ]
    print(f"{sum(differ)} functions differ between two fresh interpreters, missed: {missed or 0}")
    print(f"{differing.count(None)} functions did not end there within {FRESH_S:g} s")


if __name__ == "__main__":
    main()
