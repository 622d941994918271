"""What is sent of traces, and what happens where nobody takes it."""

import http.client
from collections.abc import Iterator
from contextlib import closing

import pytest

from c2c_stream import metrics
from c2c_stream.broker.protocol import Delivered
from c2c_stream.engine.clock import SystemClock
from c2c_stream.engine.health import Health
from c2c_stream.engine.http import HttpServer
from c2c_stream.engine.meter import Meter
from c2c_stream.engine.outbox import Outbox, Settled, Timed
from c2c_stream.engine.spans import Spans
from c2c_stream.engine.stage import Chunk, Outcome
from c2c_stream.engine.trace import FILE, TRACEPARENT, Parent, Tracer
from c2c_stream.errors import SettingsError
from c2c_stream.records import File, RejectedItem, Repository
from c2c_stream.settings import TraceSettings
from tests.engine.make import CODEC
from tests.otlp import Collector, collecting

ABOVE = Parent(b"0af7651916cd43dd8448eb211c80319c", b"b7ad6b7169203331")
TIMED = Timed(at=1_800_000_000.5, seconds=0.25)


@pytest.fixture
def collector() -> Iterator[Collector]:
    with collecting() as found:
        yield found


def sent(
    collector: Collector, settled: list[Settled], stage: str = "collector", share: float = 1
) -> list[str]:
    """Send what was committed; return what was told of it."""
    told: list[str] = []
    settings = TraceSettings(endpoint=collector.url, share=share)
    spans = Spans(settings, "main", stage, told.append)
    spans.send(settled)
    spans.close()
    return told


def outbox(stage: str = "collector") -> Outbox:
    return Outbox(stage, CODEC, Tracer("main", stage))


def read(record: File | Repository, above: Parent | None = ABOVE, offset: int = 7) -> Delivered:
    headers = ((TRACEPARENT, above.header()),) if above else ()
    return Delivered("files", 3, offset, b"k", CODEC.encode(record), headers)


def settled(above: Parent | None = ABOVE, number: int = 0) -> Settled:
    file = File(file_id=f"{number:032x}")
    item = RejectedItem(path="a.py", qualified_name="f", reason="method")
    outcome = Outcome(rejected=(item,))
    return outbox().outcome(read(file, above, number), file, outcome, TIMED)


def test_a_span_is_the_one_that_headers_tell_of(collector: Collector) -> None:
    result = settled()
    assert sent(collector, [result]) == []

    [span] = collector.spans
    [output] = result.outputs
    header = dict(output.headers)[TRACEPARENT].decode()
    assert header == f"00-{span.trace_id}-{span.span_id}-01"
    assert span.parent == ABOVE.span_id.decode()
    assert (span.service, span.name, span.seconds) == ("c2c-collector", "process files", 0.25)
    assert span.about["messaging.destination.partition.id"] == "3"
    assert (span.about["c2c.rejected"], span.about["c2c.reasons"]) == (1, "method")
    assert span.about[FILE] == f"{0:032x}"
    assert not span.failed


def test_a_dead_letter_is_an_error(collector: Collector) -> None:
    delivered = read(File(file_id="fi"))
    sent(collector, [outbox().dead(delivered, "Poison", "why", 1, TIMED)])

    [span] = collector.spans
    assert span.failed == "Poison"


def test_a_file_begins_a_trace_that_leads_back_to_its_repository(collector: Collector) -> None:
    repository = Repository("https://host.example/a")
    files = tuple(File(file_id=f"{n}" * 32) for n in (1, 2))
    box = outbox("ingester")
    delivered = read(repository, None)
    chunk = box.chunk(delivered, repository, Chunk(files, (), "at 2"), TIMED)
    end = box.outcome(delivered, repository, Outcome(), TIMED)
    sent(collector, [chunk, end], "ingester")

    begun = [span for span in collector.spans if span.name == "put file"]
    [whole] = [span for span in collector.spans if span.name == "process files"]
    parents = [dict(produced.headers)[TRACEPARENT].decode() for produced in chunk.outputs]
    assert sorted(parents) == sorted(f"00-{s.trace_id}-{s.span_id}-01" for s in begun)
    assert {s.parent for s in (*begun, whole)} == {""}
    assert {s.links for s in begun} == {(whole.trace_id,)}


def test_a_share_of_the_traces_is_the_same_for_all_and_no_trace_is_cut(
    collector: Collector,
) -> None:
    roots = [settled(None, number) for number in range(400)]
    sent(collector, roots, share=0.25)
    taken = {span.trace_id for span in collector.spans}
    assert 50 < len(taken) < 150

    collector.spans.clear()
    sent(collector, roots, "executor", share=0.25)
    assert {span.trace_id for span in collector.spans} == taken
    collector.spans.clear()
    sent(collector, roots, share=0)
    assert collector.spans == []


def test_what_somebody_chose_not_to_sample_is_not_sent(collector: Collector) -> None:
    sent(collector, [settled(ABOVE._replace(flags=0))])
    assert collector.requests == 0


def test_a_collector_that_takes_none_is_told_of_once_and_counted(collector: Collector) -> None:
    collector.status = 400
    failed = metrics.SPANS.labels("collector", "failed")
    before = failed._value.get()
    told: list[str] = []
    spans = Spans(TraceSettings(endpoint=collector.url), "main", "collector", told.append)
    for number in range(1200):  # more than one batch holds
        spans.send([settled(None, number)])
    spans.close()

    assert told == ["the collector of traces takes none"]
    assert failed._value.get() == before + 1200


@pytest.mark.parametrize("endpoint", ["collector:4318", "http://me:secret@127.0.0.1:1/v1/traces"])
def test_an_endpoint_that_is_no_url_or_holds_a_login_is_refused(endpoint: str) -> None:
    with pytest.raises(SettingsError, match=r"traces\.endpoint") as refused:
        Spans(TraceSettings(endpoint=endpoint), "main", "collector", print)
    assert "secret" not in str(refused.value)


def test_exemplars_lead_from_the_histogram_to_the_trace(collector: Collector) -> None:
    def page(accept: str) -> str:
        with closing(http.client.HTTPConnection("127.0.0.1", server.port)) as connection:
            connection.request("GET", "/metrics", headers={"Accept": accept})
            return connection.getresponse().read().decode()

    metrics.initialise("curator", "test")
    spans = Spans(TraceSettings(endpoint=collector.url), "main", "curator", print)
    meter = Meter("curator", Health(), SystemClock(), spans=spans)
    result = settled()
    meter.committed([result], 0.1)
    spans.close()
    server = HttpServer("127.0.0.1", 0, Health(), SystemClock())
    server.start()
    newer, older = page("application/openmetrics-text; version=1.0.0"), page("text/plain")
    server.stop()

    bucket = 'c2c_work_seconds_bucket{le="0.25",stage="curator"} '
    [line] = [line for line in newer.splitlines() if line.startswith(bucket)]
    assert f'# {{trace_id="{ABOVE.trace_id.decode()}"}} 0.25' in line
    assert bucket in older
    assert "trace_id" not in older
    assert "_created" not in newer + older
    assert [span.trace_id for span in collector.spans] == [ABOVE.trace_id.decode()]


def test_without_a_collector_there_are_no_exemplars_and_dead_letters_are_told_of() -> None:
    buried: list[Settled] = []
    meter = Meter("curator", Health(), SystemClock(), bury=buried.append)
    letter = outbox().dead(read(File(file_id="fi")), "Poison", "why", 1, TIMED)
    meter.committed([settled(), letter], 0.1)

    assert buried == [letter]
