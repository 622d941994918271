"""Write inputs for the functions of a file with several writers, side by side. Nothing is kept."""

from collections.abc import Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from c2c_stream.collect.stage import Collector
from c2c_stream.engine.stage import AsyncStage, Outcome, Place
from c2c_stream.errors import SourceError
from c2c_stream.execute.stage import Executor
from c2c_stream.records import (
    Candidate,
    Case,
    Cases,
    File,
    Function,
    Inputs,
    Origin,
    RejectedItem,
    Writing,
)
from c2c_stream.settings import Settings, jobs_of
from c2c_stream.write.choose import stage_for
from c2c_stream.write.frames import Told
from c2c_stream.write.stage import Writer

_PLACE = Place("candidates", 0, 0)
_Stage = TypeVar("_Stage", AsyncStage[Candidate], Executor, Writer)


@dataclass(frozen=True, slots=True)
class Written:
    """What one writer wrote for one function. `why_not` says why it wrote nothing."""

    writer: str
    writing: Writing = Writing()
    edges: int = 0
    edges_covered: int = 0
    cases: tuple[Case, ...] = ()
    why_not: str = ""

    @property
    def values(self) -> list[str]:
        """Return the results of the calls that return one."""
        return [case.result for case in self.cases if case.verdict == "value"]


@dataclass(frozen=True, slots=True)
class Compared:
    """One function, and what each writer wrote for it."""

    function: Function
    written: tuple[Written, ...]


def functions_in(
    path: Path, name: str, settings: Settings
) -> tuple[list[Function], list[RejectedItem]]:
    """Return the functions of a file, or the one of a name, and those that a rule turns down.

    Raises SourceError.
    """
    try:
        file = File(origin=Origin(path=path.name), content=path.read_bytes())
    except OSError as error:
        raise SourceError(f"{path}: cannot be read: {error.strerror}") from error
    collector = Collector(settings.collect)
    try:
        [found] = collector.process([file])
    finally:
        collector.stop()
    if isinstance(found, Exception):
        raise found
    functions = [record for record in found.outputs if isinstance(record, Function)]
    if not name:
        return functions, list(found.rejected)
    named = [f for f in functions if name in (f.qualified_name, f.entry_point)]
    return named, [item for item in found.rejected if item.qualified_name == name]


async def compare(
    functions: Sequence[Function], writers: Sequence[str], settings: Settings
) -> list[Compared]:
    """Return what each of the writers writes for each function."""
    async with AsyncExitStack() as stack:
        measure = await _started(stack, Writer(settings.write, settings.sandbox))
        executor = Executor(settings.execute, settings.sandbox, jobs_of(settings.execute.jobs))
        await _started(stack, executor)
        stages = {}
        for writer in writers:
            chosen = settings.write.model_copy(update={"writer": writer})
            stage = stage_for(settings.model_copy(update={"write": chosen}))
            stages[writer] = await _started(stack, stage)
        return [
            Compared(
                function,
                tuple(
                    [await _written(w, s, function, executor, measure) for w, s in stages.items()]
                ),
            )
            for function in functions
        ]


async def _started(stack: AsyncExitStack, stage: _Stage) -> _Stage:
    stack.push_async_callback(stage.stop)
    await stage.start()
    return stage


async def _written(
    writer: str,
    stage: AsyncStage[Candidate],
    function: Function,
    executor: Executor,
    measure: Writer,
) -> Written:
    candidate = Candidate(function)
    outcome = await stage.process(candidate, _PLACE)
    if not outcome.outputs:
        return Written(writer, why_not=_why(outcome))
    [inputs] = outcome.outputs
    assert isinstance(inputs, Inputs)  # noqa: S101  # so a writer does
    told = await measure.search(candidate, inputs.arguments, steps=0)
    edges, covered = (told.edges, told.edges_covered) if isinstance(told, Told) else (0, 0)
    executed = await executor.process(inputs, _PLACE)
    cases = [case for kept in executed.outputs if isinstance(kept, Cases) for case in kept.cases]
    return Written(writer, inputs.writing, edges, covered, tuple(cases), _why(executed))


def _why(outcome: Outcome) -> str:
    return "; ".join(f"{item.reason}: {item.detail}" for item in outcome.rejected)
