import os
from pathlib import Path

import pytest

from c2c_stream.broker.local import LocalBroker, LocalLog
from c2c_stream.cli import trouble
from c2c_stream.cli.children import Children
from c2c_stream.errors import Fatal
from c2c_stream.settings import load_settings


def test_a_slot_holds_the_last_reason_and_no_more() -> None:
    slot = trouble.slot("writer")
    try:
        assert trouble.told(slot) == ""
        trouble.tell(slot, "the disk is full, and that for a long time")
        trouble.tell(slot, "no room")
        assert trouble.told(slot) == "no room"
        trouble.tell(slot, "")
        assert trouble.told(slot) == ""
    finally:
        os.close(slot)


def test_a_reason_cut_inside_a_character_is_read() -> None:
    slot = trouble.slot("writer")
    try:
        trouble.tell(slot, "ü" * trouble.LONGEST_BYTES + "x")
        assert set(trouble.told(slot)) == {"ü"}
    finally:
        os.close(slot)


class Waiting:
    """The health of a service, what it told, and a clock that stands until it is set."""

    def __init__(self) -> None:
        self.now = 0.0
        self.heard: list[str] = []
        self.health = trouble.ToldHealth(tell=self.heard.append, now=lambda: self.now)
        self.health.ready("starting")
        self.heard.clear()

    def ready_at(self, now: float, why_not: str) -> None:
        self.now = now
        self.health.ready(why_not)
        assert self.health.not_ready == why_not


def test_a_short_wait_is_no_news() -> None:
    waiting = Waiting()

    for at in (10.0, 12.9, 20.0):
        waiting.ready_at(at, "not the leader")
        waiting.ready_at(at + 2.9, "")

    assert waiting.heard == []


def test_a_long_wait_is_told_once_and_so_is_its_end() -> None:
    waiting = Waiting()

    waiting.ready_at(10.0, "the server is away")
    for waiting.now in (12.9, 13.0, 14.0):
        waiting.health.enter("poll", 100.0)
        assert waiting.heard == ["the server is away"] * (waiting.now >= 13.0)
    waiting.ready_at(15.0, "")
    waiting.ready_at(16.0, "stopping")

    assert waiting.heard == ["the server is away", ""]


def test_a_wait_goes_on_when_its_reason_changes() -> None:
    waiting = Waiting()

    waiting.ready_at(10.0, "no broker answers")
    waiting.ready_at(13.0, "not the leader")
    waiting.ready_at(13.1, "the server is away")

    assert waiting.heard == ["not the leader", "the server is away"]


def test_what_a_service_that_was_killed_waited_for_is_forgotten_by_the_next() -> None:
    heard: list[str] = []

    trouble.ToldHealth(tell=heard.append).ready("starting")

    assert heard == [""]


def test_health_outlives_a_log_that_takes_nothing() -> None:
    def full(_: str) -> None:
        raise OSError(28, "No space left on device")

    health = trouble.ToldHealth(tell=full, now=iter((0.0, 9.0)).__next__)
    health.ready("the disk is full")
    health.enter("commit", 100.0)

    assert health.not_ready == "the disk is full"


def test_a_service_that_cannot_start_says_why_to_its_run(tmp_path: Path) -> None:
    LocalLog(tmp_path / ".c2c", "main").create()
    seat = LocalBroker(tmp_path / ".c2c", "main", "formatter")
    children = Children(load_settings(out=tmp_path), tmp_path / "logs")
    try:
        children.start("formatter")
        os.waitid(os.P_ALL, 0, os.WEXITED | os.WNOWAIT)
        with pytest.raises(Fatal, match=r"^formatter: .*already"):
            children.check()
        assert children.waiting()[0].startswith("formatter waits: ")
    finally:
        children.stop(children.running())
        seat.close()
    assert '"event": "failed"' in children.log_of("formatter").read_text()
