"""The writer's door: a Candidate in, Inputs or one rejection out. The search runs in a jail."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any, Final

from c2c_stream import metrics
from c2c_stream.engine.stage import Outcome, Place, turned_down
from c2c_stream.reasons import Reason
from c2c_stream.records import Candidate, Inputs, Writing, content_hash
from c2c_stream.sandbox import Ended, Pool, Reply, Walls
from c2c_stream.settings import SandboxSettings, WriteSettings, jobs_of
from c2c_stream.write.child import VERSION
from c2c_stream.write.frames import ForgedError, Told, parse_frames

PROGRAM: Final = "c2c_stream.write.child:main"
HASH_SEED: Final = 0
# Less than a call may take that counts: to fill it takes time, and teaches the search nothing.
MEMORY_BYTES: Final = 128 * 1024 * 1024
# What the search itself needs, and what bundles import most; each costs every fork a little.
PRELOAD: Final = ("collections", "functools", "itertools", "math", "random", "re", "string")

# How a child ended where it should not have -> the reason that its function is turned down.
_REASONS: Final = {
    Ended.EXITED: Reason.EXITED,
    Ended.CPU: Reason.TIMEOUT_CPU,
    Ended.WALL: Reason.TIMEOUT_WALL,
    Ended.MEMORY: Reason.MEMORY,
    Ended.CRASH: Reason.CRASH,
    Ended.FORGED: Reason.EXITED,
    Ended.FAULT: Reason.SEARCH_FAILED,
}


class Writer:
    """Writes inputs by search, in a pool of jails. `told` hears of the walls of each jail."""

    def __init__(
        self,
        settings: WriteSettings,
        sandbox: SandboxSettings,
        told: Callable[[Walls], None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._jobs = jobs_of(settings.jobs)
        memory_bytes = min(sandbox.memory_bytes, MEMORY_BYTES)
        within = sandbox.model_copy(update={"memory_bytes": memory_bytes})
        self._pool = Pool(
            PROGRAM, self._jobs, within, hash_seed=HASH_SEED, preload=PRELOAD, told=told
        )

    async def start(self) -> None:
        """Build the jails. Raises SandboxUnavailable."""
        await self._pool.start()

    async def stop(self) -> None:
        """End them."""
        await self._pool.stop()

    async def settle(self) -> None:
        """Nothing waits for more records."""

    def limit(self) -> int:
        """Return how many records to work on at once: one more than jails keeps them busy."""
        return self._jobs + 1

    async def process(self, record: Candidate, place: Place) -> Outcome:  # noqa: ARG002  # AsyncStage
        """Search inputs for one candidate."""
        metrics.WRITTEN.labels("search", "").inc()
        return outcome_of(record, await self.search(record))

    async def search(
        self, record: Candidate, seeds: Sequence[str] = (), steps: int | None = None
    ) -> Told | Outcome:
        """Return what a search found, from `seeds` on, or the rejection that it ended in.

        `steps` is another budget than the settings have; with none the seeds alone are run.
        """
        request = request_for(record, self._settings, seeds)
        if steps is not None:
            request["steps"] = steps
        reply = await self._pool.run(request, self._settings.cpu_ms)
        return told_in(record, reply, self._settings.inputs)


def seed_of(function_id: str) -> int:
    """Return the seed of a function's search: the same wherever it is found."""
    return int(content_hash("write", function_id)[:12], 16)


def request_for(
    record: Candidate, settings: WriteSettings, seeds: Sequence[str] = ()
) -> dict[str, Any]:
    """Return what a child is asked."""
    return {
        "code": record.function.code,
        "entry_point": record.function.entry_point,
        "seed": seed_of(record.function.function_id),
        "inputs": settings.inputs,
        "steps": settings.steps,
        "seeds": list(seeds),
    }


def told_in(record: Candidate, reply: Reply, count: int) -> Told | Outcome:
    """Return what a reply tells, or the rejection of a function whose search did not end well."""
    if reply.ended is not Ended.DONE:
        return turned_down(record.function, _REASONS[reply.ended], _how(reply))
    try:
        told = parse_frames(reply.frames, count)
    except ForgedError as error:
        return turned_down(record.function, Reason.EXITED, f"its frames are forged: {error}")
    if told.load_error:
        return turned_down(record.function, Reason.LOAD_ERROR, told.load_error)
    return told


def outcome_of(record: Candidate, told: Told | Outcome, how: Writing | None = None) -> Outcome:
    """Return the inputs that a search found, or the reason why there are none.

    `how` is what else went into them.
    """
    if isinstance(told, Outcome):
        return told
    if not told.inputs:
        detail = f"nothing worked in {told.iterations} calls"
        return turned_down(record.function, Reason.NO_INPUTS, detail)
    writing = replace(
        how or Writing(writer="search"),
        version=VERSION,
        seed=seed_of(record.function.function_id),
        iterations=told.iterations,
        steps=told.steps,
        edges=told.edges,
        edges_covered=min(told.edges_covered, told.edges),
        inputs=len(told.inputs),
    )
    return Outcome((Inputs(record.function, record.curation, writing, told.inputs),))


def _how(reply: Reply) -> str:
    if reply.fault:
        return reply.fault.strip().splitlines()[-1][-200:]
    return f"the search ended with signal {reply.signal}" if reply.signal else "the search ended"
