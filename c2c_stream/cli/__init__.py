"""The commands, nothing else."""

import sys
from collections.abc import Callable

from rich.console import Console

from c2c_stream.cli.exits import exit_code_of
from c2c_stream.errors import C2CError


def main() -> None:
    """Run the command line."""
    from c2c_stream.cli.app import app  # noqa: PLC0415  # a service need not import all commands

    reporting(app)


def reporting(command: Callable[[], object]) -> None:
    """Run a command; an error of ours is one sentence and its documented exit code."""
    try:
        command()
    except C2CError as error:
        Console(stderr=True, highlight=False).print(
            f"c2c: {error}", style="red", markup=False, soft_wrap=True
        )
        sys.exit(exit_code_of(error))
