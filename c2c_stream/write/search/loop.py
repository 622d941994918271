"""The search: generate, run, keep what is new, mutate it, and stop by counts alone."""

import ast
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from random import Random

from c2c_stream.write.search.evidence import Evidence, bound, gather, text_of
from c2c_stream.write.search.mutate import Mutator
from c2c_stream.write.search.operands import compared, proposals
from c2c_stream.write.search.places import places_of, replaced, shape_of
from c2c_stream.write.search.repair import Repairer
from c2c_stream.write.search.run import Bundle, LoadError, Ran, keeps_state
from c2c_stream.write.search.select import Kept, chosen
from c2c_stream.write.search.signature import OMITTED, Values
from c2c_stream.write.search.types import KIND_OF, Kind
from c2c_stream.write.search.values import Filler

RUN_STEPS = 4_000  # of one call; more would not leave the budget for others
MEMORY_STEPS = 10_000  # what a call costs that fills all memory: few steps, but much time
OVERHEAD_STEPS = 60  # what a call costs beside its own steps
LOAD_COST_STEPS = 40  # what executing the module anew costs
MAX_TEXT_CHARS = 600  # longer inputs do not read
MAX_AT_LIMIT = 12
MAX_CHAIN = 8
HOPELESS = 60  # calls after which a function that never returns what can be shown is given up
MAX_KEPT = 90
SEEDS = 12
UNLIKELY = 3.0  # nats: kinds that a reader would wonder at
SEED_BONUS = 4.0  # nats: what somebody thought of reads better than what was drawn
_UNDEFINED = ("NameError", "ModuleNotFoundError", "ImportError")
_PATIENCE = (40, 350)


@dataclass(frozen=True, slots=True)
class Found:
    """What a search found, and what it took.

    Of the inputs `working` return a value, `outputs` are distinct ones, `implausible` are of kinds
    that the code hardly expects.
    """

    inputs: tuple[str, ...]
    iterations: int
    steps: int
    edges: int
    covered: int
    working: int
    outputs: int
    implausible: int


def search(
    source: str, entry_point: str, seed: int, count: int, budget: int, *, seeds: Sequence[str] = ()
) -> Found:
    """Write up to `count` inputs, with about `budget` steps, from `seeds` on. Raises LoadError.

    Without a budget the seeds alone are run.
    """
    try:
        tree = ast.parse(source)
        evidence = gather(tree, entry_point)
    except (SyntaxError, ValueError, LookupError, RecursionError, MemoryError) as error:
        raise LoadError(f"{type(error).__name__}: {error}"[:200]) from error
    fresh = keeps_state(tree)
    bundle = Bundle(source, entry_point, evidence.signature, fresh=fresh)
    given = [bound(text, evidence.signature) for text in seeds]
    calls = [values for values in given if values is not None]
    return Search(evidence, bundle, Random(seed), count, calls, fresh=fresh).run(budget)


class Search:
    """The state of one search."""

    def __init__(
        self,
        evidence: Evidence,
        bundle: Bundle,
        rng: Random,
        count: int,
        seeds: Sequence[Values],
        *,
        fresh: bool,
    ) -> None:
        self._evidence = evidence
        self._bundle = bundle
        self._rng = rng
        self._count = count
        self._seeds = seeds
        self._seeding = False
        self._stateful = fresh
        self._overhead = OVERHEAD_STEPS + (LOAD_COST_STEPS if fresh else 0)
        self._filler = Filler(evidence, rng)
        self._mutator = Mutator(evidence.nodes, evidence.pool, self._filler, rng)
        self._repairer = Repairer(evidence.nodes, self._filler, rng)
        self._queue: deque[tuple[Values, int]] = deque()
        self._kept: list[Kept] = []
        self._tried: set[str] = set()
        self._outcomes: set[str] = set()
        self._covered = 0
        self._working = 0
        self._at_limit = 0
        self._iterations = 0
        self._steps = 0
        self._news = 0
        self._hopeless = 0

    def run(self, budget: int) -> Found:
        """Search until the budget is spent or nothing more is to be expected."""
        self._seeding = True
        for values in self._seeds:
            self._try(values, 0)
        self._seeding = False
        for values in self._first() if budget else ():
            self._try(values, 0)
        while self._steps < budget and not self._is_done():
            values, chain = self._queue.popleft() if self._queue else (self._next(), 0)
            self._try(values, chain)
        picked = chosen(self._steady(), self._count) if self._working else []
        covered = 0
        for entry in picked:
            covered |= entry.edges
        return Found(
            tuple(entry.text for entry in picked),
            self._iterations,
            self._steps,
            self._bundle.edges,
            covered.bit_count(),
            sum(entry.works for entry in picked),
            len({entry.outcome for entry in picked if entry.works}),
            sum(entry.cost > UNLIKELY for entry in picked),
        )

    def _steady(self) -> list[Kept]:
        """Return what comes out the same whatever was called before it."""
        if not self._stateful:
            return self._kept
        kept = [*chosen(self._kept, 2 * self._count)]
        for order in (kept, kept[::-1]):
            outcomes = self._bundle.sequence([entry.values for entry in order], RUN_STEPS)
            steady = {
                entry.text
                for entry, ran in zip(order, outcomes, strict=True)
                if ran.text[:200] == entry.outcome and ran.works == entry.works
            }
            self._steps += sum(ran.steps + OVERHEAD_STEPS for ran in outcomes)
            kept = [entry for entry in kept if entry.text in steady]
        return kept

    def _is_done(self) -> bool:
        if self._at_limit >= MAX_AT_LIMIT and self._at_limit * 2 > self._iterations:
            return True
        if (
            not self._working
            and self._iterations >= HOPELESS
            and self._hopeless > 0.8 * len(self._tried)
        ):
            return True
        idle = self._iterations - self._news
        complete = self._covered.bit_count() == self._bundle.edges
        if complete and self._working >= 3 * self._count and len(self._outcomes) >= 2 * self._count:
            return True
        low, high = _PATIENCE
        patience = low + 2 * self._count if complete and self._working >= self._count else high
        return idle > min(patience, high)

    def _first(self) -> Iterator[Values]:
        """Yield the calls that are written down, and those that defaults allow."""
        yield from self._evidence.examples
        params = self._evidence.signature.params
        if any(param.default is not None for param in params):
            full = self._filler.arguments()
            yield tuple(
                OMITTED if param.default is not None else value
                for param, value in zip(params, full, strict=True)
            )
        if not params:
            yield ()

    def _next(self) -> Values:
        """Return the next arguments to try: made anew, reshaped, or mutated."""
        rng = self._rng
        if self._has_few() or rng.random() < 0.15:
            failures = self._iterations - self._working
            warm = 0 if self._working else failures / 40
            self._filler.temperature = min(4.0, 1.0 + warm) if rng.random() < 0.9 else 3.0
            return self._filler.arguments()
        entry = self._pick()
        if rng.random() < 0.25:
            return self._reshaped(entry.values)
        return self._mutator.mutated(entry.values)

    def _has_few(self) -> bool:
        """Tell whether to make arguments anew for want of some to mutate; seeds are worth more."""
        if not self._seeds:
            return len(self._kept) < SEEDS
        return not self._kept or (len(self._kept) < SEEDS and self._rng.random() < 0.2)

    def _pick(self) -> Kept:
        """Pick an entry to mutate; the young ones more often."""
        if self._rng.random() < 0.5:
            return self._kept[-1 - self._rng.randrange(min(8, len(self._kept)))]
        return self._rng.choice(self._kept)

    def _reshaped(self, values: Values) -> Values:
        """Keep the kinds of good arguments, and make one of them anew."""
        if not values:
            return values
        index = self._rng.randrange(len(values))
        shape = shape_of(self._evidence.nodes, values) if self._rng.random() < 0.7 else {}
        self._filler.temperature = 1.0
        return (*values[:index], self._filler.argument(index, shape), *values[index + 1 :])

    def _try(self, values: Values, chain: int) -> None:
        self._iterations += 1
        self._steps += self._overhead // 4
        try:
            text = text_of(self._evidence.signature, values)
        except ValueError:
            return
        if text in self._tried or len(text) > MAX_TEXT_CHARS:
            return
        self._tried.add(text)
        ran = self._bundle.run(values, RUN_STEPS)
        self._steps += ran.steps + self._overhead + (len(text) + len(ran.text) // 8) // 2
        if ran.verdict == "steps":
            self._slow(values, chain)
            return
        if ran.verdict == "memory":
            self._steps += MEMORY_STEPS
            return
        fresh = bool(ran.edges & ~self._covered)
        self._hopeless += ran.verdict == "unrepresentable" or ran.text in _UNDEFINED
        if ran.error is not None:
            self._learn(values, chain, ran)
        if ran.works or (ran.verdict == "exception" and fresh):
            self._keep(values, text, ran, fresh=fresh)

    def _learn(self, values: Values, chain: int, ran: Ran) -> None:
        error, ran.error = ran.error, None
        if error is None or chain >= MAX_CHAIN:
            return
        repaired = self._repairer.repaired(values, error)
        if repaired is not None:
            self._queue.appendleft((repaired, chain + 1))

    def _keep(self, values: Values, text: str, ran: Ran, *, fresh: bool) -> None:
        new = ran.works and ran.text not in self._outcomes
        kept = len(self._kept)
        if not (fresh or kept < 30 or (new and kept < MAX_KEPT)):
            return
        cost = -SEED_BONUS if self._seeding else self._implausibility(values)
        self._kept.append(Kept(values, text, ran.works, ran.text[:200], ran.edges, cost))
        if ran.works:
            self._working += 1
            self._outcomes.add(ran.text)
        if fresh or new:
            self._news = self._iterations
        if fresh:
            self._covered |= ran.edges
            self._steer(values)

    def _implausibility(self, values: Values) -> float:
        """Return how far the kinds of the arguments are from the likeliest, in nats."""
        return sum(
            min(node.cost(KIND_OF[type(value)]), 8.0)
            for node, value in zip(self._evidence.nodes, values, strict=True)
            if value is not OMITTED
        )

    def _steer(self, values: Values) -> None:
        if not self._evidence.compares or self._covered.bit_count() == self._bundle.edges:
            return
        pairs, steps = compared(self._bundle, values, RUN_STEPS)
        self._steps += steps * 4 + self._overhead
        for proposal in proposals(self._evidence.nodes, values, pairs):
            self._queue.append((proposal, 0))

    def _slow(self, values: Values, chain: int) -> None:
        """Try smaller numbers, and ask for them from now on."""
        self._at_limit += 1
        numbers = [
            place
            for place in places_of(self._evidence.nodes, values)
            if place.kind in (Kind.INT, Kind.FLOAT)
        ]
        if not numbers or chain >= MAX_CHAIN:
            return
        for place in numbers:
            size: float = place.value  # type: ignore[assignment]  # a number by kind
            smaller = abs(size) if size < 0 else size // 2
            values = replaced(values, place.path, smaller)
        self._queue.appendleft((values, chain + 1))
