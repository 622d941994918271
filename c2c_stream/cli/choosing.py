"""The options that choose a run and some of its dead letters."""

from pathlib import Path
from typing import Annotated

import typer

from c2c_stream.cli.moment import moment_of
from c2c_stream.cli.options import BROKER_HELP, settings_from
from c2c_stream.cli.run import absolute, settings_of_run
from c2c_stream.engine.letters import Choice
from c2c_stream.errors import SettingsError
from c2c_stream.settings import Settings
from c2c_stream.topics import SERVICES

DEFAULT_OUT = Path("c2c-out")
Out = Annotated[Path, typer.Option(help="Folder of the run.")]
Broker = Annotated[str | None, typer.Option(help=f"Of a run without a folder: {BROKER_HELP}")]
RunId = Annotated[str | None, typer.Option(help="Of a run without a folder: its id. [C2C_RUN]")]
Stage = Annotated[str | None, typer.Option(help="Only of this stage.")]
Error = Annotated[str | None, typer.Option(help="Only of this class of error: Poison, Retry, ...")]
Since = Annotated[
    str | None,
    typer.Option(help="From this time on: 2026-03-01T12:00, UTC unless it says so."),
]
Until = Annotated[str | None, typer.Option(help="From before this time.")]
Ids = Annotated[
    list[str] | None,
    typer.Option(
        "--id", help="Only this place, files[0]@17, or what holds an id that starts so; repeatable."
    ),
]


def settings_for(
    out: Path, broker: str | None, run: str | None, properties: list[str] | None
) -> Settings:
    """Return the settings of the run in a folder, or of one that is named."""
    if broker is None and run is None:
        return settings_of_run(out, properties)
    return settings_from(properties, out=absolute(out), broker=broker, run=run)


def choice_of(
    stage: str | None,
    error: str | None,
    since: str | None,
    until: str | None,
    ids: list[str] | None,
    *,
    settled: bool | None,
) -> Choice:
    """Return what the options choose. Raises SettingsError."""
    if stage and stage not in SERVICES:
        raise SettingsError(f"unknown stage {stage!r}; one of: {', '.join(SERVICES)}")
    return Choice(
        stage=stage,
        error=error,
        since=moment_of("--since", since),
        until=moment_of("--until", until),
        ids=tuple(ids or ()),
        settled=settled,
    )
