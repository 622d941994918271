"""A follower with real repositories on the local log, in this process."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import closing
from itertools import count
from pathlib import Path
from typing import Any

import pytest
import structlog

from c2c_stream import metrics
from c2c_stream.broker.known import FOLLOWER, Known, LocalKnown
from c2c_stream.broker.local import LocalLog
from c2c_stream.broker.protocol import Produced
from c2c_stream.cli.follower import Follower
from c2c_stream.cli.serve import telling
from c2c_stream.cli.trouble import ToldHealth
from c2c_stream.codec import Codec
from c2c_stream.engine.clock import SystemClock
from c2c_stream.errors import Fatal, Unavailable
from c2c_stream.ingest.feed import Followed
from c2c_stream.records import Repository
from c2c_stream.settings import IngestSettings
from tests.ingest.support import Git, free_port


class Follows:
    """What one follower put and said."""

    def __init__(self, run_folder: Path, feed: Sequence[Followed], known: Known) -> None:
        self.folder = run_folder
        self._captured = structlog.testing.CapturingLogger()
        log = structlog.wrap_logger(self._captured, processors=[])
        # Each look at the clock is two seconds later: a wait is told at the third.
        self.health = ToldHealth(tell=telling(log), now=count(0.0, 2.0).__next__)
        self.follower = Follower(
            tuple(feed),
            known,
            IngestSettings(),
            codec=Codec(),
            health=self.health,
            clock=SystemClock(),
            log=log,
        )

    @property
    def said(self) -> list[dict[str, Any]]:
        """The lines of the log."""
        return [dict(call.kwargs) for call in self._captured.calls]

    def lines(self, event: str) -> list[dict[str, Any]]:
        """Return the lines of one event."""
        return [line for line in self.said if line["event"] == event]


@pytest.fixture
def git(tmp_path: Path) -> Git:
    return Git(tmp_path / "shop")


def put(run_folder: Path) -> list[tuple[str, str, str]]:
    """Return the records on `repos` as (branch, commit, base)."""
    with closing(LocalLog(run_folder, "main")) as log:
        rows = [Codec().decode(row.value) for row in log.read("repos", 0, 1000)]
    return [(r.branch, r.revision, r.base) for r in rows if isinstance(r, Repository)]


@pytest.fixture
def known(run_folder: Path) -> Iterator[Known]:
    with closing(LocalKnown(run_folder, "main")) as seat:
        yield seat


def following(run_folder: Path, known: Known, *feed: Followed) -> "closing[Follower]":
    return closing(Follows(run_folder, feed, known).follower)


def test_each_move_is_put_once_and_a_restart_knows_of_it(
    git: Git, run_folder: Path, known: Known
) -> None:
    feed = Followed(str(git.path), ("main",), 1)
    first = git.commit({"a.py": "1"})
    with following(run_folder, known, feed) as follower:
        assert [follower.once(), follower.once()] == [[], []]
        second = git.commit({"a.py": "2"})
        git.commit({"a.py": "3"})
        third = git.commit({"a.py": "4"})
        follower.once()
    with following(run_folder, known, feed) as follower:
        follower.once()
        fourth = git.commit({"a.py": "5"})
        follower.once()

    # What comes and goes between two looks is no move; its files are in the next.
    assert second not in str(put(run_folder))
    assert put(run_folder) == [
        ("main", first, ""),
        ("main", third, first),
        ("main", fourth, third),
    ]


def test_who_asks_once_is_told_what_was_looked_at_where_nothing_moved(
    git: Git, run_folder: Path, known: Known
) -> None:
    head = git.commit({"a.py": "1"})
    follows = Follows(run_folder, [Followed(str(git.path), ("main",), 0.1)], known)
    looks = iter(range(30))
    with closing(follows.follower) as follower:
        follower.once()
        assert [line["commit"] for line in follows.lines("moved")] == [head]
        follower.run(lambda: next(looks, None) is None)
        assert follows.lines("nothing moved") == []
        follower.once()

    [line] = follows.lines("nothing moved")
    assert line["repository"].endswith(git.path.name)
    assert line["branches"] == {"main": head}
    assert len(follows.lines("moved")) == 1


def test_a_deleted_branch_is_told_once_and_followed_again_when_it_is_back(
    git: Git, run_folder: Path, known: Known
) -> None:
    git.commit({"a.py": "1"})
    git.run("checkout", "--quiet", "-b", "other")
    follows = Follows(run_folder, [Followed(str(git.path), ("main",), 1)], known)
    with closing(follows.follower) as follower:
        follower.once()
        before = put(run_folder)
        git.run("branch", "-D", "main")
        follower.once()
        follower.once()
        assert put(run_folder) == before
        git.run("branch", "main")
        follower.once()
        assert put(run_folder) == before
        head = git.commit({"a.py": "2"})
        git.run("branch", "--force", "main")
        follower.once()

    last = before[0][1]
    assert [line["last"] for line in follows.lines("no such branch")] == [last]
    assert put(run_folder)[1:] == [("main", head, last)]


def test_a_new_branch_that_matches_is_followed_and_brings_what_differs(
    git: Git, run_folder: Path, known: Known
) -> None:
    first = git.commit({"a.py": "1"})
    with following(run_folder, known, Followed(str(git.path), ("main", "v*"), 1)) as follower:
        follower.once()
        git.run("branch", "v1")
        git.run("branch", "unwanted")
        follower.once()
        assert put(run_folder) == [("main", first, "")]
        git.run("checkout", "--quiet", "v1")
        second = git.commit({"a.py": "2"})
        follower.once()

    assert put(run_folder)[1:] == [("v1", second, first)]


def test_a_forced_push_is_a_move_like_any_other(git: Git, run_folder: Path, known: Known) -> None:
    git.commit({"a.py": "1"})
    second = git.commit({"a.py": "2"})
    with following(run_folder, known, Followed(str(git.path), (), 1)) as follower:
        follower.once()
        git.run("reset", "--quiet", "--hard", "HEAD~1")
        third = git.commit({"a.py": "3"})
        follower.once()

    assert put(run_folder) == [("HEAD", second, ""), ("HEAD", third, second)]


def test_a_repository_without_an_answer_keeps_no_other_waiting(
    git: Git, run_folder: Path, known: Known
) -> None:
    away = Followed(f"git://127.0.0.1:{free_port()}/shop", (), 1)
    gone = Followed(str(git.path.parent / "gone"), (), 1)
    head = git.commit({"a.py": "1"})
    follows = Follows(run_folder, [away, gone, Followed(str(git.path), (), 1)], known)
    with closing(follows.follower) as follower:
        assert follower.once() == [away.url, gone.url]

    assert put(run_folder) == [("HEAD", head, "")]
    reasons = sorted(line["reason"] for line in follows.lines("no answer"))
    assert "does not exist" in reasons[0]
    assert "the server is away" in reasons[1]


def test_an_interval_passes_before_a_repository_is_asked_again(
    git: Git, run_folder: Path, known: Known
) -> None:
    git.commit({"a.py": "1"})
    follows = Follows(run_folder, [Followed(str(git.path), (), 3600)], known)
    looks = iter(range(30))
    with closing(follows.follower) as follower:
        follower.run(lambda: next(looks, None) is None)
        git.commit({"a.py": "2"})
        looks = iter(range(30))
        follower.run(lambda: next(looks, None) is None)

    assert len(put(run_folder)) == 1


class Flaky:
    """A seat whose broker goes away in the middle of a put; `stored`: too late to stop it."""

    def __init__(self, seat: Known, *, stored: bool) -> None:
        self._seat = seat
        self._stored = stored
        self.failures = 2

    def open(self) -> Mapping[str, bytes]:
        return self._seat.open()

    def put(self, outputs: Sequence[Produced], values: Mapping[str, bytes]) -> None:
        if not self.failures:
            self._seat.put(outputs, values)
            return
        self.failures -= 1
        if self._stored:
            self._seat.put(outputs, values)
        raise Unavailable("the broker is away")

    def close(self) -> None:
        self._seat.close()


@pytest.mark.parametrize("stored", [False, True])
def test_a_broker_that_goes_away_in_a_put_costs_no_move_and_doubles_none(
    git: Git, run_folder: Path, known: Known, *, stored: bool
) -> None:
    commits = [git.commit({"a.py": "0"})]
    flaky = Flaky(known, stored=stored)
    follows = Follows(run_folder, [Followed(str(git.path), (), 0.1)], flaky)

    def stopping() -> bool:
        if len(put(run_folder)) == len(commits) and len(commits) < 4:
            commits.append(git.commit({"a.py": f"{len(commits)}"}))
        return len(put(run_folder)) >= 4

    with closing(follows.follower) as follower:
        follower.run(stopping)

    assert flaky.failures == 0
    assert put(run_folder) == [
        ("HEAD", commit, base) for base, commit in zip(["", *commits], commits, strict=False)
    ]


def test_a_push_whose_move_finds_no_broker_is_put_when_it_is_back(
    git: Git, run_folder: Path, known: Known
) -> None:
    """Its turn is an hour away: nothing but the push asks."""
    git.commit({"a.py": "0"})
    flaky = Flaky(known, stored=False)
    flaky.failures = 0
    follows = Follows(run_folder, [Followed(str(git.path), (), 3600)], flaky)
    with closing(follows.follower) as follower:
        follower.run(lambda: len(put(run_folder)) == 1)
        git.commit({"a.py": "1"})
        flaky.failures = 1
        follower.wake(str(git.path))
        looks = iter(range(100))
        follower.run(lambda: len(put(run_folder)) == 2 or next(looks, None) is None)

    assert flaky.failures == 0
    assert len(put(run_folder)) == 2


def test_only_who_was_asked_is_silent(git: Git, run_folder: Path, known: Known) -> None:
    """Long intervals are for those who send webhooks: between two turns nobody is waited for."""
    git.commit({"a.py": "1"})
    gone = Followed(str(git.path.parent / "gone"), (), 3600)
    for asked, event in ((Followed(str(git.path), (), 3600), "moved"), (gone, "no answer")):
        follows = Follows(run_folder, [asked], known)

        def told(follows: Follows = follows, event: str = event) -> bool:
            return bool(follows.lines(event))

        with closing(follows.follower) as follower:
            follower.run(told)
        silence = metrics.SILENCE.labels(FOLLOWER)._value.get()
        assert (silence > 0) == (asked == gone)


class Late:
    """A seat whose broker is away for the first looks."""

    def __init__(self, seat: Known, looks: int) -> None:
        self._seat = seat
        self.looks = looks

    def open(self) -> Mapping[str, bytes]:
        if self.looks:
            self.looks -= 1
            raise Unavailable("the broker is away")
        return self._seat.open()

    def put(self, outputs: Sequence[Produced], values: Mapping[str, bytes]) -> None:
        self._seat.put(outputs, values)

    def close(self) -> None:
        self._seat.close()


def test_a_push_that_comes_while_the_brokers_are_away_is_followed_when_they_are_back(
    git: Git, run_folder: Path, known: Known, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("c2c_stream.cli.follower.AWAY_S", 0.0)
    git.commit({"a.py": "0"})
    seat = Late(known, 0)
    follows = Follows(run_folder, [Followed(str(git.path), (), 3600)], seat)
    with closing(follows.follower) as follower:
        follower.run(lambda: len(put(run_folder)) == 1)
        follower._heads = None  # what it knows is read again after each outage
        seat.looks = 3
        git.commit({"a.py": "1"})
        follower.wake(str(git.path))
        looks = iter(range(100))
        follower.run(lambda: len(put(run_folder)) == 2 or next(looks, None) is None)

    assert seat.looks == 0
    assert len(put(run_folder)) == 2


class Away:
    """A seat at a broker that is away."""

    def open(self) -> Mapping[str, bytes]:
        raise Unavailable("the broker is away")

    def put(self, outputs: Sequence[Produced], values: Mapping[str, bytes]) -> None:
        raise AssertionError(f"{outputs} with {values}: nothing is known of what was put before")

    def close(self) -> None: ...


def test_a_broker_that_stays_away_is_told_once(
    git: Git, run_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("c2c_stream.cli.follower.AWAY_S", 0.0)
    follows = Follows(run_folder, [Followed(str(git.path), (), 1)], Away())
    looks = iter(range(9))
    with closing(follows.follower) as follower:
        follower.run(lambda: next(looks, None) is None)

    assert [line["reason"] for line in follows.lines("waiting")] == ["the broker is away"]
    assert follows.health.not_ready == "the broker is away"


def test_a_second_follower_of_a_run_is_refused(run_folder: Path, known: Known) -> None:
    assert known.open() == {}
    with pytest.raises(Fatal, match="already at work as main-follower"):
        LocalKnown(run_folder, "main")
