"""The model writer run by the real engine: a server that is away, full or hangs loses nothing."""

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest

from c2c_stream.engine.async_worker import AsyncWorker
from c2c_stream.errors import SettingsError
from c2c_stream.settings import ModelSettings
from c2c_stream.write.model.remembering import Remembering
from c2c_stream.write.model.servers import Servers
from c2c_stream.write.model.stage import Author, ModelWriter
from tests.engine.service import Run, Service, eventually, serving
from tests.write.model.make import candidate
from tests.write.model.stub import Request, Stub, completion, in_thread, refusing, saying, silence

RECORDS = 40
LINES = "n=1\nn=2\n"


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Return a run whose candidates differ in their prompts."""
    found = Run(tmp_path)
    found.log.create()
    code = "def f(n):\n    return n + {}\n"
    found.feed(*(candidate(code.format(n), f"{n:032x}") for n in range(RECORDS)))
    return found


@contextmanager
def writing(run: Run, stub: Stub, **settings: Any) -> Iterator[Service]:
    """Run the writer against a server."""
    chosen = ModelSettings(servers=stub.url, **{"request_s": 20} | settings)
    model = Remembering(Servers(chosen), chosen, run.folder / "model")
    worker = AsyncWorker(ModelWriter(Author(model, chosen)), 60.0)
    with serving(run, "writer", lambda _: worker, drain_s=0.5) as service:
        yield service


def all_written(run: Run) -> bool:
    return len({record.function.function_id for record in run.records("inputs")}) == RECORDS


def test_an_outage_in_the_middle_loses_nothing_and_buries_nothing(run: Run) -> None:
    async def slow(request: Request) -> None:
        await asyncio.sleep(0.01)
        await request.answer(200, completion(LINES))

    stub = Stub(slow)
    with in_thread(stub), writing(run, stub) as service:
        eventually(lambda: run.end("inputs") > RECORDS // 4)
        stub.on_its_loop(stub.shut)
        eventually(lambda: service.health.not_ready.startswith(stub.url))
        assert not all_written(run)
        stub.on_its_loop(stub.open)
        eventually(lambda: all_written(run))
    assert run.records("dead-letters") == []
    assert len(run.records("inputs")) == RECORDS


def test_a_storm_of_push_backs_loses_nothing_and_is_not_answered_by_one(run: Run) -> None:
    refused: list[Request] = []

    async def stormy(request: Request) -> None:
        if len(stub.requests) > RECORDS // 4 and len(refused) < 12:
            refused.append(request)
            await request.answer(429, b"", Retry_After="0.1")
        else:
            await request.answer(200, completion(LINES))

    stub = Stub(stormy)
    with in_thread(stub), writing(run, stub):
        eventually(lambda: all_written(run))
    assert run.records("dead-letters") == []
    assert len(stub.requests) == RECORDS + len(refused)


def test_what_a_server_refuses_is_a_dead_letter_that_says_why(run: Run) -> None:
    async def picky(request: Request) -> None:
        if "n + 7\n" in str(request.body["messages"]).replace("\\n", "\n"):
            await request.answer(400, {"error": {"message": "I do not like sevens"}})
        else:
            await request.answer(200, completion(LINES))

    stub = Stub(picky)
    with in_thread(stub), writing(run, stub):
        eventually(lambda: run.has_read("candidates"))
    [dead] = run.records("dead-letters")
    assert (dead.error, dead.attempt) == ("Poison", 1)
    assert "I do not like sevens" in dead.reason


def test_a_server_that_fails_again_and_again_is_tried_three_times(run: Run) -> None:
    stub = Stub(refusing(500, b"oops"))
    with in_thread(stub), writing(run, stub):
        eventually(lambda: run.has_read("candidates"))
    dead = run.records("dead-letters")
    assert {(one.error, one.attempt) for one in dead} == {("Retry", 3)}
    assert len(stub.requests) == 3 * RECORDS


def test_a_key_that_is_refused_stops_the_service(run: Run) -> None:
    stub = Stub(saying(LINES), key="other")
    with pytest.raises(SettingsError, match=r"model\.api_key_file"), in_thread(stub):  # noqa: SIM117
        with writing(run, stub) as service:
            service.ends()
    assert run.position("candidates").offset == 0


def test_who_leaves_breaks_off_what_is_asked(run: Run) -> None:
    stub = Stub(silence)
    with in_thread(stub):
        with writing(run, stub):
            eventually(lambda: stub.in_flight)
        eventually(lambda: not stub.in_flight)
    assert stub.hung_up > 0
