"""`c2c serve` with a fast writer and executor: `python -m tests.kafka.chaos.serve STAGE`.

All else is what production runs. What the two make of a function stands in its name.
"""

import asyncio
from typing import Any, Final

import structlog
import typer

from c2c_stream.cli import reporting, serve
from c2c_stream.engine.stage import Outcome, Place, turned_down
from c2c_stream.errors import Poison, Retry
from c2c_stream.reasons import Reason
from c2c_stream.records import Candidate, Case, Cases, Execution, Function, Inputs, Writing
from c2c_stream.settings import Settings
from tests.kafka.chaos.whereabouts import tell_on_signal

CALLS: Final = range(4)
AT_ONCE: Final = 64
# Of so many places one is tried twice.
FLAKY: Final = 50

_real = serve._async_stage


class Fast:
    """An AsyncStage without a sandbox; records overtake each other in it."""

    def __init__(self) -> None:
        self._tried: set[Place] = set()

    async def start(self) -> None:
        """Nothing to build."""

    async def stop(self) -> None:
        """Nothing to release."""

    async def settle(self) -> None:
        """Nothing waits."""

    def limit(self) -> int:
        return AT_ONCE

    async def process(self, record: Any, place: Place) -> Outcome:
        await asyncio.sleep(place.offset % 7 / 1000)
        if place.offset % FLAKY == 0 and place not in self._tried:
            self._tried.add(place)
            raise Retry("the first attempt")
        return self.judge(record)

    def judge(self, record: Any) -> Outcome:
        raise NotImplementedError


class FastWriter(Fast):
    """Writes the same arguments for every function."""

    def judge(self, record: Candidate) -> Outcome:
        if fate_of(record.function) == "dead":
            raise Poison("it is meant to die")
        if fate_of(record.function) == "writer":
            return turned_down(record.function, Reason.NO_INPUTS, "it is meant to be turned down")
        arguments = tuple(map(str, CALLS))
        return Outcome((Inputs(record.function, record.curation, Writing("fast"), arguments),))


class FastExecutor(Fast):
    """Knows what every function returns."""

    def judge(self, record: Inputs) -> Outcome:
        if fate_of(record.function) == "executor":
            return turned_down(record.function, Reason.CRASH, "it is meant to be turned down")
        factor = 0 if fate_of(record.function) == "formatter" else number_of(record.function)
        cases = tuple(Case(a, "value", str(int(a) * factor + 1)) for a in record.arguments)
        ran = Execution(calls=len(cases), kept=len(cases))
        return Outcome((Cases(record.function, record.curation, record.writing, ran, cases),))


def fate_of(function: Function) -> str:
    """Return where a function must end."""
    return function.qualified_name.partition("_")[0]


def number_of(function: Function) -> int:
    """Return what a function multiplies with; none with 0."""
    return int(function.qualified_name.partition("_")[2]) + 1


def _fast(stage: str, settings: Settings, log: structlog.stdlib.BoundLogger) -> Any:
    match stage:
        case "writer":
            return FastWriter()
        case "executor":
            return FastExecutor()
        case _:
            return _real(stage, settings, log)


if __name__ == "__main__":
    tell_on_signal()
    serve._async_stage = _fast
    reporting(lambda: typer.run(serve.serve))
