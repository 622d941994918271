"""`c2c ingest`: put sources on the topic of a run, for services that are already up."""

from typing import Annotated

import typer

from c2c_stream.broker.protocol import Produced
from c2c_stream.cli import codecs
from c2c_stream.cli.brokers import open_run
from c2c_stream.cli.options import (
    BrokerOption,
    OutOption,
    PropertyOption,
    RegistryOption,
    RunOption,
    settings_from,
)
from c2c_stream.ingest.stage import check_source
from c2c_stream.topics import REPOS, key_of


def ingest(
    sources: Annotated[list[str], typer.Argument(help="What to read.", show_default=False)],
    out: OutOption = None,
    run: RunOption = None,
    broker: BrokerOption = None,
    schema_registry: RegistryOption = None,
    column: Annotated[str, typer.Option(help="Column of a dump that holds the text.")] = "",
    properties: PropertyOption = None,
) -> None:
    """Add sources to a run whose services are started with `c2c serve`.

    Makes the run's topics if they are not there yet. The ingester reads the sources in this order.
    """
    settings = settings_from(
        properties, out=out, run=run, broker=broker, schema_registry=schema_registry
    )
    repositories = [check_source(source, column) for source in sources]
    codec = codecs.patiently(settings)
    log = open_run(settings)
    try:
        if not log.exists():
            log.create()
        produced = [Produced(REPOS.name, key_of(r).encode(), codec.encode(r)) for r in repositories]
        log.append(produced)
    finally:
        log.close()
    noun = "source" if len(produced) == 1 else "sources"
    typer.echo(f"{len(produced)} {noun} on {settings.run}.{REPOS.name} in {log.name}")
