"""The trace and the lineage of a file, from the ingester to its samples, by real services."""

import json
from collections.abc import Callable, Iterator, Mapping
from collections.abc import Set as AbstractSet
from contextlib import closing
from pathlib import Path

import pytest
from confluent_kafka import OFFSET_BEGINNING, TopicPartition

from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.local import LocalLog
from c2c_stream.codec import Codec
from c2c_stream.engine.trace import parent_in
from c2c_stream.records import File, Sample
from c2c_stream.settings import KafkaSettings
from c2c_stream.topics import SERVICES
from tests.e2e.chain import STDLIB, run_to_end
from tests.otlp import Collector, collecting

HOPS = ("files", "functions", "candidates", "inputs", "cases", "samples")
STAGES = dict(
    zip(HOPS, ("ingester", "collector", "curator", "writer", "executor", "formatter"), strict=True)
)
CODEC = Codec()

Headers = tuple[tuple[str, bytes], ...]
Read = Callable[[str], list[tuple[bytes, Headers]]]


def on_local_log(out: Path) -> Read:
    def read(topic: str) -> list[tuple[bytes, Headers]]:
        with closing(LocalLog(out / ".c2c", "main")) as log:
            return [(record.value, record.headers) for record in log.read(topic, 0, 10_000)]

    return read


def on_kafka(address: str, out: Path) -> Read:
    name = json.loads((out / "run.json").read_text(encoding="utf-8"))["run"]
    cluster = Cluster(address, name, KafkaSettings())

    def read(topic: str) -> list[tuple[bytes, Headers]]:
        reader = cluster.reader(lambda _: None)
        partitions = range(cluster.settings.partitions)
        reader.assign(
            [TopicPartition(cluster.topic(topic), n, OFFSET_BEGINNING) for n in partitions]
        )
        found: list[tuple[bytes, Headers]] = []
        ended = 0
        while ended < cluster.settings.partitions:
            message = reader.poll(30)
            assert message is not None
            ended += message.error() is not None
            if not message.error():
                headers = message.headers() or []
                found.append((message.value() or b"", tuple(headers)))  # type: ignore[arg-type]  # the stubs allow text
        reader.close()
        return found

    return read


@pytest.fixture
def collector(monkeypatch: pytest.MonkeyPatch) -> Iterator[Collector]:
    """Run a collector to which all services send their spans."""
    with collecting() as found:
        monkeypatch.setenv("C2C_TRACES__ENDPOINT", found.url)
        yield found


@pytest.mark.parametrize("where", ["local", "kafka"])
def test_a_files_trace_reaches_its_samples(
    where: str, request: pytest.FixtureRequest, tmp_path: Path, collector: Collector
) -> None:
    for name in ("textwrap", "heapq"):
        text = (STDLIB / f"{name}.py").read_text(encoding="utf-8")
        (tmp_path / f"{name}.py").write_text(text, encoding="utf-8")
    (tmp_path / "source").mkdir()
    for file in tmp_path.glob("*.py"):
        file.rename(tmp_path / "source" / file.name)
    out = tmp_path / "out"
    address = request.getfixturevalue("kafka") if where == "kafka" else ""
    options = ("--broker", f"kafka://{address}") if address else ()
    run = run_to_end(tmp_path / "source", out, "--keep", *options)
    assert run.code == 0, run.stdout + run.stderr
    read = on_kafka(address, out) if address else on_local_log(out)

    begun: dict[bytes, bytes] = {}
    spans: set[tuple[bytes, bytes]] = set()
    for topic in HOPS:
        found = read(topic)
        assert found
        for value, headers in found:
            told, parent = dict(headers), parent_in(headers)
            assert parent
            record = CODEC.decode(value)
            if isinstance(record, File):
                begun[record.file_id.encode()] = parent.trace_id
            assert told["c2c.stage"].decode() == STAGES[topic]
            assert begun[told["c2c.file_id"]] == parent.trace_id
            if isinstance(record, Sample):
                assert told["c2c.function_id"].decode() == record.function_id
                assert len(told["c2c.occurrence_id"]) == 32
        parents = [parent_in(headers) for _, headers in found]
        new = {(p.trace_id, p.span_id) for p in parents if p}
        assert not new & spans
        spans |= new
    assert len(begun) == len(set(begun.values())) == 2
    rejected = [parent_in(headers) for _, headers in read("rejections")]
    assert {p.trace_id for p in rejected if p} <= set(begun.values())
    assert rejected
    assert_whole(collector, begun, spans)


def assert_whole(
    collector: Collector, begun: Mapping[bytes, bytes], spans: AbstractSet[tuple[bytes, bytes]]
) -> None:
    """Assert that the spans which were sent are those of the headers, each under its parent."""
    sent = {(span.trace_id, span.span_id): span for span in collector.spans}
    assert len(sent) == len(collector.spans)
    assert {(trace.decode(), span.decode()) for trace, span in spans} <= sent.keys()
    of_files = [span for span in sent.values() if span.trace_id.encode() in begun.values()]
    roots = [span for span in of_files if not span.parent]
    assert [span.name for span in roots] == ["put file"] * len(begun)
    assert all((span.trace_id, span.parent) in sent for span in of_files if span.parent)
    assert {span.service for span in of_files} == {f"c2c-{stage}" for stage in SERVICES}
