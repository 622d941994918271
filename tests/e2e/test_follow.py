"""Followed repositories, with the services as processes on the local log."""

import json
import random
import subprocess
import sys
from collections import Counter
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from threading import Event

import pytest

from c2c_stream.broker.local import LocalLog
from c2c_stream.codec import Codec
from c2c_stream.records import File, Record
from tests.e2e.chain import c2c
from tests.e2e.following import PATIENCE_S, following, is_one_chain, moves, start, write_feed
from tests.e2e.test_serve import await_value, page, samples
from tests.engine.service import eventually
from tests.ingest.support import Git, free_port, git_daemon
from tests.processes import unmeasured

KILLS = 4
LOOK_S = 0.02


@pytest.fixture
def git(tmp_path: Path) -> Git:
    git = Git(tmp_path / "shop")
    git.commit({f"f{i:02}.py": f"x = {i}\n" for i in range(30)})
    return git


def end_of(out: Path, topic: str) -> int:
    if not (out / ".c2c" / "log.sqlite").exists():
        return 0
    with closing(LocalLog(out / ".c2c", "main")) as log:
        at = [p.end for p in log.positions() if p.topic == topic] if log.exists() else [0]
        return at[0]


def records_of(out: Path, topic: str) -> list[Record]:
    with closing(LocalLog(out / ".c2c", "main")) as log:
        return [Codec().decode(row.value) for row in log.read(topic, 0, 10_000)]


def has_read(out: Path, service: str) -> bool:
    with closing(LocalLog(out / ".c2c", "main")) as log:
        return all(at.lag == 0 for at in log.positions() if at.service == service)


@contextmanager
def ingester(out: Path, log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run the ingester for the length of the block; nothing that is read is trimmed."""
    command = [sys.executable, "-m", "c2c_stream.cli", "serve", "ingester", "--out", str(out)]
    with log.open("ab") as lines:
        process = subprocess.Popen(command, stderr=lines, env=unmeasured(C2C_KEEP="true"))
    try:
        yield process
    finally:
        process.kill()
        process.wait()


def test_a_follower_that_is_killed_puts_every_move_once(git: Git, tmp_path: Path) -> None:
    out, log = tmp_path / "out", tmp_path / "log"
    feed = write_feed(tmp_path, git.path)
    moments = random.Random(8)
    for kill in range(KILLS):
        # It dies just after some move of this life has come to the topic.
        target = end_of(out, "repos") + moments.randint(1, 3)
        process = start(feed, log, "--out", out)
        while end_of(out, "repos") < target:
            assert process.poll() is None, log.read_text()
            git.commit({"f00.py": f"y = {kill, moments.random()}\n"})
            Event().wait(LOOK_S)
        process.kill()
        process.wait()
    with following(feed, log, "--out", out):
        head = git.run("rev-parse", "main")
        eventually(lambda: moves(records_of(out, "repos"))["main"][-1][1] == head)
    assert is_one_chain(moves(records_of(out, "repos"))["main"], git, "main")


@pytest.mark.timeout(600)  # a dozen processes are started, one after the other
def test_only_what_changed_travels_though_follower_and_ingester_are_killed(
    git: Git, tmp_path: Path
) -> None:
    out, log = tmp_path / "out", tmp_path / "log"
    moments = random.Random(9)
    with git_daemon(tmp_path, tmp_path / "daemon.log", free_port()) as url:
        feed = write_feed(tmp_path, f"{url}/shop")
        assert c2c("follow", feed, "--out", out, "--once").returncode == 0
        commits = 1
        for _ in range(KILLS):
            target = end_of(out, "files") + moments.randint(1, 15)
            with start(feed, log, "--out", out) as follower, ingester(out, log) as reader:
                while end_of(out, "files") < target:
                    assert follower.poll() is None, log.read_text()
                    assert reader.poll() is None, log.read_text()
                    Event().wait(LOOK_S)
                    if end_of(out, "repos") == commits:
                        changed = moments.sample(range(40), 5)
                        git.commit({f"f{n:02}.py": f"{moments.random()}\n" for n in changed})
                        commits += 1
                for process in moments.sample([follower, reader], 2):
                    process.kill()
        assert c2c("follow", feed, "--out", out, "--once").returncode == 0
        with ingester(out, log) as reader:
            eventually(lambda: has_read(out, "ingester"))
            reader.terminate()
            assert reader.wait(PATIENCE_S) == 0, log.read_text()
    put = moves(records_of(out, "repos"))["main"]
    assert is_one_chain(put, git, "main")
    read = Counter(
        (record.origin.commit, record.origin.path)
        for record in records_of(out, "files")
        if isinstance(record, File)
    )
    assert read == Counter(brought_by(git, put))


def brought_by(git: Git, put: list[tuple[str, str]]) -> Iterator[tuple[str, str]]:
    """Yield what records must bring, as `git diff` tells it."""
    for base, commit in put:
        options = ("--name-only", "--no-renames", "--diff-filter=d")
        compared = git.run("diff", *options, base, commit) if base else ""
        for path in (compared or git.run("ls-tree", "-r", "--name-only", commit)).split():
            yield commit, path


def test_a_branch_that_moves_is_read_and_shown_and_sigterm_leaves_cleanly(
    git: Git, tmp_path: Path
) -> None:
    out, log = tmp_path / "out", tmp_path / "log"
    away = "git://127.0.0.1:9/shop"
    with following(write_feed(tmp_path, git.path, away), log, "--out", out):
        eventually(lambda: end_of(out, "repos") == 1)
        port = json.loads(log.read_text().splitlines()[0])["port"]
        await_value(port, "c2c_moves_total{follower}", 1)
        shown = samples(port)
        assert page(port, "/readyz") == (200, "ok\n")
        assert page(port, "/livez")[0] == 200

    assert shown["c2c_polls_total{answered,follower}"] >= 1
    assert "c2c_polls_total{failed,follower}" in shown
    assert "c2c_longest_silence_seconds{follower}" in shown
    said = [json.loads(line) for line in log.read_text().splitlines()]
    assert [line["event"] for line in said if line["event"] != "no answer"] == [
        "started",
        "moved",
        "stopped",
    ]


def test_once_says_by_its_exit_code_whether_all_have_answered(git: Git, tmp_path: Path) -> None:
    out = tmp_path / "out"
    done = c2c("follow", write_feed(tmp_path, git.path), "--out", out, "--once")
    assert (done.returncode, end_of(out, "repos")) == (0, 1)
    git.commit({"a.py": "1"})
    feed = write_feed(tmp_path, "git://127.0.0.1:9/shop", git.path)
    done = c2c("follow", feed, "--out", out, "--once")
    assert (done.returncode, end_of(out, "repos")) == (3, 2)
    (tmp_path / "feed.toml").write_text("interval_s = 1\nrepositories = 3\n")
    done = c2c("follow", feed, "--out", out, "--once")
    assert done.returncode == 2
    assert "feed.toml: repositories: Input should be" in done.stderr


def test_a_base_that_is_gone_is_said_and_counted(git: Git, tmp_path: Path) -> None:
    out, log = tmp_path / "out", tmp_path / "log"
    feed = write_feed(tmp_path, git.path)
    lost = git.commit({"f00.py": "lost\n"})
    assert c2c("follow", feed, "--out", out, "--once").returncode == 0
    with ingester(out, log):
        eventually(lambda: has_read(out, "ingester"))
        git.run("reset", "--quiet", "--hard", "HEAD~1")
        git.commit({"f00.py": "kept\n"})
        git.run("reflog", "expire", "--expire=now", "--all")
        git.run("gc", "--quiet", "--prune=now")
        assert c2c("follow", feed, "--out", out, "--once").returncode == 0
        eventually(lambda: end_of(out, "repos") == 2 and has_read(out, "ingester"))
        port = json.loads(log.read_text().splitlines()[0])["port"]
        await_value(port, "c2c_whole_reads_total{ingester}", 1)

    assert end_of(out, "files") == 60
    [said] = [line for line in log.read_text().splitlines() if "read whole" in line]
    assert lost in said
