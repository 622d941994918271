"""Send what was committed as spans to an OpenTelemetry collector. Needs the extra `traces`.

The spans are those that the headers of records tell of (trace.py), so that a trace is whole
whichever services sent their part. They are made after the commit: work that is done again after a
crash is sent once, by who committed it. A file's trace begins with a span of the ingester, which is
linked to the one that read its repository. Names: OpenTelemetry's conventions for messaging.
"""

import logging
from collections.abc import Callable, Iterable, Sequence
from typing import Final

from opentelemetry.context import Context
from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.id_generator import IdGenerator
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import (
    Link,
    NonRecordingSpan,
    SpanContext,
    SpanKind,
    Status,
    StatusCode,
    TraceFlags,
    set_span_in_context,
)

from c2c_stream import __version__, metrics
from c2c_stream.engine.outbox import Settled, Work
from c2c_stream.engine.trace import RUN, Parent, Span, parent_in
from c2c_stream.errors import SettingsError
from c2c_stream.settings import TraceSettings

# Of sending one batch. A collector that is away costs spans, never records.
SEND_S: Final = 5
_NANO: Final = 1_000_000_000
_SAMPLED: Final = TraceFlags(TraceFlags.SAMPLED)


class Spans:
    """Sends the spans of one service. Owned by the thread that commits."""

    def __init__(
        self, settings: TraceSettings, run: str, stage: str, tell: Callable[[str], None]
    ) -> None:
        """Connect to nothing yet. `tell` hears that none are taken, and that they are again ("").

        Raises SettingsError for an endpoint that is no URL.
        """
        if not settings.endpoint.startswith(("http://", "https://")) or "@" in settings.endpoint:
            raise SettingsError(
                "traces.endpoint: write http://HOST:4318/v1/traces, with a login in"
                " OTEL_EXPORTER_OTLP_HEADERS"
            )
        self._stage = stage
        self._bound = round(settings.share * 2**64)
        self._ids = _Ids()
        about = {"service.name": f"c2c-{stage}", "service.version": __version__, RUN: run}
        self._provider = TracerProvider(
            sampler=ALWAYS_ON,
            resource=Resource.create(about),
            id_generator=self._ids,
            shutdown_on_exit=False,
        )
        exporter = OTLPSpanExporter(endpoint=settings.endpoint, timeout=SEND_S)
        self._provider.add_span_processor(BatchSpanProcessor(_Counting(exporter, stage, tell)))
        self._tracer = self._provider.get_tracer("c2c_stream", __version__)
        # It tells of each failure on standard error; we tell of the first.
        logging.getLogger("opentelemetry").setLevel(logging.CRITICAL + 1)

    def holds(self, span: Span) -> bool:
        """Say whether the trace of a span is among those that are sent."""
        sampled = span.own.flags & TraceFlags.SAMPLED
        return bool(sampled) and int(span.own.trace_id[16:], 16) < self._bound

    def send(self, settled: Iterable[Settled]) -> None:
        """Queue the spans of what was committed; what finds no room is dropped."""
        for result in settled:
            work = result.work
            if work is None or not self.holds(work.span):
                continue
            if result.delta.read:
                self._own(result, work)
            own = work.span.own
            for begun in {parent_in(produced.headers) for produced in result.outputs}:
                if begun is not None and begun.trace_id != own.trace_id:
                    self._file(begun, work)

    def close(self) -> None:
        """Send what is queued and stop."""
        self._provider.shutdown()

    def _own(self, result: Settled, work: Work) -> None:
        topic, partition, offset = work.place
        told: dict[str, str | int] = {
            "messaging.operation.type": "process",
            "messaging.destination.name": topic,
            "messaging.destination.partition.id": str(partition),
            "messaging.kafka.offset": offset,
            "c2c.out": result.delta.out,
            "c2c.rejected": result.delta.rejected,
        }
        told |= work.span.ids()
        if result.reasons:
            told["c2c.reasons"] = ", ".join(sorted(result.reasons))
        self._ids.next = work.span.own
        began = round(work.began * _NANO)
        span = self._tracer.start_span(
            f"process {topic}",
            _context(work.span.above),
            SpanKind.CONSUMER,
            told,
            start_time=began,
        )
        if result.delta.dead:
            span.set_status(Status(StatusCode.ERROR, ", ".join(result.reasons)))
        span.end(began + round(work.seconds * _NANO))

    def _file(self, begun: Parent, work: Work) -> None:
        """Send the span that a file's trace begins with: the moment at which it was put out."""
        self._ids.next = begun
        at = round((work.began + work.seconds) * _NANO)
        link = Link(_told(work.span.own))
        span = self._tracer.start_span(
            "put file", Context(), SpanKind.PRODUCER, links=[link], start_time=at
        )
        span.end(at)


class _Ids(IdGenerator):
    """Gives the next span the ids that its headers already have."""

    next = Parent(b"", b"")

    def generate_trace_id(self) -> int:
        return int(self.next.trace_id, 16)

    def generate_span_id(self) -> int:
        return int(self.next.span_id, 16)


class _Counting(SpanExporter):
    """Counts what an exporter sends, and tells when it begins to fail and when it works again."""

    def __init__(self, inner: SpanExporter, stage: str, tell: Callable[[str], None]) -> None:
        self._inner = inner
        self._stage = stage
        self._tell = tell
        self._failing = False

    def export(self, spans: Sequence[ReadableSpan]) -> SpanExportResult:
        """See SpanExporter."""
        result = self._inner.export(spans)
        failed = result is not SpanExportResult.SUCCESS
        metrics.SPANS.labels(self._stage, "failed" if failed else "sent").inc(len(spans))
        if failed != self._failing:
            self._failing = failed
            self._tell("the collector of traces takes none" if failed else "")
        return result

    def shutdown(self) -> None:
        """See SpanExporter."""
        self._inner.shutdown()


def _context(above: Parent | None) -> Context:
    return set_span_in_context(NonRecordingSpan(_told(above)), Context()) if above else Context()


def _told(parent: Parent) -> SpanContext:
    ids = int(parent.trace_id, 16), int(parent.span_id, 16)
    return SpanContext(*ids, is_remote=True, trace_flags=_SAMPLED)
