"""Why the two runs of a function differ is told by its rejection, where it can be."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from c2c_stream.engine.stage import Place
from c2c_stream.errors import Poison
from c2c_stream.execute.causes import of_the_interpreter
from c2c_stream.execute.compare import Run
from c2c_stream.execute.frames import Call
from c2c_stream.execute.request import Request
from c2c_stream.execute.stage import Executor
from c2c_stream.reasons import Reason
from c2c_stream.records import Function, Inputs
from c2c_stream.sandbox import Ended, Reply, Verdict
from c2c_stream.settings import ExecuteSettings, SandboxSettings

PLACE = Place("inputs", 0, 0)
FLAKY = {
    Reason.NOT_DETERMINISTIC: "import os\ndef f(n):\n    return os.urandom(4)\n",
    Reason.DEPENDS_ON_CALLS: "seen = []\ndef f(n):\n    seen.append(n)\n    return seen[0]\n",
    Reason.DEPENDS_ON_RANDOM: "import random\ndef f(n):\n    return random.randrange(10**9) + n\n",
    Reason.DEPENDS_ON_TIME: "import time\ndef f(n):\n    return time.gmtime().tm_year + n\n",
    Reason.DEPENDS_ON_SET_ORDER: "def f(n):\n    return list(set('abcdefghijkl'))\n",
    Reason.DEPENDS_ON_ADDRESS: "def f(n):\n    return id(f) + n\n",
}


def reasons(codes: Sequence[str], executor: Executor | None = None) -> list[str]:
    async def main() -> list[str]:
        found = executor or Executor(ExecuteSettings(), SandboxSettings(), jobs=2)
        await found.start()
        try:
            told = await asyncio.gather(*(found.process(record_of(code), PLACE) for code in codes))
        finally:
            await found.stop()
        return [outcome.rejected[0].reason for outcome in told]

    return asyncio.run(main())


def record_of(code: str) -> Inputs:
    return Inputs(Function(code, entry_point="f", code=code), arguments=("1", "2", "3"))


def test_each_cause_has_a_reason_of_its_own() -> None:
    assert reasons(list(FLAKY.values())) == list(FLAKY)


@pytest.mark.parametrize("end", ["the clock", "a jail"])
def test_a_cause_that_cannot_be_looked_for_is_not_known(
    end: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    executor = Executor(ExecuteSettings(), SandboxSettings(), jobs=1)

    @asynccontextmanager
    async def one_jail() -> AsyncIterator[object]:
        async def run(_request: Request, _cpu_ms: int) -> Reply:
            if end == "a jail":
                raise Poison("the request broke its jail")
            return Reply((), Ended.CPU)

        yield run

    monkeypatch.setattr(executor._pools[0], "one_jail", one_jail)

    assert reasons([FLAKY[Reason.DEPENDS_ON_CALLS]], executor) == ["not_deterministic"]


def run_of(*texts: str) -> Run:
    calls = {n: Call(n, Verdict.VALUE, text, 1) for n, text in enumerate(texts)}
    return Run(calls, Verdict.EXITED)


@pytest.mark.parametrize(
    ("first", "second", "reason"),
    [
        (("[1, 2]", "3"), ("[2, 1]", "3"), Reason.DEPENDS_ON_SET_ORDER),
        (("[1, 2]", "3"), ("[2, 1]", "4"), Reason.DEPENDS_ON_ADDRESS),
        (("12",), (), Reason.DEPENDS_ON_ADDRESS),
    ],
)
def test_what_stands_in_another_order_is_of_a_set(
    first: Sequence[str], second: Sequence[str], reason: Reason
) -> None:
    assert of_the_interpreter(run_of(*first), run_of(*second)) is reason
