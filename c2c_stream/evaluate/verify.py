"""Executes a dataset again: the executor's program, fresh jails, seeds that it never uses."""

import asyncio
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

from c2c_stream.errors import Poison
from c2c_stream.evaluate.compare import Ending, Verification, chosen, verify
from c2c_stream.execute.compare import Run, read_run
from c2c_stream.execute.request import request_of, run_of
from c2c_stream.execute.stage import HASH_SEEDS, PRELOAD, PROGRAM
from c2c_stream.execute.stage import RANDOM_SEEDS as EXECUTED_SEEDS
from c2c_stream.records import Sample, SampleCase
from c2c_stream.sandbox import Pool
from c2c_stream.settings import ExecuteSettings, Settings, jobs_of
from c2c_stream.sink.dataset import samples

__all__ = ["Verification", "verify_dataset"]

HASH_SEED: Final = 1 + max(HASH_SEEDS)
RANDOM_SEED: Final = 1 + max(EXECUTED_SEEDS)
# What ends a call as recorded is its steps; CPU time is a backstop, wider here so that a busy
# machine makes no difference. A stranger's dataset may ask for no more than the last.
CPU_FACTOR: Final = 2
MAX_CPU_MS: Final = 60_000


class Rerun:
    """Executes one sample at a time in each of its jails. Called by verify()."""

    def __init__(self, pool: Pool, settings: ExecuteSettings) -> None:
        self._pool = pool
        self._settings = settings

    async def __call__(self, sample: Sample, cases: Sequence[SampleCase]) -> list[Ending]:
        """Return how each of `cases` ended. What breaks a jail ends all of them."""
        settings, order = self._settings, range(len(cases))
        steps = sample.runtime.step_limit or settings.steps
        cpu_ms = min(MAX_CPU_MS, CPU_FACTOR * (sample.runtime.cpu_limit_ms or settings.cpu_ms))
        shared = request_of(
            sample.code,
            sample.entry_point,
            [case.arguments for case in cases],
            steps=steps,
            call_cpu_ms=cpu_ms,
            max_result_bytes=settings.max_result_bytes,
            max_cases_bytes=settings.max_cases_bytes,
        )
        # Nothing of an earlier run is believed.
        request = run_of(shared, order, RANDOM_SEED, elsewhere=True)
        try:
            reply = await self._pool.run(request, cpu_ms)
        except Poison as error:
            return [Ending("not run", str(error))] * len(cases)
        run = read_run(reply, order, settings.max_result_bytes)
        return [_ending(run, number) for number in order]


def verify_dataset(dataset: Path, *, rows: int | None, settings: Settings) -> Verification:
    """Execute the cases of `dataset` again: all, or those of `rows` rows spread over it.

    Raises SourceError where there is no dataset, SandboxUnavailable where no jail can be built.
    """
    return asyncio.run(_verify(chosen(samples(dataset), rows), settings))


async def _verify(rows: Iterator[Sample], settings: Settings) -> Verification:
    jobs = jobs_of(settings.execute.jobs)
    pool = Pool(PROGRAM, jobs, settings.sandbox, hash_seed=HASH_SEED, preload=PRELOAD)
    await pool.start()
    try:
        found = await verify(rows, Rerun(pool, settings.execute), jobs)
        return replace(found, python=pool.python)
    finally:
        await pool.stop()


def _ending(run: Run, number: int) -> Ending:
    if not run.loaded:
        return Ending(run.end, run.load_error)
    call = run.calls.get(number)
    return Ending(call.verdict, call.text, call.printed) if call else Ending(run.end)
