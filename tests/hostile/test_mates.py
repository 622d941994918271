"""The same programs, let into a batch with each other and with those that they would harm.

What an executor lets share a child is told by its text; here all may, so that what a batch does
with the worst of them is seen, and not only that they are kept out of it.
"""

import asyncio
from collections import defaultdict
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from c2c_stream.engine.stage import Outcome
from c2c_stream.execute import stage
from c2c_stream.execute.request import Request
from c2c_stream.execute.stage import Executor
from c2c_stream.records import Function, Inputs
from c2c_stream.sandbox import Ended, Reply
from c2c_stream.settings import ExecuteSettings, SandboxSettings
from tests.hostile.gauntlet import (
    CANARY,
    PLACE,
    PROGRAMS,
    header_of,
    is_as_expected,
    told,
)

CROWD = 3  # programs that come between those whom they would harm
# What a mate would harm: values, hashes, modules, the state of the interpreter.
VICTIMS = (
    CANARY.function.code,
    "import random\ndef sing(words, n=2):\n    return random.random(), sorted([3, n, 1])\n",
    "import decimal\ndef sing(words, n=2):\n    return str(decimal.Decimal(n) / 3), len(words)\n",
    "import json\nimport math\ndef sing(words, n=2):\n    return json.dumps(words), math.sqrt(n)\n",
    "def sing(words, n=2):\n    return sing(words, n + 1) if n < 200 else [w for w in words]\n",
    "import string\ndef sing(words, n=2):\n    return string.ascii_lowercase[:n], repr(words)\n",
    "seen = []\ndef sing(words, n=2):\n    seen.append(n)\n    return len(seen)\n",
)


class Tavern:
    """An executor in which all may share; counts what its batches gave."""

    def __init__(self, settings: ExecuteSettings) -> None:
        self.executor = Executor(settings, SandboxSettings(), jobs=2)
        self.ends: list[tuple[int, Ended]] = []
        confirm = self.executor._confirm

        async def seen(mates: Sequence[Request]) -> Reply:
            reply = await confirm(mates)
            self.ends.append((len(mates), reply.ended))
            return reply

        self.executor._batches._execute = seen

    async def outcomes(self, records: Sequence[Inputs]) -> list[Outcome]:
        await self.executor.start()
        try:
            return list(await asyncio.gather(*(self.executor.process(r, PLACE) for r in records)))
        finally:
            await self.executor.stop()


@pytest.fixture(autouse=True)
def _all_may_share(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(stage, "keeps_to_itself", lambda _: True)
    monkeypatch.setattr(stage, "fits_into_a_batch", lambda *_: True)


def victims() -> list[Inputs]:
    return [replace(CANARY, function=replace(CANARY.function, code=code)) for code in VICTIMS]


def record_of(path: Path) -> Inputs:
    source = path.read_text(encoding="utf-8")
    function = Function(function_id=path.stem, entry_point="f", code=source)
    return Inputs(function=function, arguments=tuple(header_of(source).get("arguments", ["1"])))


def groups() -> dict[int, list[Path]]:
    """Return the programs that come as far as a second run, by their limit of steps."""
    found: dict[int, list[Path]] = defaultdict(list)
    for path in PROGRAMS:
        header: dict[str, Any] = header_of(path.read_text(encoding="utf-8"))
        if header.get("dead_letter"):
            continue
        if "second_run" in path.stem or "timeout" not in str(header.get("reason")):
            found[header.get("steps", 20_000)].append(path)
    return found


async def alone(records: Sequence[Inputs]) -> list[Outcome]:
    executor = Executor(ExecuteSettings(), SandboxSettings(), jobs=1)
    await executor.start()
    try:
        return [await executor.process(record, PLACE) for record in records]
    finally:
        await executor.stop()


@pytest.mark.parametrize("steps", groups())
def test_programs_in_a_batch_earn_their_verdicts_and_harm_no_mate(steps: int) -> None:
    paths = groups()[steps]
    expected = list(map(told, asyncio.run(alone(victims()))))
    crowds = [paths[at : at + CROWD] for at in range(0, len(paths), CROWD)]
    records = [r for crowd in crowds for r in (*map(record_of, crowd), *victims())]
    tavern = Tavern(ExecuteSettings(steps=steps, cpu_ms=5000))

    outcomes = iter(asyncio.run(tavern.outcomes(records)))

    for crowd in crowds:
        for path in crowd:
            header = header_of(path.read_text(encoding="utf-8"))
            assert is_as_expected(header, next(outcomes)), path.stem
        assert [told(next(outcomes)) for _ in VICTIMS] == expected, crowd
    assert any(size > 1 for size, _ in tavern.ends)


def test_a_program_that_harms_its_mates_ends_its_batch_and_nothing_in_it_is_believed() -> None:
    (forger,) = [path for path in PROGRAMS if path.stem == "82_forges_its_mates"]
    expected = asyncio.run(alone(victims()))
    tavern = Tavern(ExecuteSettings())

    _, *outcomes = asyncio.run(tavern.outcomes([record_of(forger), *victims()]))

    assert outcomes == expected
