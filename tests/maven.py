"""What tests need of Java, fetched by maven once a checkout."""

import fcntl
import subprocess
from collections.abc import Callable, Sequence
from pathlib import Path
from zlib import crc32

from tests.processes import ROOT
from tests.require import missing, require_command

POM = ROOT / "tests" / "kafka" / "pom.xml"
FETCH_S = 300.0


def fetch(
    folder: Path, goal: Sequence[str], what: str, unpack: Callable[[], None] = lambda: None
) -> None:
    """Have `goal` put into a folder what it names, unless that was done before.

    Where maven cannot, the test that asked lacks `what`.
    """
    folder.mkdir(parents=True, exist_ok=True)
    done = folder / f"done-{crc32(POM.read_bytes() + repr(goal).encode()):08x}"
    with (folder / "lock").open("wb") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if done.exists():
            return
        require_command("mvn")
        command = ["mvn", "--quiet", "--batch-mode", "--file", str(POM), *goal]
        fetched = subprocess.run(
            [*command, f"-DoutputDirectory={folder}"],
            check=False,
            capture_output=True,
            text=True,
            timeout=FETCH_S,
        )
        if fetched.returncode:
            missing(f"{what}, and maven could not fetch it: {fetched.stdout[-500:]}")
        unpack()
        done.touch()
