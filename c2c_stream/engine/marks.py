"""What stands in a feeder's mark: how many records it put on which topic, and how far it is. Pure.

A record that comes from outside is put out by no service: the books balance by these counts.
"""

import json
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace

from c2c_stream.errors import Fatal


@dataclass(frozen=True, slots=True)
class Mark:
    """`put` counts records by topic, `settled` dead letters; [next, end) is still to be read."""

    put: Mapping[str, int] = field(default_factory=dict)
    settled: int = 0
    next: int = 0
    end: int = 0

    def plus(self, put: Mapping[str, int], settled: int = 0) -> "Mark":
        """Return the mark after more was put and settled."""
        both = Counter(self.put) + Counter(put)
        return replace(self, put=dict(both), settled=self.settled + settled)


def total(marks: Iterable[Mark]) -> Mark:
    """Return the sum of what was put and settled."""
    found = Mark()
    for mark in marks:
        found = found.plus(mark.put, mark.settled)
    return found


def to_text(mark: Mark) -> str:
    """Return a mark as the broker keeps it."""
    return json.dumps({name: v for name, v in asdict(mark).items() if v}, separators=(",", ":"))


def from_text(text: str, where: object) -> Mark:
    """Return the mark in a text; there is none before the first."""
    try:
        return Mark(**json.loads(text or "{}"))
    except (ValueError, TypeError) as error:
        raise Fatal(f"{where}: no mark of ours: {text[:80]!r}") from error
