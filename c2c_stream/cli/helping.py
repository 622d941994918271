"""How --help is told: paragraphs as wide as the terminal, and where the exit codes stand."""

import inspect
from collections.abc import Iterator

import typer
from typer.models import CommandInfo

EXIT_CODES = "Exit codes: `c2c run --help` lists them."


def mend(app: typer.Typer) -> None:
    """Let the help of all commands of `app` flow, and point to the exit codes. Called once."""
    for command in _commands(app):
        command.help = _flowing(command.help or inspect.getdoc(command.callback) or "")
        command.epilog = command.epilog or EXIT_CODES


def _commands(app: typer.Typer) -> Iterator[CommandInfo]:
    yield from app.registered_commands
    for group in app.registered_groups:
        if group.typer_instance:
            info = group.typer_instance.info
            info.help = _flowing(str(info.help))
            yield from _commands(group.typer_instance)


def _flowing(text: str) -> str:
    """Return paragraphs of one line each: typer would keep the lines that they have in the code."""
    paragraphs = inspect.cleandoc(text).split("\n\n")
    return "\n\n".join(" ".join(paragraph.split("\n")) for paragraph in paragraphs)
