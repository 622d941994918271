"""A process that replays all open letters: `python -m tests.engine.settling FOLDER|ADDRESS RUN`.

Two letters to a transaction; it says how many it has settled after each. Meant to be killed.
"""

import sys
from contextlib import closing
from pathlib import Path

from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.broker.kafka_run import KafkaRun
from c2c_stream.broker.local_run import LocalRun
from c2c_stream.broker.run import SETTLER, RunLog
from c2c_stream.engine import settling
from c2c_stream.engine.letters import REPLAYED, Choice
from c2c_stream.settings import KafkaSettings
from tests.engine.make import CODEC


def open_run(where: str, run: str) -> RunLog:
    """Return a run in a folder, or on a cluster."""
    if ":" in where:
        return KafkaRun(Cluster(where, run, KafkaSettings()))
    return LocalRun(Path(where), run)


def main(where: str, run: str) -> None:
    """Replay until all is settled."""
    settling.BATCH_LETTERS = 2  # type: ignore[misc]  # so that a kill meets one of many
    with closing(open_run(where, run)) as log, closing(log.feeder(SETTLER)) as feeder:
        desk = settling.desk_of(log, CODEC)
        wanted = settling.plan(desk, Choice(settled=False), REPLAYED, stop_at_first_error=False)
        for settled in settling.carry_out(wanted, desk, feeder):
            sys.stdout.write(f"{settled}\n")
            sys.stdout.flush()


if __name__ == "__main__":
    main(sys.argv[1], sys.argv[2])
