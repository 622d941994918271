"""`c2c replay`: a new run that begins with a topic of an old one."""

import platform
from collections.abc import Callable
from contextlib import closing
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from c2c_stream import __version__
from c2c_stream.broker.run import REPLAYER, RunLog
from c2c_stream.cli import brokers, codecs, runfile
from c2c_stream.cli.choosing import settings_for
from c2c_stream.cli.moment import moment_of
from c2c_stream.cli.options import (
    BROKER_HELP,
    PropertyOption,
    RegistryOption,
    absolute,
    settings_from,
)
from c2c_stream.cli.run import drive, identity_of
from c2c_stream.codec import Codec
from c2c_stream.curate.stage import Curator
from c2c_stream.engine import replaying
from c2c_stream.errors import SettingsError
from c2c_stream.sandbox.interpreter import executing
from c2c_stream.settings import Settings
from c2c_stream.topics import SERVICES, consumed_by


def replay(
    stage: Annotated[
        str, typer.Option("--from", help=f"The first stage to run: {', '.join(SERVICES)}.")
    ],
    into: Annotated[str, typer.Option(help="Id of the new run.")],
    run: Annotated[
        str | None, typer.Option(help="Id of the old run; left out: the one in --old-out.")
    ] = None,
    since: Annotated[
        str | None,
        typer.Option(help="Only what was written from this time on: 2026-03-01T12:00 (UTC)."),
    ] = None,
    old_out: Annotated[
        Path | None,
        typer.Option(help="Folder of the old run. [C2C_OUT]", show_default="c2c-out"),
    ] = None,
    out: Annotated[
        Path | None, typer.Option(help="Folder of the new one; left out: c2c-out-INTO.")
    ] = None,
    broker: Annotated[str | None, typer.Option(help=f"Of the old run: {BROKER_HELP}")] = None,
    jobs: Annotated[int, typer.Option(min=0, help="Jails at once; 0: one a core.")] = 0,
    file_format: Annotated[str, typer.Option("--format", help="parquet or jsonl.")] = "parquet",
    layout: Annotated[str, typer.Option(help="completion or chat.")] = "completion",
    keep: Annotated[bool, typer.Option("--keep", help="Trim nothing: keep every record.")] = False,
    json_output: Annotated[bool, typer.Option("--json", help="Print the report as JSON.")] = False,
    schema_registry: RegistryOption = None,
    properties: PropertyOption = None,
) -> None:
    """Start a new run from what an old run put on a stage's topic, after a rule or prompt changed.

    The old run is read and stays as it is. The new one has topics, groups, state, settings and a
    folder of its own; stages before --from are not run. What `c2c run` has read it trims, so the
    old run must have been started with --keep. Stop it with Ctrl-C; the same command goes on from
    there. It ends as `c2c run` does, with the same exit codes.
    """
    if stage not in SERVICES:
        raise SettingsError(f"unknown stage {stage!r}; one of: {', '.join(SERVICES)}")
    topic, at = consumed_by(stage)[0].name, moment_of("--since", since)
    earlier = settings_for(old_out, broker, run, properties)
    with closing(brokers.find_run(earlier)) as old:
        settings = settings_from(
            properties,
            run=into,
            out=absolute(out or Path(f"c2c-out-{into}")),
            broker=earlier.broker if brokers.is_kafka(earlier) else "",
            schema_registry=schema_registry or earlier.schema_registry,
            kafka={"partitions": len(old.spans(topic)), "retention_hours": 0},
            keep=keep,
            http_port=0,
            write={"jobs": jobs},
            execute={"jobs": jobs},
            sink={"format": file_format, "layout": layout},
        )
        if settings.run == earlier.run:
            raise SettingsError(f"--into {into}: the old run is called so; choose another id")
        brokers.check(settings)
        Curator(settings.curate)
        codec = codecs.patiently(settings)
        if runfile.read(settings.out) is None:
            replaying.spans_of(old, topic, at)
        found = runfile.claim(settings.out, _wanted(settings, earlier, topic, since))
        console = Console(stderr=json_output)
        begin = _copying(old, earlier, topic, at, codec, console)
        drive(settings, found, console, begin, json_output=json_output)


def _wanted(
    settings: Settings, earlier: Settings, topic: str, since: str | None
) -> runfile.RunFile:
    before = runfile.read(earlier.out)
    known = before and (before.run, before.broker) == (earlier.run, earlier.broker)
    return runfile.RunFile(
        run=settings.run,
        version=__version__,
        python=platform.python_version(),
        interpreter=executing(settings.sandbox),
        broker=settings.broker,
        sources=before.sources if before and known else (),
        settings=identity_of(settings),
        replay={
            "run": earlier.run,
            "topic": topic,
            "since": since or "",
            "broker": brokers.address_of(earlier),
        },
        schema_registry=settings.schema_registry,
    )


def _copying(
    old: RunLog,
    earlier: Settings,
    topic: str,
    since: float | None,
    codec: Codec,
    console: Console,
) -> Callable[[RunLog], None]:
    """Return what copies the old topic to a new run."""

    def begin(new: RunLog) -> None:
        with closing(new.feeder(REPLAYER)) as feeder:
            replaying.begin(old, new, feeder, topic, since)
            copied = sum(replaying.copy(old, feeder, topic, codec))
        console.print(
            f"{topic} of the run {earlier.run} in {old.name}: {copied:,} records copied",
            markup=False,
            highlight=False,
            soft_wrap=True,
        )

    return begin
