"""The exit codes of every command."""

from enum import IntEnum

from c2c_stream.errors import C2CError, Fatal, SettingsError, SourceError, Unavailable


class Exit(IntEnum):
    """What a command's exit code says; `c2c run --help` prints this list."""

    OK = 0
    BUG = 1
    SETTINGS = 2
    SOURCE = 3
    NO_ROWS = 4
    DEAD_LETTERS = 5
    BOOKS = 6
    DIFFERENCES = 7
    SERVICE = 8
    NOT_FOUND = 9
    TOPICS = 10
    SCHEMAS = 11
    UNFIT = 12
    INTERRUPTED = 130


MEANING = {
    Exit.OK: "rows, no dead letters, books balanced, verified",
    Exit.BUG: "a bug of ours (report it with the traceback), or the output was closed",
    Exit.SETTINGS: "a setting or an argument is wrong, or --out holds something else",
    Exit.SOURCE: "a source cannot be read",
    Exit.NO_ROWS: "it ran, and no function became a row",
    Exit.DEAD_LETTERS: "there are open dead letters: see `c2c dead-letters list`",
    Exit.BOOKS: "the books do not balance: see `c2c status`",
    Exit.DIFFERENCES: "re-executed cases differ from the recorded ones",
    Exit.SERVICE: "a service stopped; the same command goes on from there",
    Exit.NOT_FOUND: "what was asked for is not there",
    Exit.TOPICS: "a run's topics on Kafka differ from what they are meant to be",
    Exit.SCHEMAS: "schemas are not registered, or not compatible with those that are",
    Exit.UNFIT: "this machine lacks what a run needs: `c2c doctor` says what",
    Exit.INTERRUPTED: "stopped by Ctrl-C or SIGTERM; the same command goes on from there",
}

_OF_ERROR: tuple[tuple[type[C2CError], Exit], ...] = (
    (SettingsError, Exit.SETTINGS),
    (SourceError, Exit.SOURCE),
    (Unavailable, Exit.SERVICE),
    (Fatal, Exit.SERVICE),
)


def exit_code_of(error: C2CError) -> Exit:
    """Return the exit code of an error that ends a command."""
    return next((code for kind, code in _OF_ERROR if isinstance(error, kind)), Exit.BUG)


def table() -> str:
    """Return the codes as text for --help."""
    return "\n\n".join(f"{code.value}: {meaning}" for code, meaning in MEANING.items())
