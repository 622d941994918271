"""Tell why the two runs of a function differ: vary one thing at a time, in one interpreter.

Two children of one interpreter agree on hashes, addresses and seeded random numbers. So what
differs there under one change depends on what was changed; what never does depends on the
interpreter itself. Pure.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from c2c_stream.execute.compare import Run
from c2c_stream.execute.request import Request, run_of
from c2c_stream.reasons import Reason


@dataclass(frozen=True, slots=True)
class Variation:
    """One more run, and what is known of the function if it differs from the first."""

    request: Request
    reason: Reason


def variations(
    shared: Request, order: Sequence[int], seeds: tuple[int, int], prepared: bytes
) -> Iterator[Variation]:
    """Yield the runs to make in one jail, until one differs from the first of them.

    That one is as the first run was; then come the same again, and each with one change. Time
    comes first where it may be read: it goes on between two runs that are the same.
    """
    seed, other = seeds
    again = run_of(shared, order, seed, prepared)
    yield Variation(again, Reason.NOT_DETERMINISTIC)
    moved = run_of(shared, order, seed, prepared, elsewhere=True)
    if moved["elsewhere"]:
        yield Variation(moved, Reason.DEPENDS_ON_TIME)
    yield Variation(again, Reason.NOT_DETERMINISTIC)
    yield Variation(run_of(shared, order[::-1], seed, prepared), Reason.DEPENDS_ON_CALLS)
    if again["seed"] is not None:
        yield Variation(run_of(shared, order, other, prepared), Reason.DEPENDS_ON_RANDOM)


def differs(first: Run, other: Run) -> bool:
    """Tell whether a call that the first run would keep ended in another way."""
    return any(told(first, number) != told(other, number) for number in first.candidates())


def of_the_interpreter(first: Run, second: Run) -> Reason:
    """Return what it depends on, where nothing but the interpreter makes a difference."""
    pairs = [(told(first, number), told(second, number)) for number in first.candidates()]
    reordered = all(sorted(one) == sorted(other) for one, other in pairs)
    return Reason.DEPENDS_ON_SET_ORDER if reordered else Reason.DEPENDS_ON_ADDRESS


def told(run: Run, number: int) -> str:
    """Return what a run tells of a call, its steps aside."""
    call = run.calls.get(number)
    return "\0".join(map(str, call.gave)) if call else str(run.end)
