"""The follower's seat at a run on Kafka: a producer without a group, and a compacted topic."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Final

from confluent_kafka import OFFSET_BEGINNING

from c2c_stream.broker import kafka_reader, kafka_topics
from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_errors import Told
from c2c_stream.broker.kafka_feeder import INSTANCE
from c2c_stream.broker.kafka_transactions import Transactions
from c2c_stream.broker.known import FOLLOWER
from c2c_stream.broker.protocol import Partition, Produced
from c2c_stream.topics import REPOS, state_topic_of

# All of it stands in one partition: it is little, and read as a whole.
_AT: Final[Partition] = (state_topic_of(FOLLOWER), 0)


class KafkaKnown:
    """What a follower knows, in the topic `follower-state`."""

    def __init__(self, cluster: Cluster) -> None:
        # One transactional id, whatever the host: a second follower fences the first.
        alone = cluster.settings.model_copy(update={"instance": INSTANCE})
        self._cluster = cluster
        self._told = Told(cluster.servers)
        self._admin = cluster.admin(self._told)
        self._transactions = Transactions(replace(cluster, settings=alone), FOLLOWER, self._told)

    def open(self) -> Mapping[str, bytes]:
        """See Known. First ends what a follower before this one has left open, then reads."""
        self._transactions.close()
        self._admin.poll(0)  # the client tells in its callbacks what is wrong
        self._told.check()
        kafka_topics.check(self._cluster, self._admin, [REPOS.name, _AT[0]])
        self._transactions.open()
        end = kafka_topics.ends(self._cluster, self._admin, [_AT])[_AT]
        rows = kafka_reader.read(self._cluster, *_AT, OFFSET_BEGINNING, end)
        return {(row.key() or b"").decode(): row.value() or b"" for row in rows}

    def put(self, outputs: Sequence[Produced], values: Mapping[str, bytes]) -> None:
        """See Known."""
        name, number = _AT
        kept = [Produced(name, key.encode(), value) for key, value in values.items()]
        self._transactions.commit(
            [
                *((self._cluster.topic(output.topic), None, output) for output in outputs),
                *((self._cluster.topic(name), number, change) for change in kept),
            ],
            [],
            None,
        )

    def close(self) -> None:
        """See Known."""
        self._transactions.close()
