import asyncio
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from c2c_stream.code.literals import parse_arguments
from c2c_stream.engine.stage import Outcome, Place
from c2c_stream.reasons import Reason
from c2c_stream.records import Candidate, Curation, Function, Inputs, Origin
from c2c_stream.sandbox import Ended, Reply
from c2c_stream.settings import SandboxSettings, WriteSettings
from c2c_stream.write.frames import ForgedError, Told, parse_frames
from c2c_stream.write.stage import Writer, outcome_of, request_for, seed_of, told_in
from tests import interpreters

PLACE = Place("candidates", 0, 0)
COUNTS = {"working": 2, "outputs": 1, "implausible": 0}
GOOD = {
    "inputs": ["n=1", "n=2"],
    "iterations": 5,
    "steps": 70,
    "edges": 3,
    "edges_covered": 2,
    **COUNTS,
}


def candidate(code: str = "def f(n):\n    return n + 1\n") -> Candidate:
    function = Function(
        function_id="f00d",
        occurrence_id="0cc",
        origin=Origin(path="a.py"),
        qualified_name="f",
        entry_point="f",
        line=3,
        code=code,
    )
    return Candidate(function, Curation(license_policy="any"))


def outcome(frame: object, ended: Ended = Ended.DONE) -> Outcome:
    return outcome_of(candidate(), told_in(candidate(), reply(frame, ended), count=10))


def reply(frame: object, ended: Ended = Ended.DONE, **more: Any) -> Reply:
    frames = () if frame is None else (frame if isinstance(frame, str) else json.dumps(frame),)
    return Reply(frames=frames, ended=ended, **more)


def test_inputs_carry_what_the_search_took() -> None:
    (record,) = outcome(GOOD).outputs
    assert isinstance(record, Inputs)
    assert record.arguments == ("n=1", "n=2")
    assert record.function == candidate().function
    assert record.curation == candidate().curation
    writing = record.writing
    assert (writing.writer, writing.seed, writing.inputs) == ("search", seed_of("f00d"), 2)
    assert (writing.iterations, writing.steps) == (5, 70)
    assert (writing.edges, writing.edges_covered) == (3, 2)


@pytest.mark.parametrize(
    ("ended", "reason"),
    [
        (Ended.CPU, "timeout_cpu"),
        (Ended.WALL, "timeout_wall"),
        (Ended.MEMORY, "memory"),
        (Ended.CRASH, "crash"),
        (Ended.EXITED, "exited"),
        (Ended.FORGED, "exited"),
        (Ended.FAULT, "search_failed"),
    ],
)
def test_a_search_that_did_not_end_is_a_rejection(ended: Ended, reason: str) -> None:
    ended_so = outcome(GOOD, ended)
    (item,) = ended_so.rejected
    assert ended_so.outputs == ()
    assert item.reason == reason
    assert (item.occurrence_id, item.function_id, item.path, item.line) == (
        "0cc",
        "f00d",
        "a.py",
        3,
    )


def test_every_end_has_a_reason_of_the_closed_list() -> None:
    for ended in Ended:
        assert outcome({**GOOD, "inputs": []}, ended).rejected[0].reason in set(Reason)


@pytest.mark.parametrize(
    ("frame", "reason"),
    [
        ({**GOOD, "inputs": []}, "no_inputs"),
        ({"load_error": "SyntaxError: bad \ud800"}, "load_error"),
        ({**GOOD, "inputs": ["__import__('os')"]}, "exited"),
        (None, "exited"),
    ],
)
def test_a_search_without_inputs_is_a_rejection(frame: object, reason: str) -> None:
    (item,) = outcome(frame).rejected
    assert item.reason == reason
    item.detail.encode()


def test_inputs_are_written_anew_from_their_values() -> None:
    told = parse_frames([json.dumps({**GOOD, "inputs": ["{2,1},a = [ ]", "{1, 2}, a=[]"]})], 5)
    assert told.inputs == ("{1, 2}, a=[]",)


@pytest.mark.parametrize(
    "frame",
    [
        "",
        "[]",
        "{",
        "[" * 100_000,
        json.dumps({}),
        json.dumps({"load_error": 1}),
        json.dumps({**GOOD, "more": 1}),
        json.dumps({**GOOD, "steps": -1}),
        json.dumps({**GOOD, "steps": 1.5}),
        json.dumps({**GOOD, "steps": True}),
        json.dumps({**GOOD, "steps": 1 << 60}),
        json.dumps({**GOOD, "inputs": "n=1"}),
        json.dumps({**GOOD, "inputs": [1]}),
        json.dumps({**GOOD, "inputs": ["x"]}),
        json.dumps({**GOOD, "inputs": ["'\ud800"]}),
        json.dumps({**GOOD, "inputs": [f"n={n}" for n in range(11)]}),
        json.dumps({**GOOD, "inputs": ["'" + "a" * 9000 + "'"]}),
    ],
)
def test_forged_frames_are_refused(frame: str) -> None:
    with pytest.raises(ForgedError):
        parse_frames([frame], 10)


def test_one_frame_is_expected() -> None:
    with pytest.raises(ForgedError, match="2 frames"):
        parse_frames([json.dumps(GOOD)] * 2, 10)
    assert parse_frames([json.dumps(GOOD)], 10) == Told(
        ("n=1", "n=2"), 5, 70, 3, 2, *COUNTS.values()
    )


def test_a_function_has_its_seed_wherever_it_is_found() -> None:
    assert seed_of("abc") == seed_of("abc") != seed_of("abd")
    request = request_for(candidate(), WriteSettings(inputs=7, steps=5000))
    assert request["seed"] == seed_of("f00d")
    assert (request["inputs"], request["steps"]) == (7, 5000)


def in_jail(
    then: Callable[[Writer], Any], sandbox: SandboxSettings | None = None, **settings: Any
) -> Any:
    async def run() -> Any:
        writer = Writer(WriteSettings(jobs=1, **settings), sandbox or SandboxSettings())
        await writer.start()
        try:
            assert writer.limit() == 2
            result = await then(writer)
            await writer.settle()
            return result
        finally:
            await writer.stop()

    return asyncio.run(run())


def test_the_search_runs_in_the_interpreter_that_is_named(tmp_path: Path) -> None:
    other = interpreters.another(tmp_path)

    async def search(writer: Writer) -> tuple[str, Outcome]:
        return writer._pool.python, await writer.process(candidate(), PLACE)

    python, outcome = in_jail(search, SandboxSettings(python=other.path))
    assert python == other.version
    [inputs] = outcome.outputs
    assert isinstance(inputs, Inputs)
    assert inputs.arguments


def test_the_jail_writes_the_same_inputs_again() -> None:
    code = "def f(names, size):\n    return sorted({n[:size] for n in names if n})\n"

    async def twice(writer: Writer) -> tuple[Outcome, Outcome]:
        one = await writer.process(candidate(code), PLACE)
        await writer.process(candidate(), PLACE)
        return one, await writer.process(candidate(code), PLACE)

    first, again = in_jail(twice, inputs=10)
    assert first == again
    (record,) = first.outputs
    assert len(record.arguments) == 10
    for text in record.arguments:
        parse_arguments(text)
    assert record.writing.edges_covered == record.writing.edges


def test_hostile_functions_are_rejections_and_the_next_is_well() -> None:
    programs = {
        "timeout_cpu": "def f(n):\n    return (7 ** (10 ** 8)) % 3\n",
        "exited": "import os\ndef f(n):\n    os._exit(0)\n",
        "load_error": "import nowhere_at_all\ndef f(n):\n    return n\n",
        "no_inputs": "def f(n):\n    raise ValueError\n",
    }

    async def each(writer: Writer) -> list[Outcome]:
        return [await writer.process(candidate(c), PLACE) for c in [*programs.values(), GOOD_CODE]]

    *bad, good = in_jail(each, inputs=5, cpu_ms=300)
    assert [one.rejected[0].reason for one in bad] == list(programs)
    assert len(good.outputs[0].arguments) == 5


GOOD_CODE = "def f(n):\n    return n * 2\n"


def test_a_call_that_fills_all_memory_leaves_room_for_others() -> None:
    code = """
def f(n):
    kept = []
    kept.extend(range(n if n < 100 else 5_000_000))
    return len(kept)
"""

    async def one(writer: Writer) -> Outcome:
        return await writer.process(candidate(code), PLACE)

    outcome = in_jail(one, inputs=5, cpu_ms=20_000)
    assert len(outcome.outputs[0].arguments) == 5
