"""Which broker the settings name, for commands and services alike.

Kafka's client is imported only where a cluster is named: it is a quarter of a service's start.
"""

from pathlib import Path
from typing import TYPE_CHECKING, Final

import typer

from c2c_stream.broker.known import Known, LocalKnown
from c2c_stream.broker.local import LOG_NAME, LocalBroker
from c2c_stream.broker.local_run import LocalRun
from c2c_stream.broker.protocol import Broker
from c2c_stream.broker.run import KAFKA_SCHEME, RunLog
from c2c_stream.errors import SettingsError
from c2c_stream.settings import EngineSettings, Settings

if TYPE_CHECKING:
    from c2c_stream.broker.kafka_client import Cluster
    from c2c_stream.broker.kafka_run import KafkaRun


# A command that only asks gives up after this, unless kafka.give_up_s says otherwise.
COMMAND_S: Final = 60.0


def is_kafka(settings: Settings) -> bool:
    """Say whether the run is on a cluster."""
    return settings.broker.startswith(KAFKA_SCHEME)


def check(settings: Settings) -> None:
    """Find what is wrong with the broker before anything is made. Raises SettingsError."""
    if not is_kafka(settings):
        broker_folder(settings)
        return
    cluster_of(settings).check()
    if settings.curate.limit is not None and settings.kafka.partitions != 1:
        raise SettingsError(
            "--limit counts over one partition: set kafka.partitions to 1"
            " (C2C_KAFKA__PARTITIONS=1), or leave the limit out"
        )


def broker_folder(settings: Settings) -> Path:
    """Return the folder of the local log. Raises SettingsError for any other kind of broker."""
    if not settings.broker:
        return settings.out / ".c2c"
    kind, _, path = settings.broker.partition(":")
    if kind != "local" or not path:
        raise SettingsError(
            f"broker: found {settings.broker!r}; write local:PATH or kafka://HOST:PORT,..."
        )
    return Path(path)


def title_of(settings: Settings) -> str:
    """Return which run this is and where, as --run and --broker would name it."""
    return f"run {settings.run} on {address_of(settings)}"


def address_of(settings: Settings) -> str:
    """Return the broker as --broker would name it."""
    return settings.broker if is_kafka(settings) else f"local:{broker_folder(settings)}"


def cluster_of(settings: Settings) -> "Cluster":
    """Return the cluster that the settings name. Raises SettingsError."""
    from c2c_stream.broker.kafka_client import Cluster, servers_of

    kafka = settings.kafka
    if kafka.state_folder is None:
        kafka = kafka.model_copy(update={"state_folder": settings.out / ".c2c" / "state"})
    return Cluster(servers_of(settings.broker), settings.run, kafka)


def open_broker(settings: Settings, stage: str) -> Broker:
    """Take a service's seat at the broker that the settings name."""
    check(settings)
    if is_kafka(settings):
        from c2c_stream.broker.kafka import KafkaBroker

        return KafkaBroker(cluster_of(settings), stage)
    return LocalBroker(broker_folder(settings), settings.run, stage, keep=settings.keep)


def engine_of(settings: Settings) -> EngineSettings:
    """Return the engine's settings with what depends on the broker filled in."""
    if settings.engine.hold is not None or not is_kafka(settings):
        return settings.engine
    return settings.engine.model_copy(update={"hold": "ingester"})


def open_run(settings: Settings, patience_s: float = COMMAND_S) -> RunLog:
    """Return the run, to be made, fed and watched. Brokers that are away are waited for."""
    if is_kafka(settings):
        return open_kafka(settings, patience_s)
    return LocalRun(broker_folder(settings), settings.run)


def open_kafka(settings: Settings, patience_s: float = COMMAND_S) -> "KafkaRun":
    """Return the run on the cluster that the settings name. Raises SettingsError."""
    from c2c_stream.broker.kafka_run import KafkaRun

    return KafkaRun(cluster_of(settings), patience_s, _say)


def open_known(settings: Settings) -> Known:
    """Take the follower's seat; the run must have been made."""
    if is_kafka(settings):
        from c2c_stream.broker.kafka_known import KafkaKnown

        return KafkaKnown(cluster_of(settings))
    return LocalKnown(broker_folder(settings), settings.run)


def find_run(settings: Settings) -> RunLog:
    """Return a run that has begun. Raises SettingsError if there is none."""
    if not is_kafka(settings):
        folder = broker_folder(settings)
        if not (folder / LOG_NAME).is_file():
            raise SettingsError(f"{folder / LOG_NAME} is gone: nothing can be said of this run")
    run = open_run(settings)
    if not run.exists():
        run.close()
        raise SettingsError(
            f"{run.name}: the run {settings.run} has not begun, or its topics are gone;"
            f" name another with --run, or begin it with `c2c run` or `c2c ingest`"
        )
    return run


def _say(sentence: str) -> None:
    typer.echo(f"c2c: {sentence}", err=True)
