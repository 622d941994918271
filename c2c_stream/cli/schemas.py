"""`c2c schemas`: the schemas of this version in a schema registry."""

import json
from dataclasses import asdict
from typing import TYPE_CHECKING

import typer
from rich.console import Console
from rich.table import Table

from c2c_stream.avro import name_of
from c2c_stream.cli.codecs import client_of
from c2c_stream.cli.exits import Exit
from c2c_stream.cli.options import JsonOption, RegistryOption
from c2c_stream.errors import SettingsError
from c2c_stream.records import RECORDS
from c2c_stream.settings import load_settings

if TYPE_CHECKING:
    from c2c_stream.registry.client import RegistryClient

schemas = typer.Typer(
    no_args_is_help=True,
    help="Register, check and list the schemas of this version in a schema registry.",
)


def _client(url: str | None) -> "RegistryClient":
    return client_of(load_settings(**({} if url is None else {"schema_registry": url})))


@schemas.command()
def register(schema_registry: RegistryOption = None) -> None:
    """Register the schema of every record; those that are there stay as they are.

    Each subject (`c2c.Function`) is set to FULL_TRANSITIVE. Nothing is registered where one schema
    is incompatible with a version that is there: run `check` for why.
    """
    client = _client(schema_registry)
    from c2c_stream.registry import subjects

    wrong = list(subjects.check(client))
    if wrong:
        raise SettingsError(f"nothing was registered: {wrong[0]}; see `c2c schemas check`")
    for record in RECORDS:
        typer.echo(f"{name_of(record)}: id {subjects.register(client, record)}")


@schemas.command()
def check(schema_registry: RegistryOption = None) -> None:
    """Say in words what stands against registering the schemas of this version. Changes nothing.

    Each is held against every version in the registry, both ways. Exit code 11 if anything does.
    """
    client = _client(schema_registry)
    from c2c_stream.registry import subjects

    wrong = list(subjects.check(client))
    for line in wrong:
        typer.echo(line)
    if wrong:
        raise typer.Exit(Exit.SCHEMAS)
    typer.echo(f"all {len(RECORDS)} schemas are compatible with what {client.url} holds")


@schemas.command("list")
def list_schemas(
    schema_registry: RegistryOption = None,
    json_output: JsonOption = False,
) -> None:
    """List what the registry holds of each record. Exit code 11 if this version lacks anything."""
    client = _client(schema_registry)
    from c2c_stream.registry import subjects

    found = subjects.listed(client)
    if json_output:
        rows = [asdict(one) | {"wanting": subjects.wanting(one)} for one in found]
        typer.echo(json.dumps(rows, indent=2))
    else:
        table = Table(box=None, pad_edge=False, header_style="bold")
        for column in ("subject", "versions", "ids", "this version", "compatibility", "wanting"):
            table.add_column(column)
        for one in found:
            table.add_row(
                one.name,
                ", ".join(map(str, one.versions)),
                ", ".join(map(str, one.schema_ids)),
                "" if one.schema_id is None else str(one.schema_id),
                one.compatibility,
                subjects.wanting(one),
            )
        Console().print(table)
    if any(subjects.wanting(one) for one in found):
        raise typer.Exit(Exit.SCHEMAS)
