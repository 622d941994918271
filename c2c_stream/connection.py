"""How a Kafka cluster is reached: protocol, login, certificates, and where secrets come from.

A secret stands in the environment or in a file, never on a command line, and nothing prints it.
"""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Final, Literal

from pydantic import BaseModel, Field, SecretStr, field_serializer

from c2c_stream.errors import SettingsError
from c2c_stream.secret import secret_of

_SECRET: Final = re.compile(r"password|passphrase|secret|key\.pem|^ssl_key|oauthbearer\.config")
# Exactly-once rests on these, or a setting of ours names them.
RESERVED: Final = frozenset(
    {
        "auto.offset.reset",
        "bootstrap.servers",
        "enable.auto.commit",
        "enable.auto.offset.store",
        "enable.idempotence",
        "enable.partition.eof",
        "group.id",
        "group.instance.id",
        "group.protocol",
        "isolation.level",
        "partition.assignment.strategy",
        "partitioner",
        "transactional.id",
    }
)


def is_secret(name: str) -> bool:
    """Say whether a client's property of this name holds a secret."""
    return bool(_SECRET.search(name))


class Connection(BaseModel):
    """The part of the settings that a client needs to reach the brokers."""

    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = Field(
        "PLAINTEXT", description="PLAINTEXT, SSL, SASL_PLAINTEXT or SASL_SSL."
    )
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512", "OAUTHBEARER"] = Field(
        "SCRAM-SHA-512", description="PLAIN, SCRAM-SHA-256, SCRAM-SHA-512 or OAUTHBEARER."
    )
    username: str = Field("", description="The user of PLAIN and SCRAM.")
    password: SecretStr | None = Field(
        None, exclude=True, description="Its password; in the environment only."
    )
    password_file: Path | None = Field(None, description="The file that holds its password.")
    ca_file: Path | None = Field(
        None, description="Certificates that brokers are trusted by, PEM; empty: the system's."
    )
    certificate_file: Path | None = Field(None, description="The client's certificate, PEM.")
    key_file: Path | None = Field(None, description="The client's private key, PEM.")
    oauth_endpoint: str = Field("", description="URL of OAUTHBEARER's token endpoint.")
    oauth_client_id: str = Field("", description="The client's id there.")
    oauth_client_secret: SecretStr | None = Field(
        None, exclude=True, description="The client's secret; in the environment only."
    )
    oauth_client_secret_file: Path | None = Field(
        None, description="The file that holds the client's secret."
    )
    oauth_scope: str = Field("", description="The scope that is asked for; empty: none.")
    properties: dict[str, str] = Field(
        default_factory=dict,
        repr=False,
        description="Any other librdkafka property, for all clients; -X KEY=VALUE adds one.",
    )

    @field_serializer("properties")
    def _without_secrets(self, properties: dict[str, str]) -> dict[str, str]:
        return {name: value for name, value in properties.items() if not is_secret(name)}


def properties_of(at: Connection) -> dict[str, str]:
    """Return the client's properties; secrets are read from their files now.

    Raises SettingsError for what is missing or not to be set.
    """
    taken = sorted(RESERVED & at.properties.keys())
    if taken:
        raise SettingsError(
            f"kafka.properties: {', '.join(taken)} cannot be set: exactly-once rests on it, or"
            f" another setting of [kafka] says it"
        )
    found: dict[str, str] = {"security.protocol": at.security_protocol}
    if at.security_protocol.endswith("SSL"):
        found |= _certificates(at)
    if at.security_protocol.startswith("SASL"):
        found |= {"sasl.mechanism": at.sasl_mechanism}
        found |= _oauth(at) if at.sasl_mechanism == "OAUTHBEARER" else _login(at)
    return {name: value for name, value in found.items() if value} | at.properties


def without_secrets(text: str, properties: Mapping[str, object]) -> str:
    """Return a text in which no secret value stands."""
    for name, value in properties.items():
        if is_secret(name) and isinstance(value, str) and value:
            text = text.replace(value, "***")
    return text


def _certificates(at: Connection) -> dict[str, str]:
    files = {
        "ssl.ca.location": ("ca_file", at.ca_file),
        "ssl.certificate.location": ("certificate_file", at.certificate_file),
        "ssl.key.location": ("key_file", at.key_file),
    }
    for name, path in files.values():
        if path is not None and not path.is_file():
            raise SettingsError(f"kafka.{name}: {path} is no file")
    return {key: str(path or "") for key, (_, path) in files.items()}


def _login(at: Connection) -> dict[str, str]:
    if not at.username and "sasl.username" not in at.properties:
        raise SettingsError(f"kafka.username is missing; {at.sasl_mechanism} needs one")
    password = secret_of("kafka.password", at.password, at.password_file)
    if not password and "sasl.password" not in at.properties:
        raise SettingsError(
            f"kafka.password is missing; {at.sasl_mechanism} needs C2C_KAFKA__PASSWORD or"
            f" kafka.password_file"
        )
    return {"sasl.username": at.username, "sasl.password": password}


def _oauth(at: Connection) -> dict[str, str]:
    found = {
        "sasl.oauthbearer.method": "oidc",
        "sasl.oauthbearer.token.endpoint.url": at.oauth_endpoint,
        "sasl.oauthbearer.client.id": at.oauth_client_id,
        "sasl.oauthbearer.client.secret": secret_of(
            "kafka.oauth_client_secret", at.oauth_client_secret, at.oauth_client_secret_file
        ),
    }
    missing = [key for key, value in found.items() if not value and key not in at.properties]
    if missing:
        names = ", ".join(_OAUTH_SETTING[key] for key in missing)
        raise SettingsError(f"{names}: missing; OAUTHBEARER needs it")
    return found | {"sasl.oauthbearer.scope": at.oauth_scope}


_OAUTH_SETTING: Final = {
    "sasl.oauthbearer.token.endpoint.url": "kafka.oauth_endpoint",
    "sasl.oauthbearer.client.id": "kafka.oauth_client_id",
    "sasl.oauthbearer.client.secret": "kafka.oauth_client_secret_file",
}
