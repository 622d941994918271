"""Lag grows, a second and a third process cut it, and a scaler would have asked for them.

What KEDA acts on is computed here as its kafka scaler does (v2.18, getTotalLag), from what a plain
client reads of a real Kafka, with the thresholds of k8s/components/keda.
"""

import math
from asyncio import sleep
from collections import Counter
from collections.abc import Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any, Final

import pytest
from confluent_kafka import Consumer, TopicPartition

from c2c_stream.broker.kafka_errors import patiently, translating
from c2c_stream.topics import key_of
from generate.deployment import PARTITIONS, SCALING
from generate.keda import scalers
from tests.e2e.test_serve import samples
from tests.engine.service import eventually
from tests.kafka.runs import PATIENCE_S, Outside, fresh_run
from tests.kafka.test_leaving import writer
from tests.sockets import free_ports
from tests.write.model.make import candidate
from tests.write.model.stub import Request, Stub, completion, in_thread

STAGE: Final = "writer"
# More than two pods are for, by the scaler's threshold.
RECORDS: Final = 2 * SCALING[STAGE].records + 100
ANSWER_S: Final = 0.05
CALL_S: Final = 30


async def after_a_while(request: Request) -> None:
    """Answer as a model does."""
    await sleep(ANSWER_S)
    await request.answer(200, completion("n=1\nn=2\nn=3\n"))


def spec_of(stage: str) -> Mapping[str, Any]:
    """Return the ScaledObject of a stage as it is applied."""
    return next(s["spec"] for s in scalers() if s["metadata"]["name"] == stage)


class Scaler:
    """KEDA's kafka scaler and the autoscaler behind it, on the topics of a run of the tests."""

    def __init__(self, run: Outside, stage: str) -> None:
        self._spec = spec_of(stage)
        [trigger] = self._spec["triggers"]
        self._metadata = trigger["metadata"]
        # The manifests name the run `main`; all else is theirs.
        self._topic = self._metadata["topic"].replace("main", run.cluster.run, 1)
        group = self._metadata["consumerGroup"].replace("main", run.cluster.run, 1)
        servers, ends = run.cluster.servers, "read_uncommitted"  # as Sarama asks for them
        told = {"bootstrap.servers": servers, "group.id": group, "isolation.level": ends}
        self._client = Consumer({**told, "log_level": 0})
        self._partitions = run.cluster.settings.partitions

    def lag(self) -> int:
        """Return the lag that it sees: of a partition without a commit all that is there."""
        return patiently(self._lag, PATIENCE_S)  # leaders that were just made are not known yet

    def _lag(self) -> int:
        wanted = [TopicPartition(self._topic, n) for n in range(self._partitions)]
        lag = 0
        earliest = self._metadata["offsetResetPolicy"] == "earliest"
        with translating(f"lag on {self._topic}"):
            for at in self._client.committed(wanted, CALL_S):
                end = self._client.get_watermark_offsets(at, CALL_S)[1]
                lag += end - at.offset if at.offset >= 0 else end if earliest else 1
        return lag

    def replicas(self, lag: int) -> int:
        """Return how many pods it asks for at a lag: whole ones for a threshold each, bounded."""
        threshold = int(self._metadata["lagThreshold"])
        if lag <= int(self._metadata["activationLagThreshold"]):
            return int(self._spec["minReplicaCount"])
        if lag // threshold > self._partitions:  # no more than partitions
            lag = self._partitions * threshold
        wanted = max(1, math.ceil(lag / threshold))
        return min(wanted, int(self._spec["maxReplicaCount"]))

    def close(self) -> None:
        """Let go of the client."""
        self._client.close()


@pytest.mark.timeout(600)
def test_two_more_processes_cut_a_lag_that_asks_for_them(kafka: str, tmp_path: Path) -> None:
    run = Outside(fresh_run(kafka, partitions=PARTITIONS))
    scaler = Scaler(run, STAGE)
    ports = free_ports(3)
    asked: list[int] = []

    def look(until: int) -> bool:
        asked.append(scaler.replicas(scaler.lag()))
        return asked[-1] <= until

    assert scaler.replicas(scaler.lag()) == 0, "a group that never met asks for none yet"
    run.feed(candidate(function_id=f"{0:032x}"))
    assert scaler.replicas(scaler.lag()) == 1, "one record wakes it, before it ever committed"
    with in_thread(Stub(after_a_while)) as model, ExitStack() as stack:
        stack.callback(scaler.close)

        def start(number: int) -> None:
            out = tmp_path / str(number)
            name = f"{STAGE}-{number}"
            stack.enter_context(writer(run, out, ports[number], model, name))

        start(0)
        eventually(lambda: scaler.lag() == 0)
        run.feed(*(candidate(function_id=f"{n:032x}") for n in range(1, RECORDS)))
        before = scaler.lag()
        assert scaler.replicas(before) == 3, f"a lag of {before} is for three"
        start(1)
        start(2)
        eventually(lambda: look(0), patience_s=240)
        did = [samples(port)["c2c_records_total{processed,writer}"] for port in ports]
    assert all(did), f"each had its share: {did}"
    steps = [n for n, last in zip(asked, [None, *asked], strict=False) if n != last]
    assert steps == sorted(steps, reverse=True), f"it never asks for more again: {steps}"
    assert steps[-2:] == [1, 0], "the last one goes when nothing waits"
    came = Counter(key_of(record) for record in run.records("inputs"))
    assert came == Counter(f"{n:032x}" for n in range(RECORDS))
