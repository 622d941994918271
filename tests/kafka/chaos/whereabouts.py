"""Where a service is, for its log, when a run does not go on: SIGUSR1."""

import faulthandler
import gc
import json
import signal
import sys
from types import FrameType
from typing import Any, Final

from confluent_kafka import Consumer

from c2c_stream.broker.kafka import KafkaBroker
from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.engine.runner import Runner

STATISTICS_MS: Final = 2000
# What librdkafka says of a partition that it should be fetching.
TOLD: Final = (
    "broker",
    "leader",
    "leader_epoch",
    "desired",
    "fetch_state",
    "fetchq_cnt",
    "query_offset",
    "next_offset",
    "app_offset",
    "committed_offset",
    "eof_offset",
    "lo_offset",
    "hi_offset",
    "ls_offset",
    "consumer_lag",
    "msgs_inflight",
)
# What the engine and its seat at Kafka know, by their own names.
OF_RUNNER: Final = ("_troubles", "_failed_commits", "_commit_after", "_holding")
OF_BROKER: Final = ("_down", "_counts")
OF_READING: Final = ("owned", "_paused", "held", "_full_since")

_made = Cluster._made
_statistics: dict[str, Any] = {}


def tell_on_signal() -> None:
    """Let SIGUSR1 write the stacks, the engine's books and the client's view to standard error."""
    Cluster._made = _made_with_statistics  # type: ignore[method-assign]
    signal.signal(signal.SIGUSR1, _tell)
    faulthandler.register(signal.SIGUSR1, chain=True)


def _made_with_statistics(self: Cluster, kind: Any, properties: Any) -> Any:
    if kind is Consumer and "max.poll.interval.ms" in properties:
        added = {"statistics.interval.ms": STATISTICS_MS, "stats_cb": _keep}
        return _made(self, kind, {**properties, **added})
    return _made(self, kind, properties)


def _keep(text: str) -> None:
    told = json.loads(text)
    _statistics.clear()
    _statistics["ts"] = told["ts"]
    _statistics["cgrp"] = told.get("cgrp")
    _statistics["brokers"] = {
        name: {k: one.get(k) for k in ("state", "stateage", "outbuf_cnt", "waitresp_cnt")}
        for name, one in told["brokers"].items()
    }
    for topic, one in told["topics"].items():
        for number, partition in one["partitions"].items():
            if number != "-1":
                _statistics[f"{topic}[{number}]"] = {k: partition.get(k) for k in TOLD}


def _tell(_: int, __: FrameType | None) -> None:
    found: dict[str, Any] = {"client": dict(_statistics)}
    for one in gc.get_objects():
        if isinstance(one, Runner):
            found["runner"] = {name: repr(getattr(one, name)) for name in OF_RUNNER}
            found["runner"]["now"] = one._clock.now()
            found["runner"]["room"] = one._room()
            found["runner"]["records"] = one._ledger.records
            found["runner"]["prefix"] = one._ledger.has_prefix
            found["runner"]["flights"] = len(one._flights)
        elif isinstance(one, KafkaBroker):
            found["broker"] = {name: repr(getattr(one, name)) for name in OF_BROKER}
            found["reading"] = {name: repr(getattr(one._reading, name)) for name in OF_READING}
            found["unsettled"] = repr(one._commits._unsettled)
            found["commit unknown"] = one._commits._transactions.unsettled
    sys.stderr.write(json.dumps(found, indent=1, default=str) + "\n")
    sys.stderr.flush()
