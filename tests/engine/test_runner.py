import asyncio
import threading
from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path

import pytest
from prometheus_client import REGISTRY

from c2c_stream import metrics
from c2c_stream.avro import text_of
from c2c_stream.broker.local import LocalBroker
from c2c_stream.broker.protocol import Broker, Delivered, Listener, Produced
from c2c_stream.codec import Codec
from c2c_stream.engine import held
from c2c_stream.engine.clock import SystemClock
from c2c_stream.engine.stage import Outcome, Place
from c2c_stream.engine.workers import AsyncWorker, KeyedWorker, PureWorker, SourceWorker, Worker
from c2c_stream.errors import Fatal, Poison, Retry, Unavailable
from c2c_stream.records import (
    RECORDS,
    DeadLetter,
    File,
    Function,
    Record,
    RejectedItem,
    Rejection,
    Repository,
    Sample,
)
from tests.engine.make import CODEC
from tests.engine.service import Run, eventually, ids, serving
from tests.engine.stages import Async, Chunks, Keyed, Pure, passed

UNKNOWN_SCHEMA = b"\xc3\x01" + b"\x07" * 8 + b"body"


@pytest.fixture
def run(run_folder: Path) -> Iterator[Run]:
    made = Run(run_folder)
    with closing(made.log):
        yield made


def files(count: int, start: int = 0) -> list[File]:
    return [File(file_id=str(n)) for n in range(start, start + count)]


def numbers(count: int, start: int = 0) -> list[str]:
    return [str(n) for n in range(start, start + count)]


def pure(judge: Callable[[File], Outcome | Exception] = passed) -> Callable[[Broker], Worker]:
    return lambda _: PureWorker(Pure(judge))


def on_loop(stage: Async, deadline_s: float = 60.0) -> Callable[[Broker], Worker]:
    return lambda _: AsyncWorker(stage, deadline_s)


def worker(made: Worker) -> Callable[[Broker], Worker]:
    return lambda _: made


def keyed(broker: Broker) -> Worker:
    return KeyedWorker(Keyed(), broker.state())


def winners(run: Run) -> list[tuple[str, str]]:
    found = [candidate.function for candidate in run.records("candidates")]
    return [(function.function_id, function.occurrence_id) for function in found]


def failing(number: str, error: Exception) -> Callable[[Broker], Worker]:
    return pure(lambda record: error if record.file_id == number else passed(record))


def only_dead_letter(run: Run) -> DeadLetter:
    [letter] = run.records("dead-letters")
    assert isinstance(letter, DeadLetter)
    return letter


# --- the shapes of a stage


def test_a_pure_stage_passes_everything_through_once_in_order(run: Run) -> None:
    run.feed(*files(2000))
    with serving(run, "collector", pure(), window_records=100) as service:
        eventually(lambda: run.has_read("files"))
        assert service.health.not_ready == ""
    assert ids(run.records("functions")) == numbers(2000)
    books = run.books("files")
    assert books.balanced()
    assert (books.read, books.out) == (2000, 2000)


def test_an_async_stage_works_on_many_and_comes_out_in_order(run: Run) -> None:
    run.feed(*files(500))
    stage = Async(limit=8)
    with serving(run, "collector", on_loop(stage)):
        eventually(lambda: run.has_read("files"))
    assert ids(run.records("functions")) == numbers(500)
    assert 1 < stage.most_at_once <= 8
    assert stage.stopped == 1


def test_a_keyed_stage_sees_its_uncommitted_puts_and_its_state_survives(run: Run) -> None:
    def feed(*names: str) -> None:
        run.feed(
            *(Function(function_id=name, occurrence_id=str(i)) for i, name in enumerate(names))
        )

    feed("a", "b", "a", "a", "c")
    with serving(run, "curator", keyed, flush_records=1):
        eventually(lambda: run.has_read("functions"))
    feed("c", "d", "a")
    with serving(run, "curator", keyed):
        eventually(lambda: run.has_read("functions"))
    winners = [
        (c.function.function_id, c.function.occurrence_id) for c in run.records("candidates")
    ]
    assert winners == [("a", "1"), ("b", "2"), ("c", "3"), ("d", "4")]
    books = run.books("functions")
    assert (books.found, books.out, books.rejected) == (8, 4, 4)
    assert run.log.value_of("curator", "count") == b"4"


def test_a_source_goes_on_behind_its_last_committed_chunk(run: Run) -> None:
    run.feed(Repository(url="100"), Repository(url="20"))
    gate = threading.Event()

    class Stopping(Chunks):
        def before(self, first: int) -> None:
            if first == 49:
                gate.wait(60)

    with serving(run, "ingester", worker(SourceWorker(Stopping()))) as service:
        eventually(lambda: run.end("files") == 49)
        assert run.position("repos").offset == 0
        assert run.books("repos").cursor == "49"
        service._stopping.set()
        gate.set()
    with serving(run, "ingester", worker(SourceWorker(Chunks()))):
        eventually(lambda: run.has_read("repos"))
    assert ids(run.records("files"), "file_id") == numbers(100) + numbers(20)
    assert (run.books("repos").read, run.books("repos").out) == (2, 120)


# --- what goes wrong


def test_a_poisonous_record_is_a_dead_letter_and_the_others_go_on(run: Run) -> None:
    run.feed(*files(10))
    with serving(run, "collector", failing("4", Poison("bad"))):
        eventually(lambda: run.has_read("files"))
    letter = only_dead_letter(run)
    assert (letter.stage, letter.topic, letter.offset) == ("collector", "files", 4)
    assert (letter.error, letter.reason, letter.attempt) == ("Poison", "bad", 1)
    assert CODEC.decode(letter.value) == File(file_id="4")
    assert ids(run.records("functions")) == [n for n in numbers(10) if n != "4"]
    assert run.books("files").balanced()


def test_bytes_that_are_no_record_are_a_dead_letter(run: Run) -> None:
    run.append(Produced("files", b"k", b"garbage", (("h", b"1"),)))
    run.feed(*files(1))
    with serving(run, "collector", pure()):
        eventually(lambda: run.has_read("files"))
    letter = only_dead_letter(run)
    assert (letter.error, letter.key, letter.value) == ("DecodeError", b"k", b"garbage")
    assert ids(run.records("functions")) == ["0"]


def test_an_attempt_that_failed_is_made_again_in_its_place(run: Run) -> None:
    run.feed(*files(20))

    class Flaky(Async):
        async def judge(self, record: File, place: Place) -> Outcome:
            if record.file_id == "3" and self.calls.count("3") < 3:
                raise Retry("slow")
            return await super().judge(record, place)

    stage = Flaky()
    with serving(run, "collector", on_loop(stage), max_attempts=3):
        eventually(lambda: run.has_read("files"))
    assert ids(run.records("functions")) == numbers(20)
    assert stage.calls.count("3") == 3
    assert run.records("dead-letters") == []


def test_the_last_failed_attempt_makes_a_dead_letter(run: Run) -> None:
    run.feed(*files(3))
    with serving(run, "collector", failing("1", Retry("slow"))):
        eventually(lambda: run.has_read("files"))
    letter = only_dead_letter(run)
    assert (letter.error, letter.reason, letter.attempt) == ("Retry", "slow", 3)


def test_a_source_that_fails_in_the_middle_goes_on_there_before_the_next_record(run: Run) -> None:
    run.feed(Repository(url="100"), Repository(url="10"))
    failures = [Retry("net"), Unavailable("net"), Retry("net"), Unavailable("net")]

    class Flaky(Chunks):
        def before(self, first: int) -> None:
            if first in {14, 70} and failures:
                raise failures.pop()

    with serving(run, "ingester", worker(SourceWorker(Flaky()))):
        eventually(lambda: run.has_read("repos"))
    assert ids(run.records("files"), "file_id") == numbers(100) + numbers(10)
    assert failures == []


def test_a_source_that_fails_for_good_is_a_dead_letter_behind_its_chunks(run: Run) -> None:
    run.feed(Repository(url="100"), Repository(url="10"))

    class Broken(Chunks):
        def before(self, first: int) -> None:
            if first == 14:
                raise Poison("broken archive")

    with serving(run, "ingester", worker(SourceWorker(Broken()))):
        eventually(lambda: run.has_read("repos"))
    assert ids(run.records("files"), "file_id") == numbers(14) + numbers(10)
    assert run.books("repos").balanced()
    assert (run.books("repos").dead, run.books("repos").cursor) == (1, None)


def test_an_outage_charges_no_attempt_holds_intake_and_ends(run: Run) -> None:
    away = threading.Event()
    away.set()

    class Outage(Async):
        async def judge(self, record: File, place: Place) -> Outcome:
            if away.is_set():
                raise Unavailable("the model server is away")
            return await super().judge(record, place)

    stage = Outage(limit=4)
    run.feed(*files(50))
    with serving(run, "collector", on_loop(stage), max_attempts=2) as service:
        eventually(lambda: len(stage.calls) > 12)
        assert set(stage.calls) == set(numbers(4))
        assert service.health.not_ready == "the model server is away"
        away.clear()
        eventually(lambda: run.has_read("files"))
        eventually(lambda: service.health.not_ready == "")
    assert ids(run.records("functions")) == numbers(50)
    assert run.records("dead-letters") == []


def test_an_outage_in_front_of_a_keyed_stage_keeps_the_order(run: Run) -> None:
    failures: list[Exception] = [Unavailable("disk"), Retry("x"), Unavailable("disk")]

    class Flaky(Keyed):
        def process(self, record: Function, state: object) -> Outcome:
            if record.function_id == "2" and failures:
                raise failures.pop()
            return super().process(record, state)  # type: ignore[arg-type]  # as it came

    run.feed(*(Function(function_id=n) for n in numbers(50)))
    with serving(run, "curator", lambda b: KeyedWorker(Flaky(), b.state()), flush_records=3):
        eventually(lambda: run.has_read("functions"))
    assert winners(run) == [(str(n), str(n + 1)) for n in range(50)]
    assert run.log.value_of("curator", "count") == b"50"


def test_the_breaker_stops_a_service_that_only_makes_dead_letters(run: Run) -> None:
    run.feed(*files(500))
    service = serving(run, "collector", pure(lambda _: Poison("bad")), breaker_dead_in_a_row=20)
    with pytest.raises(Fatal, match="20 dead letters in a row"), service as at_work:
        at_work.ends()
    assert len(run.records("dead-letters")) == run.position("files").offset == 20
    assert at_work.health.not_ready


def test_the_breaker_stops_a_service_that_loses_a_share_of_its_records(run: Run) -> None:
    def judge(record: File) -> Outcome | Exception:
        return Poison("bad") if int(record.file_id) % 2 else passed(record)

    run.feed(*files(500))
    service = serving(run, "collector", pure(judge), breaker_share=0.5, breaker_records=40)
    with (
        pytest.raises(Fatal, match="20 dead letters among the last 40 records"),
        service as at_work,
    ):
        at_work.ends()
    assert run.position("files").offset == 40
    assert at_work.health.not_ready


def test_a_deadline_ends_an_attempt_and_the_last_one_the_record(run: Run) -> None:
    class Hanging(Async):
        async def judge(self, record: File, place: Place) -> Outcome:
            if record.file_id == "1":
                await asyncio.Event().wait()
            return await super().judge(record, place)

    run.feed(*files(3))
    with serving(run, "collector", on_loop(Hanging(), deadline_s=0.02), max_attempts=2):
        eventually(lambda: run.has_read("files"))
    letter = only_dead_letter(run)
    assert (letter.reason, letter.attempt) == ("files[0]@1: no result within 0.02 s", 2)
    assert ids(run.records("functions")) == ["0", "2"]


def test_a_newer_schema_holds_its_partition_and_no_other(run: Run) -> None:
    done: list[str] = []

    class Sink(Async):
        async def process(self, record: Record, place: Place) -> Outcome:
            done.append(f"{type(record).__name__} {place}")
            return Outcome()

    run.feed(Sample(id="s"))
    run.append(Produced("samples", b"", UNKNOWN_SCHEMA))
    run.feed(Sample(id="t"))
    with serving(run, "sink", on_loop(Sink())) as service:
        eventually(lambda: run.position("samples").offset == 1)
        eventually(lambda: service.health.not_ready)
        run.append(Produced("rejections", b"", b"garbage"))
        eventually(lambda: run.has_read("rejections"))
        assert "samples[0]@1: schema fingerprint 0707070707070707" in service.health.not_ready
    assert [name for name in done if "DeadLetter" not in name] == ["Sample samples[0]@0"]
    assert run.position("samples").offset == 1


class Away:
    """A registry that does not answer."""

    def __init__(self) -> None:
        self.asked = 0
        self.back = False

    def ids(self) -> dict[type[Record], int]:
        return {record: number for number, record in enumerate(RECORDS, 1)}

    def schema(self, schema_id: int) -> str:
        self.asked += 1
        if not self.back:
            raise Unavailable("nobody there")
        return text_of(RECORDS[schema_id - 1])


def test_records_that_only_a_registry_explains_wait_for_it_in_order(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(held, "AGAIN_S", 0.05)
    registry = Away()
    codec = Codec(registry=registry)
    run.feed(*files(2))
    run.append(*(Produced("files", b"", codec.encode(file)) for file in files(3, start=2)))
    run.feed(*files(2, start=5))
    with serving(run, "collector", pure(), codec) as service:
        eventually(lambda: registry.asked > 2)
        assert "files[0]@2: nobody there" in service.health.not_ready
        eventually(lambda: run.position("files").offset == 2)
        run.feed(*files(1, start=7))
        registry.back = True
        eventually(lambda: run.has_read("files"))
        assert service.health.not_ready == ""
    found = [codec.decode(at.value) for at in run.log.read("functions", 0, 100)]
    assert ids(found) == numbers(8)
    assert run.records("dead-letters") == []
    assert run.books("files").balanced()


def test_a_bug_in_a_stage_stops_the_service_and_loses_nothing(run: Run) -> None:
    def judge(record: File) -> Outcome:
        if record.file_id == "5":
            raise KeyError("oops")
        return passed(record)

    run.feed(*files(10))
    with pytest.raises(KeyError, match="oops"), serving(run, "collector", pure(judge)) as service:
        service.ends()
    with serving(run, "collector", pure()):
        eventually(lambda: run.has_read("files"))
    assert ids(run.records("functions")) == numbers(10)


@pytest.mark.parametrize("error", [SystemExit(0), asyncio.CancelledError(), KeyboardInterrupt()])
def test_a_stage_cannot_end_the_service_in_silence(run: Run, error: BaseException) -> None:
    class Leaving(Async):
        async def judge(self, _record: File, _place: Place) -> Outcome:
            raise error

    def judge(_: File) -> Outcome:
        raise error

    run.feed(*files(1))
    for make in (on_loop(Leaving()), pure(judge)):
        with (
            pytest.raises(RuntimeError, match="the stage raised"),
            serving(run, "collector", make) as service,
        ):
            service.ends()


def test_a_stage_that_answers_for_too_few_records_stops_the_service(run: Run) -> None:
    class Short(Pure):
        def process(self, records: Sequence[File]) -> Sequence[Outcome | Exception]:
            return [*super().process(records)][1:]

    run.feed(*files(3))
    with (
        pytest.raises(ValueError, match="shorter"),
        serving(run, "collector", worker(PureWorker(Short()))) as service,
    ):
        service.ends()


def test_a_stage_that_does_not_start_says_why(run: Run) -> None:
    class Pures(Pure):
        def start(self) -> None:
            raise Fatal("no jail")

    class Asyncs(Async):
        async def start(self) -> None:
            raise Fatal("no jail")

    workers: tuple[Worker, ...] = (PureWorker(Pures()), AsyncWorker(Asyncs(), 1.0))
    for made in workers:
        with (
            pytest.raises(Fatal, match="no jail"),
            serving(run, "collector", worker(made)) as service,
        ):
            service.ends()


# --- rebalances


def test_what_stays_goes_on_while_what_goes_is_waited_for(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    listeners: list[Listener] = []
    monkeypatch.setattr(LocalBroker, "listen", lambda _, listener: listeners.append(listener))
    gate = threading.Event()
    begun: list[str] = []

    class Two(Async):
        async def process(self, record: File, place: Place) -> Outcome:  # noqa: ARG002
            begun.append(place.topic)
            if place.topic == "samples":
                await asyncio.sleep(3600)
            await asyncio.to_thread(gate.wait, 60)
            return Outcome()

    def rebalance(_: Broker) -> None:
        gate.set()
        listeners[0].revoked({("samples", 0)})

    run.feed(Sample(), *(Rejection(stage=str(n)) for n in range(10)))
    with serving(run, "sink", on_loop(Two(limit=2)), revoke_s=2.0) as service:
        eventually(lambda: sorted(begun) == ["rejections", "samples"])
        service.on_broker(rebalance)
        assert begun.count("rejections") == 10


def test_what_is_finished_is_committed_though_the_rest_is_broken_off(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    listeners: list[Listener] = []
    monkeypatch.setattr(LocalBroker, "listen", lambda _, listener: listeners.append(listener))

    class Third(Async):
        async def judge(self, record: File, place: Place) -> Outcome:
            if place.offset == 2:
                await asyncio.sleep(3600)
            return passed(record)

    stage, lazy = Third(), {"flush_age_s": 60.0, "revoke_s": 0.2}
    run.feed(*files(4))
    with serving(run, "collector", on_loop(stage), **lazy) as service:
        eventually(lambda: len(stage.calls) == 4)
        service.on_broker(lambda _: listeners[0].revoked({("files", 0)}))
        assert run.position("files").offset == 2
    assert ids(run.records("functions")) == numbers(2)


# --- holding, draining, settling


def test_a_source_holds_while_the_next_stage_lags(run: Run) -> None:
    def holding() -> float:
        return float(metrics.BACKPRESSURE.labels("ingester")._value.get())

    run.feed(Repository(url="100000"))
    with serving(run, "ingester", worker(SourceWorker(Chunks())), hold_lag_records=50) as service:
        eventually(lambda: holding() == 1)
        service.ticks(5)
        held_at = run.end("files")
        service.ticks(5)
        assert run.end("files") == held_at < 100_000
        run.consume("collector", "files", held_at)
        eventually(lambda: holding() == 0)
        eventually(lambda: run.end("files") > held_at)


def test_what_is_in_flight_is_finished_on_stop_and_what_waits_is_left(run: Run) -> None:
    gate = threading.Event()

    class Gated(Async):
        async def judge(self, record: File, _: Place) -> Outcome:
            await asyncio.to_thread(gate.wait, 60)
            return passed(record)

    stage = Gated(limit=3)
    run.feed(*files(10))
    with serving(run, "collector", on_loop(stage)) as service:
        eventually(lambda: len(stage.calls) == 3)
        service._stopping.set()
        eventually(lambda: stage.settled)
        gate.set()
    assert ids(run.records("functions")) == numbers(3)
    with serving(run, "collector", pure()):
        eventually(lambda: run.has_read("files"))
    assert ids(run.records("functions")) == numbers(10)


def test_what_does_not_finish_in_time_is_cancelled_and_done_again(run: Run) -> None:
    class Hanging(Async):
        async def judge(self, record: File, _: Place) -> Outcome:
            if record.file_id == "1":
                await asyncio.Event().wait()
            return passed(record)

    run.feed(*files(3))
    stage = Hanging()
    with serving(run, "collector", on_loop(stage), drain_s=0.2, flush_age_s=30):
        eventually(lambda: len(stage.calls) == 3)
    assert ids(run.records("functions")) == ["0"]
    with serving(run, "collector", pure()):
        eventually(lambda: run.has_read("files"))
    assert ids(run.records("functions")) == numbers(3)


class Batching(Async):
    """Waits for ten records, or to be settled."""

    def __init__(self) -> None:
        super().__init__(limit=100)
        self.waiting: list[asyncio.Future[None]] = []

    async def judge(self, record: File, _: Place) -> Outcome:
        durable: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self.waiting.append(durable)
        if len(self.waiting) == 10:
            await self.settle()
        await durable
        return passed(record)

    async def settle(self) -> None:
        await super().settle()
        for durable in self.waiting:
            durable.set_result(None)
        self.waiting.clear()


def test_an_idle_service_lets_its_stage_finish_what_waits_for_more(run: Run) -> None:
    run.feed(*files(23))
    with serving(run, "collector", on_loop(Batching())):
        eventually(lambda: run.has_read("files"))
    assert ids(run.records("functions")) == numbers(23)


def test_how_long_is_idle_is_a_setting(run: Run) -> None:
    run.feed(*files(3))
    stage = Batching()
    with serving(run, "collector", on_loop(stage), settle_idle_s=60) as service:
        eventually(lambda: len(stage.calls) == 3)
        service.ticks(50)  # a second and more
        assert not stage.settled


def test_a_stopping_service_lets_its_stage_finish_what_waits_for_more(run: Run) -> None:
    run.feed(*files(3))
    stage = Batching()
    with serving(run, "collector", on_loop(stage)):
        eventually(lambda: len(stage.calls) == 3)
    assert ids(run.records("functions")) == numbers(3)


def test_a_failure_to_settle_stops_the_service_but_an_outage_is_asked_again(run: Run) -> None:
    failures: list[Exception] = [Unavailable("disk"), ValueError("oops")]

    class Failing(Batching):
        async def settle(self) -> None:
            raise failures.pop(0)

    run.feed(*files(3))
    with (
        pytest.raises(ValueError, match="oops"),
        serving(run, "collector", on_loop(Failing())) as service,
    ):
        service.ends()


# --- the disk and the memory


def test_a_full_disk_holds_the_service_and_it_goes_on_when_there_is_room(run: Run) -> None:
    run.feed(*files(300))

    def limit_pages(broker: LocalBroker, more: int) -> None:
        (pages,) = broker.log._db.execute("PRAGMA page_count").fetchone()
        broker.log._db.execute(f"PRAGMA max_page_count={pages + more}")

    gate = threading.Event()

    def judge(record: File) -> Outcome:
        gate.wait(60)
        return Outcome((Function(function_id=record.file_id, code="x" * 4000),))

    with serving(run, "collector", pure(judge)) as service:
        service.on_broker(lambda broker: limit_pages(broker, 3))
        gate.set()
        eventually(lambda: "free some disk" in service.health.not_ready)
        assert run.end("functions") == run.position("files").offset < 300
        service.on_broker(lambda broker: limit_pages(broker, 100_000))
        eventually(lambda: run.has_read("files"))
        eventually(lambda: service.health.not_ready == "")
    assert ids(run.records("functions")) == numbers(300)


def test_large_results_behind_a_slow_record_do_not_block_it(run: Run) -> None:
    class HeadLast(Async):
        async def judge(self, record: File, _: Place) -> Outcome:
            if record.file_id == "0" and self.calls.count("0") < 3:
                raise Retry("slow")
            return Outcome((Function(function_id=record.file_id, code="x" * 400_000),))

    run.feed(*files(30))
    with serving(run, "collector", on_loop(HeadLast()), window_bytes=1024 * 1024, retry_base_s=0.3):
        eventually(lambda: run.has_read("files"))
    assert ids(run.records("functions")) == numbers(30)


def test_garbage_behind_a_waiting_record_does_not_block_it(run: Run) -> None:
    gate = threading.Event()

    class Gated(Async):
        async def judge(self, record: File, _: Place) -> Outcome:
            await asyncio.to_thread(gate.wait, 60)
            return passed(record)

    run.feed(*files(2))
    run.append(*[Produced("files", b"", b"g" * 400_000)] * 10)
    run.feed(*files(1, start=2))
    with serving(run, "collector", on_loop(Gated(limit=1)), window_bytes=1024 * 1024):
        gate.set()
        eventually(lambda: run.has_read("files"))
    assert ids(run.records("functions")) == numbers(3)
    assert run.books("files").dead == 10


# --- the broker, and what others see


def test_a_broker_that_is_away_holds_the_service_and_it_goes_on(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    away = threading.Event()
    away.set()
    real = LocalBroker.poll

    def poll(broker: LocalBroker, max_records: int, timeout_s: float) -> Sequence[Delivered]:
        if away.is_set():
            raise Unavailable("the disk is gone")
        return real(broker, max_records, timeout_s)

    monkeypatch.setattr(LocalBroker, "poll", poll)
    run.feed(*files(10))
    with serving(run, "collector", pure()) as service:
        eventually(lambda: service.health.not_ready == "the disk is gone")
        away.clear()
        eventually(lambda: run.has_read("files"))
        assert service.health.not_ready == ""
    assert ids(run.records("functions")) == numbers(10)


@pytest.mark.parametrize("jump_s", [-3600, 3600])
def test_a_wall_clock_that_jumps_by_hours_changes_nothing(
    run: Run, monkeypatch: pytest.MonkeyPatch, jump_s: int
) -> None:
    times = count(1_800_000_000, jump_s)
    monkeypatch.setattr(SystemClock, "wall", lambda _: next(times))
    tries: Counter[str] = Counter()

    def judge(record: File) -> Outcome | Exception:
        tries[record.file_id] += 1
        return Retry("once more") if tries[record.file_id] == 1 else passed(record)

    run.feed(*files(10))
    with serving(run, "collector", pure(judge)) as service:
        eventually(lambda: run.has_read("files"))
        run.feed(*files(10, start=10))
        eventually(lambda: run.has_read("files"))
        assert (service.health.not_ready, service.health.live(SystemClock().now())) == ("", "")
    assert ids(run.records("functions")) == numbers(20)
    assert set(tries.values()) == {2}
    age = REGISTRY.get_sample_value("c2c_oldest_unprocessed_age_seconds", {"stage": "collector"})
    assert age is not None
    assert age >= 0


def test_prometheus_counts_what_the_books_hold(run: Run) -> None:
    def judge(record: File) -> Outcome | Exception:
        number = int(record.file_id)
        if number % 3 == 0:
            return Poison("bad")
        return Outcome((Function(record.file_id),), (RejectedItem(reason="trivial"),) * 2)

    def counted(name: str, **labels: str) -> float:
        return REGISTRY.get_sample_value(f"c2c_{name}_total", {"stage": "collector", **labels}) or 0

    def all_counted() -> list[float]:
        return [
            counted("records", outcome="processed"),
            counted("records", outcome="dead"),
            counted("items", outcome="out"),
            counted("items", outcome="rejected"),
            counted("rejections", reason="trivial"),
            counted("dead_letters", error="Poison"),
        ]

    run.feed(*files(30))
    before = all_counted()
    with serving(run, "collector", pure(judge)):
        eventually(lambda: run.has_read("files"))
    found = [now - then for now, then in zip(all_counted(), before, strict=True)]
    books = run.books("files")
    assert found == [20, 10, 20, 40, 40, 10]
    assert found[:4] == [books.processed, books.dead, books.out, books.rejected]
    assert len(run.records("rejections")) == books.rejections
    assert len(run.records("dead-letters")) == books.dead


def test_a_service_is_ready_only_while_it_works(run: Run) -> None:
    with serving(run, "collector", pure()) as service:
        eventually(lambda: service.health.not_ready == "")
    assert service.health.not_ready == "stopping"


def test_lag_age_and_window_are_told(run: Run) -> None:
    gate = threading.Event()

    def judge(record: File) -> Outcome:
        gate.wait(60)
        return passed(record)

    def told(name: str, **labels: str) -> float | None:
        return REGISTRY.get_sample_value(f"c2c_{name}", {"stage": "collector", **labels})

    run.feed(*files(5))
    with serving(run, "collector", pure(judge)):
        eventually(lambda: told("window_records") == 5)
        assert told("consumer_lag_records", topic="files") == 5
        assert (told("oldest_unprocessed_age_seconds") or 0) > 0
        gate.set()
        eventually(lambda: told("consumer_lag_records", topic="files") == 0)
        eventually(lambda: told("oldest_unprocessed_age_seconds") == 0)
