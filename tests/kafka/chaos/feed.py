"""Puts the sources on their topic little by little, so that there is work left for every kill."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from confluent_kafka import KafkaError, Message, Producer

from c2c_stream.codec import Codec
from c2c_stream.ingest.stage import check_source
from c2c_stream.topics import key_of

# Bytes that are no record, among the sources.
GARBAGE: Final = 5
NO_RECORD: Final = b"no record"
# Brokers may be away for longer than any test takes: a record is tried for ever, and stands once.
NEVER_MS: Final = 3_600_000
FLUSH_S: Final = 120.0


class Feed:
    """The records of the topic `repos`, in order; no broker that is killed doubles one."""

    def __init__(self, servers: str, topic: str, sources: Sequence[Path]) -> None:
        self._topic = topic
        self._records = _records(sources)
        self._fed = 0
        self._producer = Producer(
            {
                "bootstrap.servers": servers,
                "enable.idempotence": True,
                "message.timeout.ms": NEVER_MS,
                "partitioner": "murmur2_random",
                "log_level": 0,
            }
        )
        self.garbage = Counter(key.decode() for key, value in self._records if value == NO_RECORD)
        """Keys of what is no record."""

    def to(self, share: float) -> None:
        """Feed on, up to a share of all."""
        until = min(len(self._records), round(share * len(self._records)))
        for key, value in self._records[self._fed : until]:
            self._producer.produce(self._topic, value, key, on_delivery=_refused)
        self._fed = max(self._fed, until)
        self._producer.poll(0)

    def finish(self) -> None:
        """Feed the rest, and wait until all of it is there."""
        self.to(1.0)
        assert not self._producer.flush(FLUSH_S), "not all sources could be fed"


def _records(sources: Sequence[Path]) -> list[tuple[bytes, bytes]]:
    codec = Codec()
    checked = [check_source(str(source)) for source in sources]
    records = [(key_of(r).encode(), codec.encode(r)) for r in checked]
    for number in range(GARBAGE):
        place = number * len(records) // GARBAGE
        records.insert(place, (b"garbage %d" % number, NO_RECORD))
    return records


def _refused(error: KafkaError | None, _: Message) -> None:
    assert error is None, f"a source could not be fed: {error}"
