"""A process that replays all open letters: `python -m tests.engine.settling FOLDER|ADDRESS RUN`.

Two letters to a transaction; it says when one begins and when it is stored. Meant to be killed.
"""

import sys
from collections.abc import Mapping, Sequence
from contextlib import closing
from pathlib import Path

from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_run import KafkaRun
from c2c_stream.broker.local_run import LocalRun
from c2c_stream.broker.protocol import Partition, Produced
from c2c_stream.broker.run import SETTLER, Feeder, RunLog
from c2c_stream.engine import settling
from c2c_stream.engine.letters import REPLAYED, Choice
from c2c_stream.settings import KafkaSettings
from tests.engine.make import CODEC


class Saying:
    """A feeder that says what it does."""

    def __init__(self, feeder: Feeder) -> None:
        self.marks = feeder.marks
        self.close = feeder.close
        self._append = feeder.append

    def append(
        self, outputs: Mapping[Partition, Sequence[Produced]], marks: Mapping[Partition, str]
    ) -> None:
        """See Feeder."""
        say("begins")
        self._append(outputs, marks)
        say("stored")


def say(word: str) -> None:
    """Print a line at once."""
    sys.stdout.write(f"{word}\n")
    sys.stdout.flush()


def open_run(where: str, run: str) -> RunLog:
    """Return a run in a folder, or on a cluster."""
    if ":" in where:
        return KafkaRun(Cluster(where, run, KafkaSettings()))
    return LocalRun(Path(where), run)


def main(where: str, run: str) -> None:
    """Replay until all is settled."""
    settling.BATCH_LETTERS = 2  # type: ignore[misc]  # so that a kill meets one of many
    with closing(open_run(where, run)) as log, closing(Saying(log.feeder(SETTLER))) as feeder:
        desk = settling.desk_of(log, CODEC)
        wanted = settling.plan(desk, Choice(settled=False), REPLAYED, stop_at_first_error=False)
        for _ in settling.carry_out(wanted, desk, feeder):
            pass


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
