import asyncio
from pathlib import Path

import pytest

from c2c_stream.engine.letters import Letter
from c2c_stream.sink.audit import dead_letters, reasons, rejections
from tests.sink.make import dead_letter as dead
from tests.sink.make import feed, rejection, settlement


@pytest.fixture
def out(tmp_path: Path) -> Path:
    lost = {
        0: rejection(0),
        1: rejection(1),
        2: rejection(2, "collector", "trivial"),
        3: rejection(3, "formatter", "constant"),
    }
    asyncio.run(feed(tmp_path, lost))
    asyncio.run(feed(tmp_path, {0: dead(0), 1: dead(7), 2: dead(9)}))
    asyncio.run(feed(tmp_path, {0: settlement(7, "dropped"), 1: settlement(7)}))
    return tmp_path


def test_rejections_are_counted_by_reason_with_the_first_example(out: Path) -> None:
    found = [(r.stage, r.reason, r.count, str(r.example)) for r in reasons(out)]

    assert found == [
        ("collector", "stub", 4, "pkg/m0.py::C.method0"),
        ("collector", "trivial", 2, "pkg/m2.py::C.method0"),
        ("formatter", "constant", 2, "pkg/m3.py::C.method0"),
    ]


def test_rejections_can_be_asked_for_by_stage_and_reason(out: Path) -> None:
    assert len(list(rejections(out))) == 8
    assert len(list(rejections(out, stage="collector"))) == 6
    assert len(list(rejections(out, stage="collector", reason="trivial"))) == 2
    assert not reasons(out, reason="no such reason")


def test_a_run_without_losses_has_none(tmp_path: Path) -> None:
    assert reasons(tmp_path) == []
    assert list(dead_letters(tmp_path)) == []


def test_dead_letters_read_back_byte_for_byte_with_what_was_done_last(out: Path) -> None:
    assert list(dead_letters(out)) == [
        Letter(dead(0)),
        Letter(dead(7), "replayed"),
        Letter(dead(9)),
    ]
