"""`c2c topics`: a run's topics on Kafka."""

from typing import Annotated

import typer

from c2c_stream.broker.kafka_run import KafkaRun
from c2c_stream.cli.brokers import cluster_of
from c2c_stream.settings import load_settings

topics = typer.Typer(no_args_is_help=True, help="Make a run's topics on Kafka.")


@topics.callback()
def _topics() -> None:
    """Make a run's topics on Kafka."""


@topics.command()
def create(
    broker: Annotated[str | None, typer.Option(help="kafka://HOST:PORT,... [C2C_BROKER]")] = None,
    run: Annotated[str | None, typer.Option(help="The run's id. [C2C_RUN]")] = None,
    partitions: Annotated[int | None, typer.Option(min=1, help="Partitions of each.")] = None,
    replication: Annotated[int | None, typer.Option(min=1, help="Replicas of each.")] = None,
) -> None:
    """Make the topics that the run lacks; those that are there stay as they are."""
    flags = {"broker": broker, "run": run}
    settings = load_settings(**{name: value for name, value in flags.items() if value is not None})
    counts = {"partitions": partitions, "replication": replication}
    chosen = {name: value for name, value in counts.items() if value is not None}
    wanted = settings.model_copy(update={"kafka": settings.kafka.model_copy(update=chosen)})
    made = KafkaRun(cluster_of(wanted)).made()
    typer.echo("\n".join(made) if made else f"all topics of {settings.run} are there already")
