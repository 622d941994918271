"""The commands, nothing else."""

import sys

from rich.console import Console

from c2c_stream.cli.exits import exit_code_of
from c2c_stream.errors import C2CError


def main() -> None:
    """Run the command line; an error of ours is one sentence and its documented exit code."""
    from c2c_stream.cli.app import app  # noqa: PLC0415  # what fails to import is reported too

    try:
        app()
    except C2CError as error:
        Console(stderr=True, highlight=False).print(f"c2c: {error}", style="red", markup=False)
        sys.exit(exit_code_of(error))
