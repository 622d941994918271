"""How good the search writer's inputs are, and how fast it writes them, on functions of a file.

    python benchmarks/search_writer.py FILE.jsonl [--inputs 10] [--steps N] [--jobs 1] [--list]

FILE holds one JSON object a line, with `code` and `func_name` (or `entry_point`). The search runs
in a jail, as in production. Then the executor runs each input twice, in other processes and under
another hash seed: a working case is one that it keeps as a value. Branch is the share of a
function's edges (branches, loops, handlers, operands of and/or) that the chosen inputs cover.
functions/s is for one core, by the CPU time of the children and of this process: other programs on
the machine change it less than the clock.
"""

import argparse
import asyncio
import json
import statistics
import time
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from c2c_stream.engine.stage import Place
from c2c_stream.execute.stage import Executor
from c2c_stream.records import Candidate, Cases, Function, Inputs, content_hash
from c2c_stream.sandbox import Pool, Reply
from c2c_stream.settings import ExecuteSettings, SandboxSettings, WriteSettings
from c2c_stream.write.stage import HASH_SEED, PRELOAD, PROGRAM, outcome_of, request_for, told_in

GOALS = {">= 3": 95.0, ">= 3 and 2d": 89.0, "branch": 90.0, "functions/s": 60.0}
ENOUGH, VARIED, MANY = 3, 2, 10  # working cases, distinct results
COVERED = 0.9  # a smaller share of the edges is listed
PLACE = Place("candidates", 0, 0)


@dataclass(frozen=True, slots=True)
class Score:
    """What one function came to."""

    name: str
    working: int
    distinct: int
    branch: float
    reason: str
    inputs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Took:
    """Seconds from the first request to the last reply, and the host's CPU seconds in them."""

    wall_s: float
    host_cpu_s: float


def read(path: Path) -> list[Candidate]:
    """Return a candidate for each line."""
    rows = [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines() if line]
    return [
        Candidate(
            Function(
                function_id=content_hash(row["code"]),
                qualified_name=row.get("func_name") or row["entry_point"],
                entry_point=row.get("func_name") or row["entry_point"],
                code=row["code"],
            )
        )
        for row in rows
    ]


async def write(
    candidates: Sequence[Candidate], settings: WriteSettings
) -> tuple[list[Reply], Took]:
    """Search inputs for all; return the replies, and what that took."""
    pool = Pool(PROGRAM, settings.jobs, SandboxSettings(), hash_seed=HASH_SEED, preload=PRELOAD)
    await pool.start()
    try:
        await pool.run(request_for(candidates[0], settings), settings.cpu_ms)
        started, started_cpu = time.perf_counter(), time.process_time()
        waiting = [pool.run(request_for(c, settings), settings.cpu_ms) for c in candidates]
        replies = await asyncio.gather(*waiting)
        took = Took(time.perf_counter() - started, time.process_time() - started_cpu)
        return replies, took
    finally:
        await pool.stop()


async def execute(inputs: Sequence[Inputs | None], jobs: int) -> list[Cases | None]:
    """Execute all inputs twice; None where nothing was kept."""
    executor = Executor(ExecuteSettings(), SandboxSettings(), jobs)
    await executor.start()
    try:
        found: list[Cases | None] = []
        for record in inputs:
            outcome = await executor.process(record, PLACE) if record else None
            cases = outcome.outputs[0] if outcome and outcome.outputs else None
            found.append(cases if isinstance(cases, Cases) else None)
        return found
    finally:
        await executor.stop()


def score(candidate: Candidate, inputs: Inputs | None, cases: Cases | None, reason: str) -> Score:
    """Count what was kept of one function."""
    values = [c.result for c in cases.cases if c.verdict == "value"] if cases else []
    writing = inputs.writing if inputs else None
    branch = writing.edges_covered / writing.edges if writing and writing.edges else 0.0
    arguments = inputs.arguments if inputs else ()
    name = candidate.function.qualified_name
    return Score(name, len(values), len(set(values)), branch, reason, arguments)


def report(scores: Sequence[Score], replies: Sequence[Reply], took: Took, jobs: int) -> None:
    """Print the table."""
    cpu = sorted(reply.cpu_ms for reply in replies)
    total = len(scores)

    def share(found: Sequence[bool]) -> float:
        return 100 * sum(found) / total

    figures = {
        ">= 1": share([s.working >= 1 for s in scores]),
        ">= 3": share([s.working >= ENOUGH for s in scores]),
        ">= 10": share([s.working >= MANY for s in scores]),
        ">= 3 and 2d": share([s.working >= ENOUGH and s.distinct >= VARIED for s in scores]),
        "branch": 100 * statistics.fmean(s.branch for s in scores),
        "functions/s": total / (sum(cpu) / 1000 + took.host_cpu_s),
    }
    for name, figure in figures.items():
        goal = f"   (milestone {GOALS[name]:g})" if name in GOALS else ""
        print(f"{name:14} {figure:7.1f}{goal}")
    print(f"{'by the clock':14} {total / took.wall_s:7.1f} functions/s, with {jobs} jail(s)")
    print(f"{'distinct':14} {statistics.fmean(s.distinct for s in scores):7.1f}")
    print(
        f"{'CPU ms':14} {statistics.median(cpu):7.1f} median, {statistics.fmean(cpu):.1f} mean, "
        f"{cpu[int(0.95 * (total - 1))]:.1f} p95 (a child; of the host "
        f"{took.host_cpu_s / total * 1000:.1f})"
    )


def show(scores: Sequence[Score]) -> None:
    """Print the functions that fell short."""
    for s in scores:
        if s.working < ENOUGH or s.distinct < VARIED or s.branch < COVERED:
            print(f"{s.name:32} {s.working:3} {s.distinct:3} {s.branch:5.2f} {s.reason}")


async def main(arguments: argparse.Namespace) -> None:
    """Write, execute, report."""
    settings = WriteSettings(inputs=arguments.inputs, steps=arguments.steps, jobs=arguments.jobs)
    candidates = read(arguments.file)
    replies, took = await write(candidates, settings)
    inputs: list[Inputs | None] = []
    reasons: list[str] = []
    for candidate, reply in zip(candidates, replies, strict=True):
        outcome = outcome_of(candidate, told_in(candidate, reply, settings.inputs))
        written = outcome.outputs[0] if outcome.outputs else None
        inputs.append(written if isinstance(written, Inputs) else None)
        reasons += [f"{item.reason}: {item.detail}" for item in outcome.rejected] or [""]
    executed = await execute(inputs, arguments.jobs)
    scores = [score(*row) for row in zip(candidates, inputs, executed, reasons, strict=True)]
    if arguments.list:
        show(scores)
    print(f"{len(scores)} functions, {settings.inputs} inputs, {settings.steps} steps a function")
    report(scores, replies, took, settings.jobs)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else "")
    parser.add_argument("file", type=Path)
    parser.add_argument("--inputs", type=int, default=10)
    parser.add_argument("--steps", type=int, default=WriteSettings().steps)
    parser.add_argument("--jobs", type=int, default=1)
    parser.add_argument("--list", action="store_true", help="show what fell short")
    asyncio.run(main(parser.parse_args()))
