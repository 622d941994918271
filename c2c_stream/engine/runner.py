"""The only loop with I/O: polls, hands over, drains, commits, and obeys the pure decisions.

One thread owns the broker, the ledger and the commit, so nothing interleaves with a commit. Work
happens outside of it (workers.py): a transaction never spans a model call or a sandbox run.
"""

from collections.abc import Callable, Mapping
from collections.abc import Set as AbstractSet
from contextlib import suppress
from random import Random

from c2c_stream.broker.protocol import Broker, Delivered, Partition, Position
from c2c_stream.codec import Codec
from c2c_stream.engine.books import sum_of
from c2c_stream.engine.clock import Clock
from c2c_stream.engine.flights import Flight, Flights
from c2c_stream.engine.held import Held
from c2c_stream.engine.ledger import Ledger
from c2c_stream.engine.meter import Meter
from c2c_stream.engine.outbox import Outbox, Settled, Timed
from c2c_stream.engine.policy import (
    MAX_UNAVAILABLE_WAIT_S,
    Breaker,
    Bury,
    HoldUntil,
    RetryPolicy,
    Stop,
)
from c2c_stream.engine.stage import Chunk, Outcome, Place
from c2c_stream.engine.trace import Tracer
from c2c_stream.engine.workers import Completion, Worker
from c2c_stream.errors import DecodeError, Fatal, Unavailable
from c2c_stream.settings import EngineSettings
from c2c_stream.topics import held_by

# How long an idle tick waits for a record, and a busy one for a completion.
IDLE_S = 0.05
BUSY_S = 0.02
# How often lag and gauges are read.
OBSERVE_S = 1.0
# Intake that is idle lets the stage finish what waits for more records (settings.settle_idle_s),
# and so does a trickle of records that has gone on for this long.
SETTLE_AGE_S = 60.0
# What should take milliseconds may take this long before liveness calls it late.
ACTIVITY_S = 60.0


class Runner:
    """Drives one stage over one broker."""

    def __init__(
        self,
        *,
        worker: Worker,
        broker: Broker,
        codec: Codec,
        settings: EngineSettings,
        meter: Meter,
        clock: Clock,
        run: str = "main",
    ) -> None:
        self._worker = worker
        self._broker = broker
        self._codec = codec
        self._settings = settings
        self._meter = meter
        self._clock = clock
        self._outbox = Outbox(meter.stage, codec, Tracer(run, meter.stage))
        self._flights = Flights(
            RetryPolicy(settings.max_attempts, settings.retry_base_s), in_order=worker.in_order
        )
        self._breaker = Breaker(
            settings.breaker_dead_in_a_row, settings.breaker_share, settings.breaker_records
        )
        self._ledger = Ledger(broker.assigned(), settings)
        self._random = Random(meter.stage)  # noqa: S311  # spreads waits, nothing secret
        self._held = Held()
        # Not ready before the broker has answered for the first time.
        self._troubles = {"poll": meter.health.not_ready}
        self._failed_commits = 0
        self._commit_after = self._observed_at = float("-inf")
        self._active_at = self._settled_at = clock.now()
        self._holding = False
        broker.listen(self)

    def run(self, stopping: Callable[[], bool]) -> None:
        """Run until `stopping` says so, then drain. Raises Fatal, or the bug that stopped it."""
        try:
            with self._meter.activity("settle", self._settings.record_deadline_s):
                self._worker.start()
            while not stopping():
                self._tick()
            self._trouble("leaving", "stopping")  # before anything is left undone
            self._drain()
        except BaseException:
            with suppress(Exception):  # the first error is the one to tell
                self._stop()
            raise
        self._stop()

    def _stop(self) -> None:
        self._meter.health.ready("stopping")
        with self._meter.activity("settle", self._settings.drain_s):
            self._worker.stop()

    def _tick(self) -> None:
        self._submit()  # first, so that intake does not wait while there is work
        self._intake()
        self._submit()
        if not self._holding and not self._full():
            self._complete()
        self._settle()
        # One commit is bounded in size; what waits behind it is memory.
        while self._due() and self._commit():
            pass
        self._observe()

    # --- intake

    def _intake(self) -> None:
        # Something waits in every tick: this, unless there are completions to wait for.
        busy = self._worker.running and not self._holding and not self._full()
        with self._meter.activity("backpressure" if self._holding else "poll", ACTIVITY_S):
            try:
                records = self._broker.poll(self._room(), 0.0 if busy else IDLE_S)
            except Unavailable as error:
                self._trouble("poll", str(error))
                self._clock.wait(IDLE_S)
                return
        self._trouble("poll", "")
        if records:
            self._active_at = self._clock.now()
        if not records and not self._held:
            return
        with self._meter.activity("decode", ACTIVITY_S):
            for partition in self._held.due(self._clock.now()):
                self._try_again(partition)
            for delivered in records:
                self._deliver(delivered)

    def _room(self) -> int:
        """Return how many records to take in: none while something is away or lags."""
        full = self._ledger.size + self._ledger.finished_size >= self._settings.window_bytes
        if self._holding or self._flights.away or self._failed_commits or full:
            return 0
        # Twice what the stage works on at once, so that a commit never starves it.
        at_once = self._worker.room() + self._worker.running
        return max(0, max(self._settings.window_records, 2 * at_once) - self._ledger.records)

    def _deliver(self, delivered: Delivered) -> None:
        partition = (delivered.topic, delivered.partition)
        if partition in self._held:
            self._held.keep(partition, delivered)
            return
        place = Place(*partition, delivered.offset)
        try:
            record = self._codec.decode(delivered.value, place)
        except Unavailable as error:  # its schema is unknown, or the registry is away
            self._held.hold(partition, str(error), self._clock.now())
            self._held.keep(partition, delivered)
            self._broker.pause([partition])
            self._trouble("schema", self._held.reason)
        except DecodeError as error:
            self._ledger.deliver(delivered)
            now = Timed(self._clock.wall())
            self._dead(place, self._outbox.dead(delivered, "DecodeError", str(error), 1, now))
        else:
            cursor = self._ledger.deliver(delivered)
            self._flights.add(place, Flight(delivered, record, cursor))

    def _try_again(self, partition: Partition) -> None:
        for delivered in self._held.release(partition):
            self._deliver(delivered)
        if partition not in self._held:
            self._broker.resume([partition])
        self._trouble("schema", self._held.reason)

    # --- work

    def _submit(self) -> None:
        # Results that wait behind the oldest record are memory: then only retries go on.
        fresh = self._ledger.finished_size < self._settings.window_bytes
        with self._meter.activity("submit", ACTIVITY_S):
            while self._worker.room() > 0:
                now = self._clock.now()
                place = self._flights.next(now, fresh=fresh)
                if place is None:
                    return
                self._worker.submit(self._flights.begin(place, now))

    def _full(self) -> bool:
        """Say whether results wait for a commit alone and fill the window: take no more."""
        full = self._ledger.finished_size >= self._settings.window_bytes
        return full and self._ledger.has_prefix

    def _complete(self) -> None:
        """Take what the stage has finished, as far as the window has room for results."""
        if self._full():
            return
        with self._meter.activity("wait", ACTIVITY_S):
            completion = self._worker.completion(BUSY_S if self._worker.running else 0.0)
        with self._meter.activity("encode", ACTIVITY_S):
            left = self._settings.flush_records
            while completion is not None:
                self._take(completion)
                left -= 1
                more = left > 0 and not self._full()
                completion = self._worker.completion(0.0) if more else None

    def _take(self, completion: Completion) -> None:
        place, flight = completion.task.place, self._flights.of(completion.task)
        if flight is None:  # a rebalance took the record away
            if isinstance(completion.result, Outcome):
                self._worker.settled(completion.result.puts)
            return
        match completion.result:
            case Chunk() as chunk:
                flight.cursor = chunk.cursor
                timed = self._timed(flight)
                settled = self._outbox.chunk(flight.delivered, flight.record, chunk, timed)
                self._succeeded(place, settled, done=False)
            case Outcome() as outcome:
                timed = self._timed(flight)
                settled = self._outbox.outcome(flight.delivered, flight.record, outcome, timed)
                self._succeeded(place, settled, done=True)
            case error:
                self._failed(place, error)

    def _timed(self, flight: Flight) -> Timed:
        return Timed(self._clock.wall(), self._clock.now() - flight.begun_at)

    def _succeeded(self, place: Place, settled: Settled, *, done: bool) -> None:
        self._flights.succeeded(place, done=done)
        self._trouble("stage", "")
        self._breaker.saw(dead=False)
        self._ledger.add(place, settled, self._clock.now(), done=done)

    def _failed(self, place: Place, error: BaseException) -> None:
        match self._flights.failed(place, error, self._clock.now(), self._random.random()):
            case Bury(name, reason):
                self._trouble("stage", "")
                flight = self._flights.bury(place)
                timed = self._timed(flight)
                letter = self._outbox.dead(flight.delivered, name, reason, flight.attempt, timed)
                self._dead(place, letter)
            case Stop(cause):
                raise cause
            case HoldUntil(_, reason):
                self._meter.retried(error)
                self._trouble("stage", reason)
            case _:
                self._meter.retried(error)
                self._trouble("stage", "")

    def _dead(self, place: Place, letter: Settled) -> None:
        self._ledger.add(place, letter, self._clock.now(), done=True)
        self._breaker.saw(dead=True)
        if self._breaker.why_open:
            self._commit()
            raise Fatal(
                f"{self._breaker.why_open}: stopped before more are lost; see `c2c dead-letters"
                f" list`, mend the cause, replay them and start again"
            )

    def _settle(self) -> None:
        now = self._clock.now()
        idle = now - self._active_at >= self._settings.settle_idle_s
        if not self._worker.running:
            self._settled_at = now
        elif idle or now - self._settled_at >= SETTLE_AGE_S:
            self._active_at = self._settled_at = now
            self._worker.settle()

    # --- rebalances, told inside of poll

    def assigned(self, positions: Mapping[Partition, Position]) -> None:
        """See Listener."""
        self._ledger.open(positions)

    def revoked(self, partitions: AbstractSet[Partition]) -> None:
        """See Listener: finish what is nearly done, commit it, forget the rest."""
        deadline = self._clock.now() + self._settings.revoke_s
        self._flights.forget_waiting(partitions)
        if self._flights.holds(partitions):
            self._worker.settle()
        while self._flights.holds(partitions) and self._clock.now() < deadline:
            self._submit()  # what stays goes on meanwhile
            if not self._full():
                self._complete()
            elif not self._commit():
                break
        while self._commit():  # whatever the time: what is not stored now is done again
            pass
        self.lost(partitions)

    def lost(self, partitions: AbstractSet[Partition]) -> None:
        """See Listener: whoever owns them now does it all again."""
        self._worker.cancel(self._flights.forget(partitions))
        for result in self._ledger.forget(partitions):
            self._worker.settled(result.puts)
        self._held.forget(partitions)
        self._trouble("schema", self._held.reason)
        if not self._ledger.has_prefix:
            self._failed_commits = 0
            self._trouble("commit", "")

    # --- commit

    def _due(self) -> bool:
        """Say whether to commit: also where nothing else could happen before it is due."""
        stuck = not self._flights and not self._room()
        return self._ledger.due(self._clock.now()) or (stuck and self._ledger.has_prefix)

    def _commit(self) -> bool:
        """Commit the finished prefixes; say whether there was any and it went through."""
        now = self._clock.now()
        commit = self._ledger.commit() if now >= self._commit_after else None
        if commit is None:
            return False
        try:
            with self._meter.activity("commit", ACTIVITY_S):
                self._broker.commit(commit.outputs, commit.positions, commit.puts)
        except Unavailable as error:
            self._failed_commits += 1
            wait_s = self._settings.retry_base_s * self._failed_commits
            self._commit_after = self._clock.now() + min(wait_s, MAX_UNAVAILABLE_WAIT_S)
            self._trouble("commit", str(error))
            return False
        self._failed_commits = 0
        self._trouble("commit", "")
        done_at = self._clock.now()
        self._ledger.committed(commit, done_at)
        for result in commit.settled:
            self._worker.settled(result.puts)
        self._meter.committed(commit.settled, done_at - now)
        return True

    def _drain(self) -> None:
        """Finish what the stage works on and commit it; the next start reads the rest again."""
        deadline = self._clock.now() + self._settings.drain_s
        self._flights.forget_waiting()
        self._worker.drain()
        while self._clock.now() < deadline and (self._worker.running or self._ledger.has_prefix):
            if self._worker.running and not self._full():
                self._complete()
            else:
                self._clock.wait(BUSY_S)
            if not self._worker.running or self._ledger.due(self._clock.now()):
                self._commit()
        while self._commit():
            pass

    # --- what others see

    def _trouble(self, kind: str, reason: str) -> None:
        """Take note of one kind of trouble, or with no reason of its end."""
        if self._troubles.get(kind, "") != reason:
            self._troubles[kind] = reason
            self._meter.health.ready(next(filter(None, self._troubles.values()), ""))

    def _observe(self) -> None:
        now = self._clock.now()
        if now - self._observed_at < OBSERVE_S:
            return
        self._observed_at = now
        with self._meter.activity("observe", ACTIVITY_S):
            try:
                self._holding = self._waits_too_much()
                lag = self._lag()
            except Unavailable as error:
                self._trouble("poll", str(error))
                return
            oldest = self._ledger.oldest_produced_at
            self._meter.observed(
                lag,
                0.0 if oldest is None else max(0.0, self._clock.wall() - oldest),
                self._ledger.records,
                books=sum_of(self._ledger.books.values()),
                breaker=self._breaker.fill,
                held=len(self._held),
                holding=self._holding,
            )

    def _waits_too_much(self) -> bool:
        """Say whether a stage further on lags too far; released at half the bound."""
        bound = self._settings.hold_lag_records // (2 if self._holding else 1)
        watched = held_by(self._meter.stage, self._settings.hold or "each")
        return any(self._broker.lag_of(topic.consumer, topic.name) > bound for topic in watched)

    def _lag(self) -> dict[Partition, int]:
        assigned = self._broker.assigned()
        return {p: end - assigned[p].offset for p, end in self._broker.ends().items()}
