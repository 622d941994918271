"""Which run a command is about, and which of its dead letters."""

from pathlib import Path
from typing import Annotated

import typer

from c2c_stream.broker.local import LOG_NAME
from c2c_stream.cli import runfile
from c2c_stream.cli.brokers import broker_folder, is_kafka
from c2c_stream.cli.moment import moment_of
from c2c_stream.cli.options import absolute, absolute_broker, properties_from, settings_from
from c2c_stream.engine.letters import Choice
from c2c_stream.errors import SettingsError
from c2c_stream.settings import Settings, load_settings
from c2c_stream.topics import SERVICES

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
    out: Path | None, broker: str | None, run: str | None, properties: list[str] | None
) -> Settings:
    """Return the settings of the run that is meant. Raises SettingsError.

    It is the one that --broker and --run name, else the one in the folder that --out names, else
    the one that the environment names, else the one in the folder that C2C_OUT names, or c2c-out.
    """
    broker = broker and absolute_broker(broker)
    stated = settings_from(properties, out=out, broker=broker, run=run)
    stated = stated.model_copy(update={"out": absolute(stated.out)})
    found = runfile.read(stated.out)
    if found is None:
        _check_log(stated)
        return stated
    options = {name for name, value in (("broker", broker), ("run", run)) if value}
    named = stated.model_fields_set if out is None else options
    if "broker" in named and stated.broker:
        meant = (stated.broker, stated.run)
    else:
        meant = (found.broker, stated.run if "run" in named else found.run)
    if meant != (found.broker, found.run):
        return stated.model_copy(update={"broker": meant[0]})
    return load_settings(
        run=found.run,
        out=stated.out,
        broker=found.broker,
        schema_registry=found.schema_registry or stated.schema_registry,
        kafka=properties_from(properties),
        **found.settings,
    )


def folder_for(out: Path | None) -> Path:
    """Return the folder whose audit trail is meant. Raises SettingsError if it is no run's."""
    folder = absolute(settings_from(None, out=out).out)
    begun = (folder / "audit").is_dir() or (folder / ".c2c").is_dir()
    if runfile.read(folder) is None and not begun:
        raise SettingsError(
            f"{folder} holds no run: neither {runfile.NAME} nor audit/, which the sink writes;"
            f" name the folder of the run's sink with --out"
        )
    return folder


def _check_log(stated: Settings) -> None:
    if not is_kafka(stated) and not (broker_folder(stated) / LOG_NAME).is_file():
        raise SettingsError(
            f"{stated.out} holds no run: neither {runfile.NAME} nor a log"
            f" ({broker_folder(stated) / LOG_NAME}); name its folder with --out, or its brokers"
            f" with --broker kafka://HOST:PORT,..."
        )


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
