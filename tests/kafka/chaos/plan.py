"""Who is killed how and when: decided by a seed alone. Pure."""

import random
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, cycle, islice
from typing import Final

SIGKILL: Final = "SIGKILL"
SIGTERM: Final = "SIGTERM"
SIGSTOP: Final = "SIGSTOP"  # until it is evicted from its group; then SIGCONT
# Of the services: half die, a quarter leave, a quarter are zombies for a while.
SIGNALS: Final = (SIGKILL, SIGTERM, SIGKILL, SIGSTOP)
# The last kill comes while work is left to do.
LAST: Final = 0.95


@dataclass(frozen=True, slots=True)
class Kill:
    """One kill: at which share of all work, of whom, by which signal."""

    at: float
    target: str
    how: str


def plan_of(
    seed: int, kills: int, services: Sequence[str], brokers: Sequence[str], broker_kills: int
) -> list[Kill]:
    """Return the kills in order. Each service and broker is hit about as often as the others."""
    rng = random.Random(seed)
    of_brokers = [(name, SIGKILL) for name in islice(cycle(brokers), broker_kills)]
    of_services = zip(_turns(rng, services), _turns(rng, SIGNALS), strict=False)
    strokes = [*of_brokers, *islice(of_services, kills - broker_kills)]
    rng.shuffle(strokes)
    moments = sorted(rng.uniform(0, LAST) for _ in strokes)
    return [Kill(at, *stroke) for at, stroke in zip(moments, strokes, strict=True)]


def _turns(rng: random.Random, names: Sequence[str]) -> "chain[str]":
    """Return the names again and again, each time in another order."""
    return chain.from_iterable(rng.sample(names, len(names)) for _ in iter(int, 1))
