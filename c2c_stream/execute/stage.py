"""The executor's door: Inputs in, Cases or one rejection out. Each function runs twice.

The second run is in another interpreter, under another hash seed, with the calls reversed. What
the two do not agree on is no case, and a function with such a call is none to learn from.
"""

from collections import Counter
from collections.abc import Sequence
from typing import Final

from c2c_stream.engine.stage import Outcome, Place, turned_down
from c2c_stream.execute.compare import Finding, Run, compare, read_run
from c2c_stream.execute.request import Request, request_of, run_of
from c2c_stream.reasons import Reason
from c2c_stream.records import Case, Cases, Dropped, Execution, Inputs
from c2c_stream.sandbox import Pool, Verdict
from c2c_stream.settings import ExecuteSettings, SandboxSettings

PROGRAM: Final = "c2c_stream.execute.child:main"
HASH_SEEDS: Final = (0, 1)
RANDOM_SEEDS: Final = (1, 2)
# Modules that bundles import most; each costs every fork a little.
PRELOAD: Final = (
    "binascii",
    "codecs",
    "collections",
    "functools",
    "itertools",
    "math",
    "re",
    "string",
    "types",
    "warnings",
)
CALL_CPU_SHARE: Final = 3  # a call that takes more than this part of the CPU limit is not kept


class Executor:
    """Runs functions in two pools of jails."""

    def __init__(self, settings: ExecuteSettings, sandbox: SandboxSettings, jobs: int) -> None:
        self._settings = settings
        self._sandbox = sandbox
        self._jobs = jobs
        self._pools = tuple(
            Pool(PROGRAM, jobs, sandbox, hash_seed=seed, preload=PRELOAD) for seed in HASH_SEEDS
        )

    async def start(self) -> None:
        """Build the jails. Raises SandboxUnavailable."""
        try:
            for pool in self._pools:
                await pool.start()
        except BaseException:
            await self.stop()
            raise

    async def stop(self) -> None:
        """End them."""
        for pool in self._pools:
            await pool.stop()

    def jails(self) -> list[int]:
        """Return the first process of each jail that stands, to measure it."""
        return [pid for pool in self._pools for pid in pool.jails()]

    async def settle(self) -> None:
        """Nothing waits for more records."""

    def limit(self) -> int:
        """Return how many records to work on at once, so that no jail of either pool waits long."""
        return 3 * self._jobs

    async def process(self, record: Inputs, place: Place) -> Outcome:  # noqa: ARG002  # AsyncStage
        """Execute all calls twice; keep what both runs agree on."""
        request = self._request(record)
        first = await self._run(0, request, range(len(record.arguments)))
        candidates = first.candidates()[::-1]
        second = await self._run(1, request, candidates, first.prepared) if candidates else None
        finding = compare(first, second, len(record.arguments), self._settings.max_cases_bytes)
        if finding.reason:
            return turned_down(record.function, Reason(finding.reason), finding.detail)
        return Outcome(outputs=(self._cases(record, finding),))

    def _request(self, record: Inputs) -> Request:
        """Return what both runs are asked."""
        settings = self._settings
        return request_of(
            record.function.code,
            record.function.entry_point,
            record.arguments,
            steps=settings.steps,
            call_cpu_ms=settings.cpu_ms // CALL_CPU_SHARE,
            max_result_bytes=settings.max_result_bytes,
            max_cases_bytes=settings.max_cases_bytes,
        )

    async def _run(
        self, which: int, shared: Request, order: Sequence[int], prepared: bytes = b""
    ) -> Run:
        request = run_of(shared, order, RANDOM_SEEDS[which], prepared)
        reply = await self._pools[which].run(request, self._settings.cpu_ms)
        return read_run(reply, order, self._settings.max_result_bytes)

    def _cases(self, record: Inputs, finding: Finding) -> Cases:
        kept = tuple(
            Case(record.arguments[call.number], str(call.verdict), call.text, call.steps)
            for call in finding.kept
        )
        execution = Execution(
            python=self._pools[0].python,
            step_limit=self._settings.steps,
            cpu_limit_ms=self._settings.cpu_ms,
            memory_limit_bytes=self._sandbox.memory_bytes,
            calls=len(record.arguments),
            kept=len(kept),
            dropped=_dropped(finding.dropped),
        )
        return Cases(record.function, record.curation, record.writing, execution, kept)


def _dropped(verdicts: Sequence[Verdict]) -> tuple[Dropped, ...]:
    counts = Counter(verdicts)
    return tuple(Dropped(str(verdict), counts[verdict]) for verdict in Verdict if counts[verdict])
