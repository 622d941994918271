"""`c2c topics`: a run's topics on Kafka."""

import json
from collections.abc import Mapping
from contextlib import closing
from dataclasses import asdict
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.table import Table

from c2c_stream.broker.kafka_layout import Found, kept_for
from c2c_stream.broker.protocol import Partition
from c2c_stream.broker.rights import ROLES, rights_of
from c2c_stream.cli.brokers import open_kafka
from c2c_stream.cli.exits import Exit
from c2c_stream.cli.options import JsonOption, PropertyOption, RunOption, settings_from
from c2c_stream.errors import SettingsError
from c2c_stream.settings import Settings
from c2c_stream.topics import MIB

topics = typer.Typer(
    no_args_is_help=True, help="Make, show, check and delete a run's topics on Kafka."
)

Broker = Annotated[str | None, typer.Option(help="kafka://HOST:PORT,... [C2C_BROKER]")]
Partitions = Annotated[
    int | None, typer.Option(min=1, help="Partitions of each. [C2C_KAFKA__PARTITIONS]")
]
Replication = Annotated[
    int | None, typer.Option(min=1, help="Replicas of each. [C2C_KAFKA__REPLICATION]")
]
Retention = Annotated[
    int | None,
    typer.Option(min=0, help="Hours a record is kept; 0: for ever. [C2C_KAFKA__RETENTION_HOURS]"),
]


@topics.command()
def create(
    broker: Broker = None,
    run: RunOption = None,
    partitions: Partitions = None,
    replication: Replication = None,
    retention_hours: Retention = None,
    properties: PropertyOption = None,
) -> None:
    """Make the topics that the run lacks; those that are there stay as they are."""
    settings = _settings(broker, run, properties, partitions, replication, retention_hours)
    with closing(open_kafka(settings)) as there:
        made = there.made()
    typer.echo("\n".join(made) if made else f"all topics of {settings.run} are there already")


@topics.command()
def describe(
    broker: Broker = None,
    run: RunOption = None,
    properties: PropertyOption = None,
    json_output: JsonOption = False,
) -> None:
    """Show the run's topics as the brokers have them. Exit code 9 if there are none."""
    settings = _settings(broker, run, properties)
    with closing(open_kafka(settings)) as there:
        found = there.described()
        held = there.held(found)
    if json_output:
        typer.echo(json.dumps([_fields(settings, one, held) for one in found.values()], indent=2))
    elif found:
        Console().print(_table(settings, found, held))
    else:
        typer.echo(f"{settings.broker} has no topic of the run {settings.run}", err=True)
    raise typer.Exit(Exit.OK if found else Exit.NOT_FOUND)


@topics.command()
def verify(
    broker: Broker = None,
    run: RunOption = None,
    partitions: Partitions = None,
    replication: Replication = None,
    retention_hours: Retention = None,
    properties: PropertyOption = None,
    json_output: JsonOption = False,
) -> None:
    """Say where the run's topics differ from what they are meant to be. Exit code 10 if they do."""
    settings = _settings(broker, run, properties, partitions, replication, retention_hours)
    with closing(open_kafka(settings)) as there:
        wrong = there.differences()
    if json_output:
        typer.echo(json.dumps({"run": settings.run, "differences": wrong}, indent=2))
    else:
        typer.echo("\n".join(wrong) if wrong else f"all topics of {settings.run} are as meant")
    raise typer.Exit(Exit.TOPICS if wrong else Exit.OK)


@topics.command()
def delete(
    run: Annotated[str, typer.Option("--run", help="The run's id.", show_default=False)],
    broker: Broker = None,
    execute: Annotated[bool, typer.Option("--execute", help="Do it.")] = False,
    properties: PropertyOption = None,
) -> None:
    """Delete the topics and groups of a run that is over; without --execute, show which.

    Refuses while a service of the run is at work. Exit code 9 if there is nothing of the run.
    """
    settings = _settings(broker, run, properties)
    with closing(open_kafka(settings)) as there:
        left = there.left()
        if execute and left:
            there.remove(left)
    does = "deleted" if execute else "would delete"
    for kind, names in (("topic", left.topics), ("group", left.groups)):
        typer.echo("".join(f"{does} {kind} {name}\n" for name in names), nl=False)
    if not left:
        typer.echo(f"{settings.broker} has nothing of the run {run}", err=True)
    elif not execute:
        typer.echo("nothing is deleted; --execute does it")
    raise typer.Exit(Exit.OK if left else Exit.NOT_FOUND)


@topics.command()
def acls(
    run: RunOption = None,
    role: Annotated[str | None, typer.Option(help=f"Only: {', '.join(ROLES)}.")] = None,
    json_output: JsonOption = False,
) -> None:
    """List the least rights that each service of the run needs on a cluster with ACLs.

    `feeder` is `c2c ingest`, `follower` is `c2c follow`, `settler` is `c2c dead-letters`;
    `operator` makes, checks and deletes topics and shows the status. `c2c run` needs the rights of
    all services, and those of the feeder and the operator. `c2c replay` needs the same and those of
    the replayer in the new run, and those of the reader in the old one.
    """
    settings = settings_from(None, run=run)
    if role is not None and role not in ROLES:
        raise SettingsError(f"unknown role {role!r}; one of: {', '.join(ROLES)}")
    hold = settings.engine.hold or "ingester"
    listed = {one: rights_of(settings.run, one, hold) for one in ROLES if role in {None, one}}
    if json_output:
        typer.echo(json.dumps({one: [asdict(r) for r in listed[one]] for one in listed}, indent=2))
        return
    for one, rights in listed.items():
        typer.echo("".join(f"{one}: {right}\n" for right in rights), nl=False)


def _settings(
    broker: str | None,
    run: str | None,
    properties: list[str] | None,
    partitions: int | None = None,
    replication: int | None = None,
    retention_hours: int | None = None,
) -> Settings:
    return settings_from(
        properties,
        kafka={
            "partitions": partitions,
            "replication": replication,
            "retention_hours": retention_hours,
        },
        broker=broker,
        run=run,
    )


def _fields(settings: Settings, found: Found, held: Mapping[Partition, range]) -> dict[str, Any]:
    return {
        "topic": f"{settings.run}.{found.name}",
        "partitions": found.partitions,
        "replicas": found.replication,
        "in_sync": found.in_sync,
        "cleanup": found.properties["cleanup.policy"],
        "retention_ms": int(found.properties["retention.ms"]),
        "max_message_bytes": int(found.properties["max.message.bytes"]),
        "start_offsets": [held[found.name, n].start for n in range(found.partitions)],
        "end_offsets": [held[found.name, n].stop for n in range(found.partitions)],
    }


def _table(
    settings: Settings, found: Mapping[str, Found], held: Mapping[Partition, range]
) -> Table:
    table = Table(box=None, pad_edge=False)
    longest = max(len(f"{settings.run}.{name}") for name in found)
    table.add_column("topic", no_wrap=True, min_width=longest)  # whole, to be given to a tool
    table.add_column("cleanup")
    numbers = ("partitions", "replicas", "in sync", "retention", "largest", "offsets held", "ends")
    for name in numbers:
        table.add_column(name, justify="right")
    for one in found.values():
        fields = _fields(settings, one, held)
        kept = fields["retention_ms"]
        count = sum(len(held[one.name, n]) for n in range(one.partitions))
        compacted = fields["cleanup"] == "compact"
        table.add_row(
            fields["topic"],
            fields["cleanup"],
            *(str(fields[name]) for name in ("partitions", "replicas", "in_sync")),
            kept_for(-1 if compacted else kept),
            f"{fields['max_message_bytes'] / MIB:g} MiB",
            f"{count:,}",
            " ".join(f"{end:,}" for end in fields["end_offsets"]),
        )
    return table
