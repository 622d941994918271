import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest

from c2c_stream.engine.stage import Outcome, Place
from c2c_stream.execute.request import Request
from c2c_stream.execute.stage import Executor
from c2c_stream.records import Case, Cases, Dropped, Function, Inputs, Origin
from c2c_stream.sandbox import Reply
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


def test_a_case_says_whether_its_call_changed_its_arguments() -> None:
    function = replace(RECORD.function, code="def tail(items):\n    items.sort()\n")
    record = replace(RECORD, function=function, arguments=("[2, 1]", "[1, 2]"))
    (outcome,) = execute(record)

    (cases,) = outcome.outputs
    assert isinstance(cases, Cases)
    assert [case.mutates for case in cases.cases] == [1, 0]


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


def test_a_function_whose_first_calls_are_all_endless_is_not_tried_on() -> None:
    code = CODE.replace("while n", "while items == [] or n")
    function = replace(RECORD.function, code=code)
    endless = replace(RECORD, function=function, arguments=("[]",) * 3 + ("[1]",))
    (given_up,) = execute(endless, steps=1000)
    (tried,) = execute(replace(endless, arguments=("[1]",) + ("[]",) * 3 + ("[2]",)), steps=1000)

    assert given_up.rejected[0].detail == "4 of 4 calls"
    (cases,) = tried.outputs
    assert isinstance(cases, Cases)
    assert [case.result for case in cases.cases] == ["[1]", "[2]"]


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


# What two runs may differ in, and what they may not; each of them some times, with other arguments.
KINDS = (
    CODE,
    "def tail(items, n=1):\n    return {item: [item] * n for item in items}\n",
    "def tail(items, n=1):\n    return items in {'abc', 'x'}, n in [1, 2], (items, n)\n",
    "import re\nWORD = re.compile('a')\ndef tail(items, n=1):\n    return WORD.findall(items)\n",
    (
        "from functools import lru_cache\n@lru_cache(None)\ndef tail(n):\n"
        "    return n if n < 2 else tail(n - 1) + tail(n - 2)\n"
    ),
    "import random\ndef tail(items, n=1):\n    return random.random()\n",
    "import time\ndef tail(items, n=1):\n    return time.perf_counter_ns()\n",
    "def tail(items, n=1):\n    return list({*'abcdefgh', *items})\n",
    "seen = []\ndef tail(items, n=1):\n    seen.append(n)\n    return len(seen)\n",
    "def tail(items, n=1):\n    return [object()]\n",
    "import no_such_module\n",
    "def tail(items, n=1):\n    while items:\n        pass\n    return n\n",
    (
        "import decimal\ndef tail(items, n=1):\n    decimal.getcontext().prec += n\n"
        "    return str(decimal.Decimal(1) / 3)\n"
    ),
    "def tail(items, n=1):\n    return 'a' * 9000 if n == 2 else n\n",
    "def tail(items:\n",
)


def many() -> list[Inputs]:
    texts = [repr(word) for word in ("x", "abcabc", "", "a b")]
    return [
        replace(
            RECORD,
            function=replace(RECORD.function, function_id=f"{turn}-{i}", code=code),
            arguments=(f"{turn}", *texts, f"'abc', n={turn}", "[3, 1], n=2"),
        )
        for turn in range(4)
        for i, code in enumerate(KINDS)
    ]


def test_whoever_runs_with_whom_the_outcome_is_the_same() -> None:
    async def one_by_one() -> list[Outcome]:
        executor = Executor(ExecuteSettings(steps=5000), SandboxSettings(), jobs=1)
        await executor.start()
        try:
            return [await executor.process(record, PLACE) for record in many()]
        finally:
            await executor.stop()

    alone = asyncio.run(one_by_one())

    assert execute(*many(), steps=5000) == alone
    assert execute(*many()[::-1], steps=5000) == alone[::-1]
    assert 20 < sum(len(outcome.outputs) for outcome in alone) < 40


def test_functions_of_two_repositories_share_no_child(monkeypatch: pytest.MonkeyPatch) -> None:
    shared: list[int] = []
    confirm = Executor._confirm

    async def seen(self: Executor, mates: Sequence[Request]) -> Reply:
        shared.append(len(mates))
        return await confirm(self, mates)

    monkeypatch.setattr(Executor, "_confirm", seen)
    strange = replace(RECORD, function=replace(RECORD.function, origin=Origin("other")))

    execute(RECORD, strange, RECORD, RECORD)

    assert shared == [3]
