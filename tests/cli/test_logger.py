"""A service's log: JSON for machines, colours for a person who looks."""

import json
import os
import pty
import subprocess
import sys
from contextlib import suppress

PROGRAM = """
from c2c_stream.cli.serve import logger_of
logger_of("sink").warning("waiting", reason="the disk is full")
"""


def test_elsewhere_than_in_a_terminal_a_line_is_json() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], check=True, capture_output=True)
    told = json.loads(done.stderr)
    assert (told["stage"], told["level"], told["event"]) == ("sink", "warning", "waiting")
    assert told["timestamp"].endswith("Z")
    assert told["reason"] == "the disk is full"


def test_in_a_terminal_it_is_coloured_words() -> None:
    ours, theirs = pty.openpty()
    process = subprocess.Popen([sys.executable, "-c", PROGRAM], stderr=theirs)
    os.close(theirs)
    shown = b""
    with suppress(OSError):  # how a terminal says that nobody holds it any more
        while more := os.read(ours, 4096):
            shown += more
    assert process.wait(60) == 0
    os.close(ours)
    assert b"\x1b[" in shown
    assert b"waiting" in shown
    assert not shown.startswith(b"{")
