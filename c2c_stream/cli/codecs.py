"""The codec that the settings ask for, for commands and services alike.

A registry's client is imported only where one is set: it is half a second of a service's start.
"""

import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

import typer

from c2c_stream.codec import Codec
from c2c_stream.errors import SettingsError, Unavailable
from c2c_stream.settings import Settings

if TYPE_CHECKING:
    from c2c_stream.registry.client import RegistryClient
    from c2c_stream.registry.subjects import Subjects

AGAIN_S: Final = 2.0
LOOK_S: Final = 0.1


def client_of(settings: Settings) -> "RegistryClient":
    """Return the registry that the settings name. Raises SettingsError; connects to nothing."""
    if not settings.schema_registry:
        raise SettingsError("no schema registry: name one with --schema-registry URL")
    try:
        from c2c_stream.registry.client import RegistryClient
    except ImportError as error:
        raise SettingsError(
            f"schema_registry is set, and {error.name} is not installed:"
            f" pip install 'c2c-stream[registry]'"
        ) from error
    return RegistryClient(settings.schema_registry, settings.registry)


def registry_of(settings: Settings) -> "Subjects | None":
    """Return what the codec asks for ids; None where no registry is set. Raises SettingsError."""
    if not settings.schema_registry:
        return None
    client = client_of(settings)
    from c2c_stream.registry.subjects import Subjects

    return Subjects(client, register=settings.registry.register_schemas)


def awaited(
    settings: Settings, tell: Callable[[str], None], stopping: Callable[[], bool]
) -> Codec | None:
    """Return the codec once the registry answers; None where `stopping` comes first.

    Raises SettingsError for what waiting does not mend: a schema that is missing or refused.
    """
    registry = registry_of(settings)
    while not stopping():
        try:
            return Codec(registry=registry)
        except Unavailable as error:
            tell(str(error))
        again_at = _now() + AGAIN_S
        while _now() < again_at and not stopping():
            time.sleep(LOOK_S)  # noqa: TID251  # a registry cannot wake us
    return None


def patiently(settings: Settings) -> Codec:
    """Return the codec for a command; a registry that is away is waited for, and that is said."""
    told: list[str] = []

    def tell(reason: str) -> None:
        if reason not in told:
            told.append(reason)
            typer.echo(f"c2c: waiting: {reason}", err=True)

    codec = awaited(settings, tell, lambda: False)
    if codec is None:
        raise Unavailable(told[-1] if told else "the schema registry does not answer")
    return codec


def _now() -> float:
    return time.monotonic()  # noqa: TID251  # the wait is real time
