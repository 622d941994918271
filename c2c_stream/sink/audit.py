"""Reads what a run lost on its way, and why: rejections by rule, dead letters by failure."""

from collections.abc import Iterator
from dataclasses import dataclass, fields
from pathlib import Path
from typing import Any

from c2c_stream.engine.letters import Letter
from c2c_stream.records import RejectedItem
from c2c_stream.sink.columns import dead_letter_of, settlement_of
from c2c_stream.sink.dataset import shards
from c2c_stream.sink.store import read_rows
from c2c_stream.topics import key_of

_ITEM = tuple(field.name for field in fields(RejectedItem))


@dataclass(frozen=True, slots=True)
class Rejected:
    """One item that a stage's rules turned down, and where it came from."""

    stage: str
    repository: str
    commit: str
    item: RejectedItem

    def __str__(self) -> str:
        name = f"::{self.item.qualified_name}" if self.item.qualified_name else ""
        return f"{self.item.path}{name}"


@dataclass(frozen=True, slots=True)
class Reason:
    """How often a stage gave one reason, with the first example."""

    stage: str
    reason: str
    count: int
    example: Rejected


def rejections(
    out: Path, stage: str | None = None, reason: str | None = None
) -> Iterator[Rejected]:
    """Yield the rejected items under `out`, those of `stage` and `reason` if given."""
    for row in _rows(out, "audit/rejections-*"):
        if stage in (None, row["stage"]) and reason in (None, row["reason"]):
            yield _rejected(row)


def reasons(out: Path, stage: str | None = None, reason: str | None = None) -> list[Reason]:
    """Return the rejections by stage and reason, the most frequent first."""
    found: dict[tuple[str, str], Reason] = {}
    for one in rejections(out, stage, reason):
        key = (one.stage, one.item.reason)
        known = found.get(key) or Reason(*key, 0, one)
        found[key] = Reason(*key, known.count + 1, known.example)
    return sorted(found.values(), key=lambda r: (-r.count, r.stage, r.reason))


def dead_letters(out: Path) -> Iterator[Letter]:
    """Yield the dead letters under `out`, in the order in which they were stored."""
    settlements = map(settlement_of, _rows(out, "audit/settlements-*"))
    settled = {key_of(one): one.action for one in settlements}
    for dead in map(dead_letter_of, _rows(out, "audit/dead-letters-*")):
        yield Letter(dead, settled.get(key_of(dead), ""))


def _rows(out: Path, pattern: str) -> Iterator[dict[str, Any]]:
    for file in shards(out, pattern):
        yield from read_rows(file)


def _rejected(row: dict[str, Any]) -> Rejected:
    item = RejectedItem(**{name: row[name] for name in _ITEM})
    return Rejected(row["stage"], row["repository"], row["commit"], item)
