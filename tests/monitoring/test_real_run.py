"""A real Prometheus scrapes real services: no panel is empty, no rule fails, alerts follow."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import ExitStack, closing
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import pytest

from c2c_stream.broker.known import FOLLOWER
from c2c_stream.broker.local import LocalLog
from c2c_stream.broker.protocol import Produced
from c2c_stream.topics import FILES, SERVICES
from tests.e2e.following import write_feed
from tests.ingest.support import Git
from tests.monitoring import prometheus
from tests.monitoring.prometheus import Prometheus, await_
from tests.monitoring.queries import BOARDS, VLLM, asked
from tests.sockets import free_ports

CODE: Final = """
def initials(words):
    return [word[0].upper() for word in words if word]


def clamp(value, low, high):
    return max(low, min(value, high))


def noise():
    return 1
"""
# It comes when all that is there is counted: what Prometheus never saw grow has no rate.
LATER: Final = """
def shout(words):
    return [word.upper() + "!" for word in words if word]


def wrapped(value, low, high):
    return low + (value - low) % (high - low)
"""
# How full the disk of this machine is says nothing about us.
NOT_OURS: Final = {"C2CDiskFills"}


@dataclass(frozen=True)
class Watched:
    """A run that is up, and who watches it."""

    out: Path
    processes: dict[str, subprocess.Popen[bytes]]
    server: Prometheus


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    folder = tmp_path_factory.mktemp("watched")
    git = Git(folder / "shop")
    git.commit({"shop.py": CODE})
    feed, out = write_feed(folder, git.path, interval_s=1), folder / "out"
    ports = dict(zip((FOLLOWER, *SERVICES), free_ports(1 + len(SERVICES)), strict=True))
    with ExitStack() as stack:
        processes = {}
        log = stack.enter_context((folder / "services.log").open("wb"))
        for service, port in ports.items():
            what = ["follow", str(feed)] if service == FOLLOWER else ["serve", service]
            command = [sys.executable, "-m", "c2c_stream.cli", *what, "--out", str(out)]
            command += ["--http-port", str(port)]
            processes[service] = subprocess.Popen(command, stderr=log, env=os.environ)
            stack.callback(_end, processes[service])
            if service == FOLLOWER:  # it makes the run
                await_((out / ".c2c").exists)
        (folder / "prometheus").mkdir()
        server = stack.enter_context(prometheus.running(folder / "prometheus", ports))
        done = 'c2c_books_records{stage="formatter",column="out"} =='
        await_(lambda: server.series(f"{done} 2"), (folder / "services.log").read_text)
        git.commit({"later.py": LATER})
        await_(lambda: server.series(f"{done} 4"), (folder / "services.log").read_text)
        yield Watched(out, processes, server)


def _end(process: subprocess.Popen[bytes]) -> None:
    process.send_signal(signal.SIGCONT)
    process.terminate()
    process.wait(60)


@pytest.mark.parametrize("board", BOARDS, ids=lambda path: path.stem)
def test_no_panel_is_empty(board: Path, watched: Watched) -> None:
    queries = list(asked(board))
    assert queries
    if board.stem != VLLM:
        for panel, expr in queries:
            await_(lambda e=expr: watched.server.series(e), lambda p=panel, e=expr: f"{p}: {e}")


def test_every_rule_is_evaluated_and_what_is_recorded_is_there(watched: Watched) -> None:
    await_(lambda: all(rule["health"] == "ok" for rule in watched.server.rules()))
    for rule in watched.server.rules():
        if rule["type"] == "recording":
            await_(lambda name=rule["name"]: watched.server.series(name), lambda r=rule: str(r))


def test_nothing_alerts_while_all_is_well(watched: Watched) -> None:
    await_(lambda: not watched.server.firing() - NOT_OURS, lambda: str(watched.server.firing()))


def test_a_record_that_is_none_is_told_as_a_dead_letter(watched: Watched) -> None:
    with closing(LocalLog(watched.out / ".c2c", "main")) as log:
        log.append([Produced(FILES.name, b"", b"no record")])
    await_(lambda: "C2CDeadLettersGrow" in watched.server.firing())


def test_a_stage_that_is_stopped_is_missed(watched: Watched) -> None:
    watched.processes["curator"].send_signal(signal.SIGSTOP)
    await_(lambda: "C2CStageAbsent" in watched.server.firing())
    watched.processes["curator"].send_signal(signal.SIGCONT)
    await_(lambda: "C2CStageAbsent" not in watched.server.firing())
