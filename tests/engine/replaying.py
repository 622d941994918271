"""A process that copies the topic `files`: `python -m tests.engine.replaying OLD RUN NEW RUN`.

Two records to a transaction; it says when one begins and when it is stored. Meant to be killed.
"""

import sys
from contextlib import closing

from c2c_stream.broker.run import REPLAYER
from c2c_stream.engine import replaying
from tests.engine.make import CODEC
from tests.engine.settling import Saying, open_run


def main(old_at: str, old_run: str, new_at: str, new_run: str) -> None:
    """Copy until all is copied."""
    replaying.BATCH_RECORDS = 2  # type: ignore[misc]  # so that a kill meets one of many
    with (
        closing(open_run(old_at, old_run)) as old,
        closing(open_run(new_at, new_run)) as new,
        closing(Saying(new.feeder(REPLAYER))) as feeder,
    ):
        replaying.begin(old, new, feeder, "files", None)
        for _ in replaying.copy(old, feeder, "files", CODEC):
            pass


if __name__ == "__main__":
    main(*sys.argv[1:5])
