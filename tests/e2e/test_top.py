"""`c2c top` on a run: in a terminal, without one, and as a picture."""

import html
import os
import pty
import re
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from c2c_stream.topics import SERVICES
from tests.e2e.chain import Run, c2c

_CODES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]")
_TAGS = re.compile(r"<[^>]*>")


@contextmanager
def top(*options: str | Path, output: int) -> Iterator[subprocess.Popen[bytes]]:
    """Start it, with what it prints going to `output`; it does not outlive the block."""
    with subprocess.Popen(
        [sys.executable, "-m", "c2c_stream.cli", "top", *map(str, options)],
        stdin=subprocess.DEVNULL,
        stdout=output,
        stderr=output,
        env=os.environ | {"COLUMNS": "80", "TERM": "xterm"},
    ) as process:
        try:
            yield process
        finally:
            process.kill()


def test_without_a_terminal_it_is_a_line_and_the_picture_holds_the_table(
    finished: Run, tmp_path: Path
) -> None:
    picture = tmp_path / "top.svg"
    reader, writer = os.pipe()
    with top("--out", finished.out, "--picture", picture, output=writer) as process:
        os.close(writer)
        with os.fdopen(reader, encoding="utf-8") as output:
            first = [next(output) for _ in range(4)]
            while not picture.exists():
                assert process.poll() is None
            process.send_signal(signal.SIGTERM)
            assert process.wait(60) == 0

    assert first[0] == f"run main on local:{finished.out}/.c2c\n"
    assert first[1:3] == ["dead letters: 0\n", "books: balanced\n"]
    assert first[3].startswith("nothing waits: ")
    assert first[3].endswith(" rows\n")
    drawn = picture.read_text(encoding="utf-8")
    words = html.unescape(_TAGS.sub("", drawn))
    assert all(service in words for service in SERVICES)
    assert "url(http" not in drawn
    assert "books:\N{NO-BREAK SPACE}balanced" in words
    assert list(tmp_path.iterdir()) == [picture]


def test_in_a_terminal_the_last_look_stays_and_fits_eighty_columns(finished: Run) -> None:
    ours, theirs = pty.openpty()
    with top("--out", finished.out, "--every", "0.1", output=theirs) as process:
        os.close(theirs)
        shown = b""
        while shown.count(b"books: balanced") < 2:
            shown += os.read(ours, 4096)
        process.send_signal(signal.SIGINT)
        with suppress(OSError):  # how a terminal says that nobody holds it any more
            while more := os.read(ours, 4096):
                shown += more
        assert process.wait(60) == 0
    os.close(ours)

    last = _CODES.sub("", shown.decode().rpartition("nothing waits")[2]).splitlines()
    assert max(len(line.rstrip()) for line in last) <= 80
    assert [line.split()[0] for line in last[2:9]] == list(SERVICES)
    assert last[-1] == "books: balanced"


def test_a_run_that_is_not_there_and_a_picture_that_cannot_be_are_told(
    finished: Run, tmp_path: Path
) -> None:
    absent = c2c("top", "--out", tmp_path)
    assert absent.returncode == 2
    assert "no run" in absent.stderr

    nowhere = tmp_path / "no" / "top.svg"
    refused = c2c("top", "--out", finished.out, "--picture", nowhere)
    assert refused.returncode == 2
    assert f"--picture {nowhere}: No such file or directory" in refused.stderr
