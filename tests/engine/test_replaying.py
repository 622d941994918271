"""An old run's topic is copied to a new run, on both brokers."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path

import pytest

from c2c_stream.broker.local_run import LocalRun
from c2c_stream.broker.protocol import Delivered, Position, Produced
from c2c_stream.broker.run import REPLAYER, SETTLER, RunLog, Standing
from c2c_stream.cli.progress import progress_of
from c2c_stream.engine import replaying
from c2c_stream.engine.letters import DROPPED, REPLAYED, Choice
from c2c_stream.engine.settling import carry_out, desk_of, plan
from c2c_stream.errors import SettingsError
from c2c_stream.records import DeadLetter
from tests.engine.make import CODEC
from tests.engine.settling import open_run
from tests.kafka.runs import fresh_run
from tests.processes import kill, lines, start

HEADERS = (("traceparent", b"00-\xff"), ("", b""))


@dataclass(frozen=True)
class Pair:
    """An old and a new run, and how a process of its own finds them."""

    old: RunLog
    new: RunLog
    where: tuple[str, str, str, str]

    def copied(self) -> list[int]:
        """Copy the topic `files`; return how many records each transaction had."""
        with closing(self.new.feeder(REPLAYER)) as feeder:
            replaying.begin(self.old, self.new, feeder, "files", None)
            return list(replaying.copy(self.old, feeder, "files", CODEC))


def local(folder: Path, name: str) -> LocalRun:
    with closing(LocalRun(folder, name)) as log:
        log.create()
    return LocalRun(folder, name)


@pytest.fixture(params=["local", "kafka"])
def pair(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Pair]:
    """Return two runs, on Kafka with two partitions."""
    with ExitStack() as stack:
        if request.param == "local":
            folders = [tmp_path / "old", tmp_path / "new"]
            names = ["main", "again"]
            runs: list[RunLog] = [local(f, n) for f, n in zip(folders, names, strict=True)]
            where = (str(folders[0]), names[0], str(folders[1]), names[1])
        else:
            clusters = [fresh_run(request.getfixturevalue("kafka"), partitions=2) for _ in "ab"]
            runs = [open_run(cluster.servers, cluster.run) for cluster in clusters]
            where = (
                clusters[0].servers,
                clusters[0].run,
                clusters[1].servers,
                clusters[1].run,
            )
        old, new = (stack.enter_context(closing(run)) for run in runs)
        yield Pair(old, new, where)


def produced(*numbers: int) -> list[Produced]:
    return [Produced("files", b"\xffk%d" % n, b"v%d" % n, HEADERS) for n in numbers]


def records(run: RunLog, topic: str = "files") -> list[Delivered]:
    return list(run.records(topic, run.spans(topic)))


def content(found: list[Delivered]) -> list[tuple[object, ...]]:
    return [(r.partition, r.key, r.value, r.headers) for r in found]


def test_a_topic_is_copied_once_and_the_old_run_stays_as_it_is(pair: Pair) -> None:
    pair.old.append(produced(*range(20)))
    before: tuple[Standing, list[Delivered]] = pair.old.standing(), records(pair.old)

    assert sum(pair.copied()) == 20
    assert pair.copied() == []

    assert content(records(pair.new)) == content(before[1])
    assert (pair.old.standing(), records(pair.old)) == before
    assert progress_of(pair.new).outside.put == {"files": 20}
    assert progress_of(pair.new).imbalances() == []


def test_what_comes_to_the_old_run_later_is_not_copied(pair: Pair) -> None:
    pair.old.append(produced(1))
    with closing(pair.new.feeder(REPLAYER)) as feeder:
        replaying.begin(pair.old, pair.new, feeder, "files", None)
    pair.old.append(produced(2))

    pair.copied()

    assert [one.value for one in records(pair.new)] == [b"v1"]


def test_a_copy_that_is_killed_goes_on_behind_what_it_has_copied(pair: Pair) -> None:
    pair.old.append(produced(*range(200)))
    for moment in (2, 5, 8):
        copying = start("tests.engine.replaying", *pair.where)
        assert lines(copying, moment)
        assert copying.poll() is None, "it was done before it could be killed"
        kill(copying)

    pair.copied()

    assert Counter(content(records(pair.new))) == Counter(content(records(pair.old)))
    assert progress_of(pair.new).outside.put == {"files": 200}


def test_what_was_put_back_in_the_old_run_comes_once(pair: Pair) -> None:
    pair.old.append(produced(0, 1, 2))
    settle(pair.old, REPLAYED, lambda one: one.value == b"v1")
    settle(pair.old, DROPPED, lambda one: one.value == b"v2")
    assert Counter(one.value for one in records(pair.old))[b"v1"] == 2

    pair.copied()

    assert sorted(one.value for one in records(pair.new)) == [b"v0", b"v1", b"v2"]


def settle(run: RunLog, action: str, died: Callable[[Delivered], bool]) -> None:
    """Let records of `files` be dead letters, and settle them."""
    [one] = [record for record in records(run) if died(record)]
    letter = DeadLetter(
        topic="files",
        partition=one.partition,
        offset=one.offset,
        key=one.key,
        value=one.value,
        value_bytes=len(one.value),
    )
    run.append([Produced("dead-letters", b"", CODEC.encode(letter))])
    with closing(run.feeder(SETTLER)) as feeder:
        desk = desk_of(run, CODEC)
        wanted = plan(desk, Choice(settled=False), action, stop_at_first_error=False)
        assert sum(carry_out(wanted, desk, feeder)) == 1


def test_a_topic_that_was_trimmed_is_refused_unless_what_is_asked_for_is_whole(
    tmp_path: Path,
) -> None:
    with closing(local(tmp_path, "main")) as old:
        old.append(produced(*range(10)))
        old.commit("collector", [], {"files": Position(4)}, {}, keep=False)
        times = [record.produced_at for record in records(old)]
        with old.asking() as db:
            db.execute('UPDATE "main.files" SET at = at + place')
        young = times[0] + 6.5

        with pytest.raises(SettingsError, match=r"files\[0\] holds offsets 4 to 10.*--keep"):
            replaying.spans_of(old, "files", None)
        with pytest.raises(SettingsError, match="--keep"):
            replaying.spans_of(old, "files", times[0])
        [span] = replaying.spans_of(old, "files", young).values()
        assert (span.first, span.end) == (7, 10)


def test_another_number_of_partitions_is_refused(kafka: str) -> None:
    old, new = fresh_run(kafka, partitions=2), fresh_run(kafka, partitions=1)
    with (
        closing(open_run(old.servers, old.run)) as before,
        closing(open_run(new.servers, new.run)) as after,
        closing(after.feeder(REPLAYER)) as feeder,
        pytest.raises(SettingsError, match="number of partitions"),
    ):
        replaying.begin(before, after, feeder, "files", None)
