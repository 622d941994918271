"""Choose the inputs to hand on: new edges and outputs first, then what reads well. Pure."""

import math
import re
from collections.abc import Sequence
from dataclasses import dataclass

from c2c_stream.write.search.signature import Values

MAX_RAISING = 2
_RAISING_SHARE = 8  # one of so many inputs may raise
_CAPPED_EDGES = 3
_TOKEN = re.compile(r"\w+|\S")


@dataclass(slots=True)
class Kept:
    """Arguments that were run and are worth handing on, or mutating."""

    values: Values
    text: str
    works: bool
    outcome: str
    edges: int
    cost: float = 0.0


def chosen(kept: Sequence[Kept], count: int) -> list[Kept]:
    """Return up to `count` of `kept`, greedily, the best next to those before it."""
    left = [_Scored(entry) for entry in kept]
    picked: list[Kept] = []
    most_raising = min(MAX_RAISING, max(1, count // _RAISING_SHARE))
    covered, outcomes, raising = 0, set[str](), 0
    while left and len(picked) < count:
        best = max(left, key=lambda scored: scored.score(covered, outcomes))
        left.remove(best)
        if not best.entry.works:
            if raising == most_raising or not best.entry.edges & ~covered:
                continue
            raising += 1
        picked.append(best.entry)
        covered |= best.entry.edges
        outcomes.add(best.entry.outcome)
        for scored in left:
            scored.compare(best)
    return picked


class _Scored:
    """An entry with what does not change of its score, and how like the picked ones it is."""

    def __init__(self, entry: Kept) -> None:
        self.entry = entry
        self.tokens = frozenset(_TOKEN.findall(entry.text[:400]))
        self.length = math.log1p(len(entry.text))
        self._fixed = -0.25 * entry.cost - 0.012 * max(0, len(entry.text) - 20)
        self._fixed -= 0.0 if entry.works else 0.5
        self._alike = 0.0

    def score(self, covered: int, outcomes: set[str]) -> float:
        """Return how much picking this next is worth."""
        fresh = min((self.entry.edges & ~covered).bit_count(), _CAPPED_EDGES)
        new = self.entry.works and self.entry.outcome not in outcomes
        return 3.0 * fresh + 2.0 * new + self._fixed - self._alike

    def compare(self, picked: "_Scored") -> None:
        """Take note of an entry that was picked."""
        both = len(self.tokens & picked.tokens)
        either = len(self.tokens) + len(picked.tokens) - both
        closeness = both / either if either else 1.0
        closeness += 0.3 * (abs(self.length - picked.length) < 0.2)
        self._alike = max(self._alike, closeness)
