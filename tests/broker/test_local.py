import random
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from c2c_stream.broker.local import LOG_NAME, LocalBroker, LocalLog
from c2c_stream.broker.protocol import Delivered, Position, Produced
from c2c_stream.errors import Fatal, SettingsError, Unavailable
from tests.broker.writing import records_of
from tests.processes import kill, lines, start

FILES = ("files", 0)
KILLS = 25


def stored(folder: Path) -> list[Delivered]:
    """Return every record of the topic `files`."""
    with closing(LocalLog(folder, "main")) as log:
        found: list[Delivered] = []
        while more := log.read("files", found[-1].offset + 1 if found else 0, 10_000):
            found += more
        return found


def test_a_writer_that_is_killed_leaves_each_of_its_commits_whole(run_folder: Path) -> None:
    moments = random.Random(3)
    told = 0
    for _ in range(KILLS):
        writer = start("tests.broker.writing", run_folder, "ingester", 10_000)
        told = int(lines(writer, moments.randint(1, 25))[-1])
        kill(writer)
    with closing(LocalLog(run_folder, "main")) as log:
        last = int(log.value_of("ingester", "n") or 0)
        [at] = [p.position for p in log.positions() if p.topic == "repos"]
    found = stored(run_folder)
    assert last >= told
    assert at.offset == last
    assert [r.offset for r in found] == list(range(len(found)))
    assert [tuple(map(int, r.value.split()[1:3])) for r in found] == [
        (n, i) for n in range(1, last + 1) for i in range(records_of(n))
    ]


def test_several_processes_write_and_read_at_once_and_nothing_is_lost_or_twice(
    run_folder: Path,
) -> None:
    names, commits = ("one", "two", "three"), 60
    expected = len(names) * sum(records_of(n) for n in range(1, commits + 1))
    writers = [start("tests.broker.writing", run_folder, name, commits) for name in names]
    seen: list[tuple[str, int, int]] = []
    with closing(LocalBroker(run_folder, "main", "collector")) as broker:
        while len(seen) < expected:
            polled = broker.poll(100, 10.0)
            assert polled, f"{len(seen)} of {expected} records and no more"
            for record in polled:
                by, n, i, _ = record.value.split()
                seen.append((by.decode(), int(n), int(i)))
            broker.commit([], {FILES: Position(polled[-1].offset + 1)}, {})
        assert broker.poll(100, 0.0) == []
    for writer in writers:
        writer.communicate()
    for name in names:
        assert [(n, i) for writer_name, n, i in seen if writer_name == name] == [
            (n, i) for n in range(1, commits + 1) for i in range(records_of(n))
        ]
    assert stored(run_folder) == []


def test_the_seat_of_a_killed_process_is_free(run_folder: Path) -> None:
    holder = start("tests.broker.sitting", run_folder, "collector")
    assert lines(holder, 1) == ["seated"]
    with pytest.raises(Fatal, match=f"process {holder.pid} is already at work as main-collector"):
        LocalBroker(run_folder, "main", "collector")
    kill(holder)
    LocalBroker(run_folder, "main", "collector").close()


def test_what_its_consumer_has_committed_is_trimmed(run_folder: Path) -> None:
    with (
        closing(LocalBroker(run_folder, "main", "ingester")) as ingester,
        closing(LocalBroker(run_folder, "main", "collector")) as collector,
    ):
        ingester.commit([Produced("files", b"", b"%d" % n) for n in range(10)], {}, {})
        collector.commit([], {FILES: Position(7)}, {})
        assert [record.offset for record in stored(run_folder)] == [7, 8, 9]
        ingester.commit([Produced("files", b"", b"10")], {}, {})
    assert [record.offset for record in stored(run_folder)] == [7, 8, 9, 10]


def test_nothing_is_trimmed_from_a_run_that_keeps(run_folder: Path) -> None:
    with closing(LocalBroker(run_folder, "main", "collector", keep=True)) as collector:
        collector.log.commit("cli", [Produced("files", b"", b"a")], {}, {}, keep=True)
        collector.commit([], {FILES: Position(1)}, {})
    assert len(stored(run_folder)) == 1


def test_what_is_trimmed_makes_room_for_what_follows(run_folder: Path) -> None:
    batch = [Produced("files", b"", b"x" * 1500)] * 500
    sizes = []
    with closing(LocalBroker(run_folder, "main", "collector")) as collector:
        for n in range(1, 41):
            collector.log.commit("cli", batch, {}, {}, keep=True)
            collector.commit([], {FILES: Position(500 * n)}, {})
            sizes.append(sum(file.stat().st_size for file in run_folder.iterdir()))
    assert sizes[-1] <= 1.2 * sizes[10]


def test_two_runs_in_one_file_do_not_mix(run_folder: Path) -> None:
    with closing(LocalLog(run_folder, "other")) as other:
        assert not other.exists()
        other.create()
        other.commit("cli", [Produced("files", b"", b"other")], {}, {}, keep=True)
    assert stored(run_folder) == []


def test_making_a_run_again_changes_nothing(run_folder: Path) -> None:
    with closing(LocalLog(run_folder, "main")) as log:
        log.commit("collector", [], {"files": Position(3, "m")}, {}, keep=True)
        before = log.positions()
        log.create()
        assert log.positions() == before


def test_a_full_disk_is_unavailable_and_the_same_commit_goes_through_later(
    run_folder: Path,
) -> None:
    outputs = [Produced("functions", b"", b"x" * 100_000)] * 5
    with closing(LocalBroker(run_folder, "main", "collector")) as broker:
        database = broker.log._db
        (pages,) = database.execute("PRAGMA page_count").fetchone()
        database.execute(f"PRAGMA max_page_count={pages + 20}")
        for _ in range(3):
            with pytest.raises(Unavailable, match="free some disk"):
                broker.commit(outputs, {FILES: Position(3)}, {FILES: {"k": b"v"}})
        assert broker.assigned() == {FILES: Position(0)}
        assert broker.lag_of("curator", "functions") == 0
        assert len(broker.state()) == 0

        database.execute("PRAGMA max_page_count=1000000")
        broker.commit(outputs, {FILES: Position(3)}, {FILES: {"k": b"v"}})
        assert broker.assigned() == {FILES: Position(3)}
        assert broker.lag_of("curator", "functions") == 5


def test_a_file_that_may_not_grow_leaves_the_log_whole(run_folder: Path) -> None:
    limited = start("tests.broker.sitting", run_folder, "collector", 400_000)
    assert lines(limited, 3) == ["seated", "Unavailable", "Unavailable"]
    limited.communicate()
    assert limited.returncode == 0
    with closing(LocalLog(run_folder, "main")) as log:
        assert log._db.execute("PRAGMA integrity_check").fetchone() == ("ok",)
        assert all(at.end == 0 for at in log.positions())
        log.commit("cli", [Produced("files", b"", b"a")], {}, {}, keep=True)
    assert len(stored(run_folder)) == 1


def test_a_writer_waits_for_another_and_then_gives_up(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("c2c_stream.broker.local_log.BUSY_S", 0.0)
    other = sqlite3.connect(run_folder / LOG_NAME, isolation_level=None)
    with closing(other), closing(LocalLog(run_folder, "main")) as log:
        other.execute("BEGIN IMMEDIATE")
        with pytest.raises(Unavailable, match="locked"):
            log.commit("cli", [Produced("files", b"", b"a")], {}, {}, keep=True)
        other.execute("ROLLBACK")
        log.commit("cli", [Produced("files", b"", b"a")], {}, {}, keep=True)


def test_a_seat_at_a_run_that_is_not_there_makes_nothing(tmp_path: Path) -> None:
    with pytest.raises(SettingsError, match="holds no run 'main'"):
        LocalBroker(tmp_path / "typo", "main", "collector")
    assert list(tmp_path.iterdir()) == []


def test_a_seat_at_another_run_is_refused(run_folder: Path) -> None:
    with pytest.raises(SettingsError, match="holds no run 'second'"):
        LocalBroker(run_folder, "second", "collector")


def test_a_file_that_is_no_log_is_said_to_be_damaged(tmp_path: Path) -> None:
    (tmp_path / LOG_NAME).write_text("no database " * 1000)
    with pytest.raises(Fatal, match="start again in a new folder"):
        LocalLog(tmp_path, "main")


def test_a_folder_that_cannot_be_made_is_a_wrong_setting(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(SettingsError, match="cannot be written"):
        LocalLog(tmp_path / "file" / "log", "main")


def test_a_bug_stays_a_bug(run_folder: Path) -> None:
    with (
        closing(LocalLog(run_folder, "nowhere")) as log,
        pytest.raises(sqlite3.OperationalError, match="no such table"),
    ):
        log.read("files", 0, 1)


def test_one_fetch_of_large_records_is_bounded(
    run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("c2c_stream.broker.local_log.FETCH_BYTES", 2500)
    with closing(LocalLog(run_folder, "main")) as log:
        log.commit("cli", [Produced("files", b"", b"x" * 1000)] * 9, {}, {}, keep=True)
        assert Counter(len(log.read("files", at, 100)) for at in (0, 3, 6, 8)) == {3: 3, 1: 1}


def test_a_second_consumer_of_a_group_is_refused_until_the_first_leaves(run_folder: Path) -> None:
    first = LocalBroker(run_folder, "main", "collector")
    with pytest.raises(Fatal, match="stop it first"):
        LocalBroker(run_folder, "main", "collector")
    first.close()
    LocalBroker(run_folder, "main", "collector").close()


def test_a_topic_with_a_backlog_does_not_keep_the_others_waiting(run_folder: Path) -> None:
    backlog = [Produced("samples", b"", b"%d" % n) for n in range(100)]
    with closing(LocalBroker(run_folder, "main", "sink")) as sink:
        sink.commit([*backlog, Produced("rejections", b"", b"r")], {}, {})
        topics = {record.topic for _ in range(3) for record in sink.poll(5, 0.0)}
    assert topics == {"samples", "rejections"}


def test_what_commands_read_again_is_not_trimmed(run_folder: Path) -> None:
    with closing(LocalBroker(run_folder, "main", "sink")) as sink:
        sink.log.append([Produced("dead-letters", b"", b"1"), Produced("rejections", b"", b"1")])
        sink.commit([], {("dead-letters", 0): Position(1), ("rejections", 0): Position(1)}, {})
        assert len(sink.log.read("dead-letters", 0, 10)) == 1
        assert sink.log.read("rejections", 0, 10) == []
