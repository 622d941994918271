"""The commands, nothing else."""

import errno
import io
import sys
from collections.abc import Callable

from c2c_stream.cli.exits import Exit, exit_code_of
from c2c_stream.errors import C2CError

# A full disk, a folder that may not be written: the machine's fault, not a bug.
MACHINE = {errno.ENOSPC, errno.EDQUOT, errno.EROFS, errno.EACCES, errno.EIO}


def main() -> None:
    """Run the command line."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a terminal without our characters shows others
    from c2c_stream.cli.app import app_for  # noqa: PLC0415  # a service has no other commands

    reporting(app_for(sys.argv[1:]))


def reporting(command: Callable[[], object]) -> None:
    """Run a command; an error of ours is one sentence and its documented exit code."""
    try:
        command()
    except C2CError as error:
        _say(str(error))
        sys.exit(exit_code_of(error))
    except OSError as error:
        if error.errno not in MACHINE:
            raise
        what = f"{error.filename or 'output'}: {error.strerror}"
        _say(f"{what}; mend that, and the same command goes on from there")
        sys.exit(Exit.SERVICE)


def _say(sentence: str) -> None:
    from rich.console import Console  # noqa: PLC0415  # only where there is something to say

    console = Console(stderr=True, highlight=False)
    console.print(f"c2c: {sentence}", style="red", markup=False, soft_wrap=True)
