"""The follower's seat at a run on Kafka: a producer without a group, and a compacted topic."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from c2c_stream.broker import kafka_topics
from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_state import State
from c2c_stream.broker.kafka_transactions import Transactions
from c2c_stream.broker.known import FOLLOWER
from c2c_stream.broker.protocol import Partition, Produced
from c2c_stream.topics import REPOS, state_topic_of

# All of it stands in one partition: it is little, and read as a whole.
_AT: Partition = (REPOS.name, 0)


class KafkaKnown:
    """What a follower knows, in the topic `follower-state`."""

    def __init__(self, cluster: Cluster) -> None:
        # One transactional id, whatever the host: a second follower fences the first.
        only = replace(cluster, settings=cluster.settings.model_copy(update={"instance": "only"}))
        self._cluster = cluster
        self._admin = cluster.admin(lambda _: None)
        self._state = State(cluster, FOLLOWER, self._admin)
        self._transactions = Transactions(only, FOLLOWER, lambda _: None)

    def open(self) -> Mapping[str, bytes]:
        """See Known. First ends what a follower before this one has left open, then reads."""
        self._transactions.close()
        kafka_topics.check(self._cluster, self._admin, kafka_topics.names())
        self._transactions.open()
        self._state.restore(_AT, fresh=False)
        return dict(self._state.view)

    def put(self, outputs: Sequence[Produced], values: Mapping[str, bytes]) -> None:
        """See Known."""
        name = state_topic_of(FOLLOWER)
        kept = [Produced(name, key.encode(), value) for key, value in values.items()]
        self._transactions.commit(
            [
                *((self._cluster.topic(output.topic), None, output) for output in outputs),
                *((self._cluster.topic(name), _AT[1], change) for change in kept),
            ],
            [],
            None,
        )

    def close(self) -> None:
        """See Known."""
        self._transactions.close()
