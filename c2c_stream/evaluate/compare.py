"""Says which cases of a dataset end as recorded when they are executed again.

Who executes is handed in (verify.py); here rows are chosen, endings compared, differences listed.
"""

import asyncio
import heapq
from collections import Counter
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field

from c2c_stream.records import Sample, SampleCase, content_hash


@dataclass(frozen=True, slots=True)
class Ending:
    """How one call ended this time: a verdict, the value or exception as text, what it printed."""

    verdict: str
    result: str = ""
    printed: str = ""

    def __str__(self) -> str:
        told = f"{self.verdict}: {self.result}" if self.result else self.verdict
        return f"{told}, having printed {self.printed!r}" if self.printed else told


def recorded(case: SampleCase) -> Ending:
    """Return how a case ended when it was recorded."""
    return Ending(case.outcome, case.result, case.printed)


@dataclass(frozen=True, slots=True)
class Difference:
    """A case that did not end as recorded."""

    id: str
    entry_point: str
    arguments: str
    recorded: str
    found: str


@dataclass(frozen=True, slots=True)
class Verification:
    """What came of executing a dataset again: by which Python, and how many rows which one made."""

    rows: int = 0
    cases: int = 0
    as_recorded: int = 0
    differences: tuple[Difference, ...] = ()
    python: str = ""
    made_by: dict[str, int] = field(default_factory=dict)

    def by_another(self) -> str:
        """Return a sentence about rows that another version made; empty if there are none."""
        others = {name: rows for name, rows in self.made_by.items() if name != self.python}
        if not self.python or not others:
            return ""
        told = ", ".join(f"{rows:,} by Python {name}" for name, rows in sorted(others.items()))
        return (
            f"rows of another version: {told}; verified here by Python {self.python}, in which a"
            f" few results differ (--python names another)"
        )


Rerun = Callable[[Sample, Sequence[SampleCase]], Awaitable[Sequence[Ending]]]


def chosen(rows: Iterable[Sample], count: int | None) -> Iterator[Sample]:
    """Return all rows, or `count` of them spread over the dataset: always the same ones."""
    if count is None:
        return iter(rows)
    ranked = ((content_hash(row.id), number, row) for number, row in enumerate(rows))
    smallest = heapq.nsmallest(count, ranked, key=lambda one: one[:2])
    return (row for _, _, row in sorted(smallest, key=lambda one: one[1]))


def compare(sample: Sample, cases: Sequence[SampleCase], found: Sequence[Ending]) -> Verification:
    """Return how the cases of one row ended against how they were recorded."""
    endings = [*found, *[Ending("no result")] * (len(cases) - len(found))]
    differences = tuple(
        Difference(
            id=sample.id,
            entry_point=sample.entry_point,
            arguments=case.arguments,
            recorded=str(recorded(case)),
            found=str(ending),
        )
        for case, ending in zip(cases, endings, strict=False)
        if ending != recorded(case)
    )
    as_recorded = len(cases) - len(differences)
    made_by = {sample.runtime.python: 1} if sample.runtime.python else {}
    return Verification(1, len(cases), as_recorded, differences, made_by=made_by)


def total(parts: Iterable[Verification]) -> Verification:
    """Return the sum of `parts`, their differences in order."""
    rows = cases = as_recorded = 0
    differences: list[Difference] = []
    made_by = Counter[str]()
    for part in parts:
        rows += part.rows
        cases += part.cases
        as_recorded += part.as_recorded
        differences.extend(part.differences)
        made_by.update(part.made_by)
    return Verification(rows, cases, as_recorded, tuple(differences), made_by=dict(made_by))


async def verify(rows: Iterable[Sample], rerun: Rerun, at_once: int) -> Verification:
    """Execute the cases of `rows` by `rerun`, `at_once` rows at a time; memory stays flat."""
    numbered = enumerate(rows)
    done: list[tuple[int, Verification]] = []

    async def work() -> None:
        for number, sample in numbered:
            cases = (*sample.visible_cases, *sample.hidden_cases)
            done.append((number, compare(sample, cases, await rerun(sample, cases))))

    await asyncio.gather(*(work() for _ in range(at_once)))
    return total(part for _, part in sorted(done, key=lambda one: one[0]))
