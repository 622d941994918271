"""The command line: which commands there are and in which order they are shown.

A command imports what it needs and no other does: all of them are half a second.
"""

import json
import platform
from collections.abc import Sequence
from importlib import import_module
from typing import Final

import typer

from c2c_stream import __version__
from c2c_stream.cli.helping import mend
from c2c_stream.cli.options import JsonOption

COMMANDS: Final = {
    "run": "run",
    "show": "dataset",
    "verify": "dataset",
    "status": "status",
    "top": "top",
    "rejections": "audit",
    "explain": "audit",
    "dead-letters": "dead_letters",
    "replay": "replay",
    "topics": "topics",
    "schemas": "schemas",
    "ingest": "ingest",
    "follow": "follow",
    "serve": "serve",
    "write": "write",
    "doctor": "doctor",
    "version": "app",
}
"""The module of each command."""


def app_for(arguments: Sequence[str] = ()) -> typer.Typer:
    """Return the command line that `arguments` ask for: one command, or all where that is none."""
    app = typer.Typer(
        name="c2c",
        help="Turn real Python repositories into executed training and test data for code models.",
        no_args_is_help=True,
        pretty_exceptions_enable=False,
        add_completion=False,
    )
    app.callback()(lambda: None)  # else the only command of an app would have no name
    for name in arguments[:1] if arguments[:1] and arguments[0] in COMMANDS else COMMANDS:
        _add(app, name)
    mend(app)
    return app


def _add(app: typer.Typer, name: str) -> None:
    module = import_module(f"c2c_stream.cli.{COMMANDS[name]}")
    found = getattr(module, name.replace("-", "_"))
    if isinstance(found, typer.Typer):
        app.add_typer(found, name=name)
    else:
        told = {"help": module.HELP, "epilog": module.EPILOG} if name == "run" else {}
        app.command(name, **told)(found)


def version(
    json_output: JsonOption = False,
) -> None:
    """Print the version of c2c and of the Python that runs it."""
    if json_output:
        typer.echo(json.dumps({"c2c": __version__, "python": platform.python_version()}))
    else:
        typer.echo(f"c2c {__version__} on Python {platform.python_version()}")
