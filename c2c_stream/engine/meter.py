"""Tell Prometheus and the health page what the broker thread does; count what is committed."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING

from c2c_stream import metrics
from c2c_stream.broker.protocol import Partition
from c2c_stream.engine.books import Books, sum_of
from c2c_stream.engine.clock import Clock
from c2c_stream.engine.health import Health
from c2c_stream.engine.outbox import Settled, Work

if TYPE_CHECKING:
    from c2c_stream.engine.spans import Spans


class Meter:
    """The meters of one service."""

    def __init__(
        self,
        stage: str,
        health: Health,
        clock: Clock,
        *,
        spans: "Spans | None" = None,
        bury: Callable[[Settled], None] | None = None,
    ) -> None:
        """Count for `stage`. `spans`: where traces go. `bury` is told of each dead letter."""
        self.stage = stage
        self._spans = spans
        self._bury = bury
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
        """Count what a commit carried; tell of its dead letters and of its part in traces."""
        stage = self.stage
        delta = sum_of([result.delta for result in settled])
        metrics.RECORDS.labels(stage, "processed").inc(delta.processed)
        metrics.RECORDS.labels(stage, "dead").inc(delta.dead)
        metrics.ITEMS.labels(stage, "out").inc(delta.out)
        metrics.ITEMS.labels(stage, "rejected").inc(delta.rejected)
        metrics.COMMITTED_BYTES.labels(stage).inc(sum(result.size for result in settled))
        took = metrics.WORK_SECONDS.labels(stage)
        for result in settled:
            counter = metrics.DEAD_LETTERS if result.delta.dead else metrics.REJECTIONS
            for reason, count in result.reasons.items():
                counter.labels(stage, reason).inc(count)
            if result.work and result.delta.read:
                took.observe(result.work.seconds, self._exemplar(result.work))
            if result.delta.dead and self._bury:
                self._bury(result)
        if self._spans:
            self._spans.send(settled)
        metrics.COMMIT_SECONDS.labels(stage).observe(seconds)

    def _exemplar(self, work: Work) -> dict[str, str] | None:
        """Return how a trace backend finds the work; None where no trace is sent."""
        if self._spans is None or not self._spans.holds(work.span):
            return None
        return {"trace_id": work.span.own.trace_id.decode()}

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
