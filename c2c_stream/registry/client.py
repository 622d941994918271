"""What is asked of a registry, and what its errors mean for us: the one module that talks to it."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final

import httpx2
from confluent_kafka.schema_registry import (
    ConfigCompatibilityLevel,
    Schema,
    SchemaRegistryClient,
    ServerConfig,
)
from confluent_kafka.schema_registry.error import SchemaRegistryError

from c2c_stream.errors import C2CError, DecodeError, NewerSchema, SettingsError, Unavailable
from c2c_stream.secret import secret_of
from c2c_stream.settings import RegistrySettings

# The broker thread waits for an answer: far below what a rebalance allows it.
ANSWER_S: Final = 5.0
# One that is away is not asked again before this, however many records wait for it.
AWAY_S: Final = 2.0
COMPATIBILITY: Final = "FULL_TRANSITIVE"
_AVRO: Final = "AVRO"

_NO_SUBJECT: Final = 40401
_NO_VERSION: Final = 40402
_NO_SCHEMA: Final = 40403
_NO_CONFIG: Final = 40408
_MISSING: Final = frozenset({_NO_SUBJECT, _NO_VERSION, _NO_SCHEMA})
# HTTP statuses with a meaning of their own.
_LOGIN: Final = frozenset({401, 403})
_PASSING: Final = frozenset({408, 425, 429})
_REFUSED: Final = frozenset({409, 422})
_SERVER_FAULT: Final = 500


@dataclass(frozen=True, slots=True)
class Version:
    """One version of a subject."""

    number: int
    schema_id: int
    text: str


class RegistryClient:
    """The registry at one URL. One thread at a time."""

    def __init__(self, url: str, settings: RegistrySettings) -> None:
        self.url = url
        self._away_until = float("-inf")
        self._why_away = ""
        self._client = SchemaRegistryClient(_conf(url, settings))

    def close(self) -> None:
        """Let go of its connections."""
        self._client.close()

    def schema(self, schema_id: int) -> str:
        """Return the schema of an id. See codec.Registry."""
        if _now() < self._away_until:
            raise Unavailable(self._why_away)
        with self._translating(f"schema id {schema_id}"):
            try:
                found = self._client.get_schema(schema_id)
            except SchemaRegistryError as error:
                if error.error_code not in _MISSING:
                    raise
                raise NewerSchema(
                    f"{self.url} knows no schema id {schema_id}; partition held: was it written"
                    f" with another registry? set that one, or restore the schema"
                ) from error
        if found.schema_type != _AVRO or found.references or found.schema_str is None:
            raise DecodeError(
                f"schema id {schema_id} of {self.url} is {found.schema_type}"
                f"{' with references' if found.references else ''}, no record of ours"
            )
        return found.schema_str

    def id_of(self, subject: str, text: str) -> int | None:
        """Return the id of a schema under a subject; None if it is not registered there."""
        with self._translating(subject):
            try:
                found = self._client.lookup_schema(subject, Schema(text, _AVRO))
            except SchemaRegistryError as error:
                if error.error_code in _MISSING:
                    return None
                raise
            return found.schema_id

    def versions(self, subject: str) -> list[Version]:
        """Return all versions of a subject, oldest first; none if it is not there."""
        with self._translating(subject):
            try:
                numbers = self._client.get_versions(subject)
            except SchemaRegistryError as error:
                if error.error_code in _MISSING:
                    return []
                raise
            found = [(n, self._client.get_version(subject, n)) for n in sorted(numbers)]
            return [Version(n, one.schema_id or 0, one.schema.schema_str or "") for n, one in found]

    def register(self, subject: str, text: str) -> int:
        """Give a schema an id; one that is there keeps its own. Raises SettingsError: refused."""
        with self._translating(subject):
            return self._client.register_schema(subject, Schema(text, _AVRO))

    def compatibility(self, subject: str) -> str:
        """Return the compatibility that is set for a subject; empty if none is."""
        with self._translating(subject):
            try:
                return self._client.get_compatibility(subject)
            except SchemaRegistryError as error:
                if error.error_code in _MISSING or error.error_code == _NO_CONFIG:
                    return ""
                raise

    def demand_compatibility(self, subject: str) -> None:
        """Set what later versions of a subject must keep."""
        level = ServerConfig(compatibility=ConfigCompatibilityLevel[COMPATIBILITY])
        with self._translating(subject):
            self._client.set_config(subject, level)

    @contextmanager
    def _translating(self, doing: str) -> Iterator[None]:
        """Turn the client's exceptions into ours; anything else is a bug and stays one."""
        try:
            yield
        except SchemaRegistryError as error:
            raise self._noted(_translated(error, self.url, doing)) from error
        except httpx2.TransportError as error:
            raise self._noted(_unreached(error, self.url)) from error
        except (httpx2.InvalidURL, ValueError) as error:
            raise SettingsError(
                f"schema_registry: {self.url} does not answer as a schema registry ({error})"
            ) from error

    def _noted(self, error: C2CError) -> C2CError:
        if isinstance(error, Unavailable):
            self._away_until, self._why_away = _now() + AWAY_S, str(error)
        return error


def _translated(error: SchemaRegistryError, url: str, doing: str) -> C2CError:
    status, text = error.http_status_code, f"schema registry {url}: {doing}: {error}"
    if status in _LOGIN:
        return SettingsError(f"{text}; mend registry.username and its password, or its rights")
    if status in _PASSING or status >= _SERVER_FAULT:
        return Unavailable(f"{text}; it goes on when the registry answers")
    if status in _REFUSED:
        return SettingsError(
            f"schema registry {url} refuses {doing}: {error.error_message}; see `c2c schemas check`"
        )
    return SettingsError(f"{text}; is this the URL of its Confluent interface?")


def _unreached(error: httpx2.TransportError, url: str) -> C2CError:
    text = f"schema registry {url}: {str(error) or type(error).__name__}"
    if "CERTIFICATE_VERIFY_FAILED" in text:
        return SettingsError(f"{text}; name the certificates it is trusted by in registry.ca_file")
    return Unavailable(f"{text}; it goes on when the registry answers")


def _conf(url: str, settings: RegistrySettings) -> dict[str, object]:
    """Return the client's properties. Raises SettingsError."""
    if not url.startswith(("http://", "https://")) or "@" in url:
        raise SettingsError(
            "schema_registry: write http://HOST:PORT or https://HOST:PORT, with the login in"
            " registry.username and registry.password_file"
        )
    conf: dict[str, object] = {"url": url, "timeout": ANSWER_S, "max.retries": 0}
    if settings.username:
        conf["basic.auth.user.info"] = f"{settings.username}:{_password(settings)}"
    if settings.ca_file is not None:
        if not settings.ca_file.is_file():
            raise SettingsError(f"registry.ca_file: {settings.ca_file} is no file")
        conf["ssl.ca.location"] = str(settings.ca_file)
    return conf


def _password(settings: RegistrySettings) -> str:
    found = secret_of("registry.password", settings.password, settings.password_file)
    if not found:
        raise SettingsError(
            "registry.username is set and no password: set registry.password_file, or"
            " C2C_REGISTRY__PASSWORD in the environment"
        )
    return found


def _now() -> float:
    return time.monotonic()  # noqa: TID251  # a registry's absence is real time
