"""Tell Prometheus and the health page what the broker thread does; count what is committed."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager

from c2c_stream import metrics
from c2c_stream.broker.protocol import Partition
from c2c_stream.engine.books import Books, sum_of
from c2c_stream.engine.clock import Clock
from c2c_stream.engine.health import Health
from c2c_stream.engine.outbox import Settled


class Meter:
    """The meters of one service."""

    def __init__(self, stage: str, health: Health, clock: Clock) -> None:
        self.stage = stage
        self.health = health
        self._clock = clock
        self._seconds = {
            name: metrics.THREAD_SECONDS.labels(stage, name) for name in metrics.ACTIVITIES
        }

    @contextmanager
    def activity(self, name: str, within_s: float) -> Iterator[None]:
        """Account the time of the block to an activity that should be over `within_s` from now."""
        began = self._clock.now()
        self.health.enter(name, began + within_s)
        try:
            yield
        finally:
            self._seconds[name].inc(self._clock.now() - began)

    def committed(self, settled: Sequence[Settled], seconds: float) -> None:
        """Count what a commit carried."""
        stage = self.stage
        delta = sum_of([result.delta for result in settled])
        metrics.RECORDS.labels(stage, "processed").inc(delta.processed)
        metrics.RECORDS.labels(stage, "dead").inc(delta.dead)
        metrics.ITEMS.labels(stage, "out").inc(delta.out)
        metrics.ITEMS.labels(stage, "rejected").inc(delta.rejected)
        metrics.COMMITTED_BYTES.labels(stage).inc(sum(result.size for result in settled))
        for result in settled:
            counter = metrics.DEAD_LETTERS if result.delta.dead else metrics.REJECTIONS
            for reason, count in result.reasons.items():
                counter.labels(stage, reason).inc(count)
        metrics.COMMIT_SECONDS.labels(stage).observe(seconds)

    def retried(self, error: BaseException) -> None:
        """Count an attempt that is made again."""
        metrics.RETRIES.labels(self.stage, type(error).__name__).inc()

    def observed(
        self,
        lag: Mapping[Partition, int],
        age_s: float,
        window: int,
        *,
        books: Books,
        breaker: float,
        held: int,
        holding: bool,
    ) -> None:
        """Set the gauges."""
        for column in metrics.BOOK_COLUMNS:
            metrics.BOOKS.labels(self.stage, column).set(getattr(books, column))
        metrics.BREAKER.labels(self.stage).set(breaker)
        for topic in {topic for topic, _ in lag}:
            records = sum(n for (name, _), n in lag.items() if name == topic)
            metrics.LAG.labels(self.stage, topic).set(records)
        metrics.AGE.labels(self.stage).set(age_s)
        metrics.WINDOW.labels(self.stage).set(window)
        metrics.HELD_PARTITIONS.labels(self.stage).set(held)
        metrics.BACKPRESSURE.labels(self.stage).set(holding)
