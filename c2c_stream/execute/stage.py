"""The executor's door: Inputs in, Cases or one rejection out. Each function runs twice.

The first run is alone in its child. The second is in another interpreter, under another hash seed,
with the calls reversed, at another time and place. What the two do not agree on is no case, and a
function with such a call is none to learn from.

Where they can, functions of one repository share a child for their second run (sharing.py). It may
only save work: what does not agree there, or has a mate that crashed, was stopped or changed what
they share, runs again alone, and that run counts. All that is kept comes from a first run; a mate
that forges agreement can at most hide that another function is not deterministic.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from c2c_stream.engine.stage import Outcome, Place, turned_down
from c2c_stream.errors import Poison
from c2c_stream.execute.batches import Batches, Mate
from c2c_stream.execute.causes import Variation, differs, of_the_interpreter, variations
from c2c_stream.execute.compare import Finding, Run, compare, read_run
from c2c_stream.execute.compiler import Compiler
from c2c_stream.execute.request import Request, request_of, run_of
from c2c_stream.execute.sharing import BATCH, fits_into_a_batch, keeps_to_itself
from c2c_stream.reasons import Reason
from c2c_stream.records import Case, Cases, Dropped, Execution, Inputs
from c2c_stream.sandbox import Pool, Reply, Verdict, Walls
from c2c_stream.settings import ExecuteSettings, SandboxSettings

PROGRAM: Final = "c2c_stream.execute.child:main"
HASH_SEEDS: Final = (0, 1)
RANDOM_SEEDS: Final = (1, 2)
# Modules that bundles import most, and what these import. A fork costs no more for them: what a
# child does not touch it does not copy. None draws random numbers as it is imported, or keeps the
# time or place: a second run is elsewhere only later (elsewhere.py).
PRELOAD: Final = tuple(
    """
    __future__ ast base64 binascii bisect calendar codecs collections contextlib copy dataclasses
    datetime email.header enum fnmatch functools heapq html itertools json linecache locale math
    numbers operator re string struct textwrap tokenize traceback types typing urllib.parse warnings
    """.split()  # noqa: SIM905  # as text it is read at a glance
)
CALL_CPU_SHARE: Final = 3  # a call that takes more than this part of the CPU limit is not kept


class Executor:
    """Runs functions in two pools of jails. `told` hears of the walls of each jail."""

    def __init__(
        self,
        settings: ExecuteSettings,
        sandbox: SandboxSettings,
        jobs: int,
        told: Callable[[Walls], None] = lambda _: None,
    ) -> None:
        self._settings = settings
        self._sandbox = sandbox
        self._jobs = jobs
        self._pools = tuple(
            Pool(PROGRAM, jobs, sandbox, hash_seed=seed, preload=PRELOAD, told=told)
            for seed in HASH_SEEDS
        )
        self._batches = Batches(self._confirm, settings.max_result_bytes)
        self._compiler = Compiler(self._compile, self._batches.first_runs)

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
        await self._compiler.stop()
        await self._batches.stop()
        for pool in self._pools:
            await pool.stop()

    def jails(self) -> list[int]:
        """Return the first process of each jail that stands, to measure it."""
        return [pid for pool in self._pools for pid in pool.jails()]

    async def settle(self) -> None:
        """Nothing waits for more records."""

    def limit(self) -> int:
        """Return how many records to work on at once: while some fill a batch others run."""
        return 2 * BATCH * self._jobs

    async def process(self, record: Inputs, place: Place) -> Outcome:  # noqa: ARG002  # AsyncStage
        """Execute all calls twice; keep what both runs agree on."""
        shared = self._request(record)
        prepared = await self._compiler.prepared(record.function.code)
        with self._first_run():
            order = range(len(record.arguments))
            asked = run_of(shared, order, RANDOM_SEEDS[0], prepared, gives_up=True)
            reply = await self._reply(0, asked)
            first = read_run(reply, order, self._settings.max_result_bytes)
            again = first.candidates()[::-1]
            code = prepared or first.prepared
            request = run_of(shared, again, RANDOM_SEEDS[1], code, elsewhere=True)
            mate = None
            if again and prepared and self._may_share(record, reply, first):
                mate = self._batches.join(record.function.origin.repository, request, first)
        second = await self._second(request, again, mate)
        finding = compare(first, second, len(record.arguments), self._settings.max_cases_bytes)
        if not finding.reason:
            return Outcome(outputs=(self._cases(record, finding),))
        reason = Reason(finding.reason)
        if second and reason is Reason.NOT_DETERMINISTIC:
            tries = variations(shared, order, RANDOM_SEEDS, code)
            reason = await self._cause(first, second, order, tries)
        return turned_down(record.function, reason, finding.detail)

    @contextmanager
    def _first_run(self) -> Iterator[None]:
        """Tell those who wait for it that a function is in its first run, and when it has ended."""
        try:
            with self._batches.coming():
                yield
        finally:
            self._compiler.look()

    async def _cause(
        self, first: Run, second: Run, order: Sequence[int], tries: Iterable[Variation]
    ) -> Reason:
        """Return why two runs differ, where it can be told."""
        reference: Run | None = None
        try:
            async with self._pools[0].one_jail() as run:
                for variation in tries:
                    reply = await run(variation.request, self._settings.cpu_ms)
                    other = read_run(reply, order, self._settings.max_result_bytes)
                    if other.stopped_by_machine():
                        return Reason.NOT_DETERMINISTIC
                    reference = reference or other
                    if differs(reference, other):
                        return variation.reason
        except Poison:
            return Reason.NOT_DETERMINISTIC
        return of_the_interpreter(first, second)

    def _may_share(self, record: Inputs, reply: Reply, first: Run) -> bool:
        """Tell whether a function may share a child for its second run."""
        code = record.function.code
        asked_chars = len(code) + sum(map(len, record.arguments))
        limits = self._settings.cpu_ms, self._sandbox.memory_bytes
        return fits_into_a_batch(reply, first, asked_chars, *limits) and keeps_to_itself(code)

    async def _second(
        self, request: Request, again: Sequence[int], mate: Mate | None
    ) -> Run | None:
        """Return the second run of a function; none where it has no calls to make `again`."""
        if mate and await mate.agrees:
            return mate.first
        if not again:
            return None
        reply = await self._reply(1, request)
        return read_run(reply, again, self._settings.max_result_bytes)

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

    async def _reply(self, which: int, request: Request) -> Reply:
        return await self._pools[which].run(request, self._settings.cpu_ms)

    async def _confirm(self, mates: Sequence[Request]) -> Reply:
        return await self._reply(1, {"sources": [], "mates": list(mates)})

    async def _compile(self, sources: Sequence[str]) -> Reply:
        return await self._reply(0, {"sources": list(sources), "mates": []})

    def _cases(self, record: Inputs, finding: Finding) -> Cases:
        kept = tuple(
            Case(
                record.arguments[c.number],
                str(c.verdict),
                c.text,
                c.steps,
                int(c.mutates),
                c.printed,
            )
            for c in finding.kept
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
