"""A replay of dead letters is killed again and again: each record stands again exactly once."""

import random
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from c2c_stream.broker.protocol import Produced
from c2c_stream.cli.progress import progress_of
from c2c_stream.records import DeadLetter
from tests.engine.make import CODEC
from tests.engine.settling import open_run
from tests.kafka.runs import fresh_run
from tests.processes import kill, lines, start

KILLS = 6
# As many as are not all settled before the last kill, at two to a transaction.
LETTERS = {"local": 2000, "kafka": 200}


@pytest.mark.parametrize("broker", ["local", "kafka"])
def test_a_replay_that_is_killed_puts_each_record_back_once(
    broker: str, request: pytest.FixtureRequest, run_folder: Path
) -> None:
    count = LETTERS[broker]
    where, name = str(run_folder), "main"
    if broker == "kafka":
        cluster = fresh_run(request.getfixturevalue("kafka"))
        where, name = cluster.servers, cluster.run
    letters = [
        DeadLetter(topic="files", offset=n, value=b"%d" % n, value_bytes=len(b"%d" % n))
        for n in range(count)
    ]
    moments = random.Random(5)
    with closing(open_run(where, name)) as run:
        run.append([Produced("dead-letters", b"", CODEC.encode(one)) for one in letters])
        for _ in range(KILLS):
            replaying = start("tests.engine.settling", where, name)
            assert lines(replaying, moments.randint(1, 15))
            assert replaying.poll() is None, "it was done before it could be killed"
            kill(replaying)
        last = start("tests.engine.settling", where, name)
        last.communicate()

        back = Counter(r.value for r in run.records("files", run.spans("files")))
        settled = list(run.records("settlements", run.spans("settlements")))
        progress = progress_of(run)
    assert back == Counter(one.value for one in letters)
    assert len(settled) == count
    assert progress.outside.put == {"files": count, "settlements": count}
    assert progress.outside.settled == count
    assert last.returncode == 0
