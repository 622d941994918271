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


def test_health_passes_on_what_a_service_waits_for() -> None:
    heard: list[str] = []
    health = trouble.ToldHealth(tell=heard.append)

    for reason in ("the server is away", "", "stopping"):
        health.ready(reason)
        assert health.not_ready == reason

    assert heard == ["the server is away", "", ""]


def test_health_outlives_a_log_that_takes_nothing() -> None:
    def full(_: str) -> None:
        raise OSError(28, "No space left on device")

    health = trouble.ToldHealth(tell=full)
    health.ready("the disk is full")

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
