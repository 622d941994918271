"""What --help prints, for every command."""

from collections.abc import Iterator
from itertools import pairwise, takewhile
from typing import Any

import pytest
import typer
from typer.testing import CliRunner

from c2c_stream.cli.app import app_for
from c2c_stream.cli.exits import MEANING

# Typer leaves a column free at both sides of a text.
MARGINS = 2


def names_of(command: Any, *path: str) -> Iterator[tuple[str, ...]]:
    yield path
    for name, below in getattr(command, "commands", {}).items():
        yield from names_of(below, *path, name)


GROUPS = {(), ("dead-letters",), ("topics",), ("schemas",)}
COMMANDS = list(names_of(typer.main.get_command(app_for())))


def help_of(command: tuple[str, ...], columns: int) -> list[str]:
    done = CliRunner().invoke(app_for(), [*command, "--help"], env={"COLUMNS": str(columns)})
    assert done.exit_code == 0, done.output
    return [line.strip() for line in done.stdout.splitlines()]


@pytest.mark.parametrize("columns", [60, 80, 120])
@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_lines_are_as_long_as_the_terminal_lets_them(
    command: tuple[str, ...], columns: int
) -> None:
    text = takewhile(lambda line: not line.startswith("╭"), help_of(command, columns))
    for line, following in pairwise(text):
        if line and following:
            word = following.split()[0]
            assert len(line) + 1 + len(word) > columns - MARGINS, f"{line!r} has room for {word!r}"


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
def test_a_command_says_where_its_exit_codes_are_told(command: tuple[str, ...]) -> None:
    told = help_of(command, 120)
    if command == ("run",):
        assert [f"{code.value}: {text}" for code, text in MEANING.items()] == [
            line for line in told if line[:1].isdigit()
        ]
    elif command not in GROUPS:
        assert list(filter(None, told))[-1] == "Exit codes: `c2c run --help` lists them."


@pytest.mark.parametrize("command", ["create", "describe", "verify", "delete"])
def test_only_a_cluster_is_offered_to_those_who_ask_for_topics(command: str) -> None:
    told = " ".join(help_of(("topics", command), 120))
    assert "kafka://HOST:PORT,..." in told
    assert "local:" not in told
