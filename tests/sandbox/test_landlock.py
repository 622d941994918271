import subprocess
import sys
from pathlib import Path

import pytest

from c2c_stream.sandbox import landlock
from c2c_stream.sandbox.linux import words
from tests.require import missing

ROOT = Path(__file__).resolve().parents[2]
SCRIPT = """
import os, socket, sys
from c2c_stream.sandbox import landlock, linux
linux.forbid_new_privileges()
landlock.restrict([os.path.dirname(os.__file__), sys.argv[1]])
def tried(reach):
    try:
        reach()
        return "let"
    except OSError as error:
        return type(error).__name__
print(
    tried(lambda: open(os.__file__).read()),
    tried(lambda: os.listdir(os.path.dirname(os.__file__))),
    tried(lambda: open(sys.argv[1]).read()),
    tried(lambda: open(sys.argv[1], "a")),
    tried(lambda: open(sys.argv[2]).read()),
    tried(lambda: os.listdir("/")),
    tried(lambda: open("/proc/self/mem", "rb")),
    tried(lambda: os.mkdir("/tmp/planted")),
    tried(lambda: os.execv("/bin/true", ["true"])),
)
"""


def test_only_what_was_named_can_be_opened_and_nothing_written_or_run(tmp_path: Path) -> None:
    if landlock.version() == 0:
        missing("a kernel with Landlock")
    named, other = tmp_path / "named", tmp_path / "other"
    named.write_text("")
    other.write_text("")
    command = [sys.executable, "-c", SCRIPT, str(named), str(other)]

    done = subprocess.run(command, check=True, capture_output=True, text=True, cwd=ROOT)

    assert done.stdout.split() == ["let"] * 3 + ["PermissionError"] * 6


@pytest.mark.parametrize(
    ("version", "files", "network", "scopes"),
    [(1, 0x1FFF, 0, 0), (2, 0x3FFF, 0, 0), (4, 0x7FFF, 3, 0), (6, 0xFFFF, 3, 3), (9, 0xFFFF, 3, 3)],
)
def test_a_kernel_is_asked_for_all_that_it_knows_and_no_more(
    version: int, files: int, network: int, scopes: int
) -> None:
    ruleset = landlock._ruleset(version)

    known = 1 + (version >= 4) + (version >= 6)
    assert ruleset == words(*(files, network, scopes)[:known])


def test_a_folder_that_is_not_there_is_named() -> None:
    if landlock.version() == 0:
        missing("a kernel with Landlock")
    with pytest.raises(FileNotFoundError, match="/no/such/folder"):
        landlock.restrict(["/no/such/folder"])
