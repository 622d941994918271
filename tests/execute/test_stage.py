import asyncio
from dataclasses import replace

from c2c_stream.engine.stage import Outcome, Place
from c2c_stream.execute.stage import Executor
from c2c_stream.records import Case, Cases, Dropped, Function, Inputs, Origin
from c2c_stream.settings import ExecuteSettings, SandboxSettings

PLACE = Place("inputs", 0, 0)
CODE = """
def tail(items, n=1):
    if n < 0:
        raise ValueError(f"negative: {n}")
    while n == 7:
        pass
    return items[-n:]
"""
RECORD = Inputs(
    function=Function(
        function_id="f1",
        occurrence_id="o1",
        origin=Origin("repo", "c0ffee", "a.py"),
        qualified_name="tail",
        entry_point="tail",
        line=3,
        code=CODE,
    ),
    arguments=("[1, 2]", "'abc', n=2", "[], n=-1", "[], n=7", "not python"),
)


def execute(*records: Inputs, **settings: int) -> list[Outcome]:
    async def main() -> list[Outcome]:
        executor = Executor(ExecuteSettings(**settings), SandboxSettings(), jobs=2)
        await executor.start()
        try:
            assert executor.limit() >= 2
            return list(await asyncio.gather(*(executor.process(r, PLACE) for r in records)))
        finally:
            await executor.settle()
            await executor.stop()

    return asyncio.run(main())


def test_a_function_becomes_its_cases_with_what_they_took() -> None:
    (outcome,) = execute(RECORD, steps=1000)

    (cases,) = outcome.outputs
    assert isinstance(cases, Cases)
    assert cases.function == RECORD.function
    assert cases.cases == (
        Case("[1, 2]", "value", "[2]", 1),
        Case("'abc', n=2", "value", "'bc'", 1),
        Case("[], n=-1", "exception", "ValueError: negative: -1", 1),
    )
    assert cases.execution.dropped == (Dropped("step_limit", 1), Dropped("bad_arguments", 1))
    assert (cases.execution.calls, cases.execution.kept) == (5, 3)
    assert cases.execution.step_limit == 1000
    assert cases.execution.python.startswith("3.")


def test_the_same_record_gives_the_same_bytes_however_many_run_at_once() -> None:
    first, *others = execute(*[RECORD] * 6)

    assert all(other == first for other in others)


def test_a_rejection_names_the_function_and_its_place() -> None:
    broken = replace(RECORD, function=replace(RECORD.function, code="import no_such_module\n"))
    (outcome,) = execute(broken)

    (item,) = outcome.rejected
    assert (item.occurrence_id, item.path, item.line) == ("o1", "a.py", 3)
    assert item.reason == "load_error"
    assert "no_such_module" in item.detail


def test_a_step_budget_of_a_function_bounds_its_endless_calls() -> None:
    endless = replace(RECORD, arguments=("[], n=7",) * 30)
    (outcome,) = execute(endless, steps=1000)

    assert outcome.rejected[0].reason == "step_limit"
    assert outcome.rejected[0].detail == "30 of 30 calls"


def test_dataclasses_and_lazy_imports_work_in_a_bundle() -> None:
    code = """
import datetime
from dataclasses import dataclass
@dataclass
class Day:
    date: datetime.date
def weekday(text):
    import decimal
    return Day(datetime.date.fromisoformat(text)).date.weekday(), str(decimal.Decimal(text[:4]))
"""
    function = replace(RECORD.function, code=code, entry_point="weekday")
    (outcome,) = execute(replace(RECORD, function=function, arguments=("'2024-02-29'",)))

    (cases,) = outcome.outputs
    assert isinstance(cases, Cases)
    assert cases.cases[0].result == "(3, '2024')"
