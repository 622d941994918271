"""How a cluster is reached, and that secrets stay where they are."""

import json
import os
from pathlib import Path

import pytest
from pydantic import SecretStr

from c2c_stream.broker.kafka_client import Cluster
from c2c_stream.cli.options import properties_from, settings_from
from c2c_stream.connection import Connection, is_secret, properties_of
from c2c_stream.errors import SettingsError
from c2c_stream.settings import KafkaSettings, environment_of, forget_secrets, load_settings

SECRET = "hunter-tw0"


def connection(**values: object) -> Connection:
    return KafkaSettings.model_validate(values)


@pytest.fixture
def secret_file(tmp_path: Path) -> Path:
    path = tmp_path / "password"
    path.write_text(SECRET + "\n", encoding="utf-8")
    return path


def test_nothing_set_is_plaintext() -> None:
    assert properties_of(connection()) == {"security.protocol": "PLAINTEXT"}


def test_scram_over_tls_with_a_password_from_a_file(secret_file: Path, tmp_path: Path) -> None:
    ca_file = tmp_path / "ca.pem"
    ca_file.touch()
    at = connection(
        security_protocol="SASL_SSL", username="u", password_file=secret_file, ca_file=ca_file
    )
    assert properties_of(at) == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "u",
        "sasl.password": SECRET,
        "ssl.ca.location": str(ca_file),
    }


def test_a_client_certificate_needs_no_login(tmp_path: Path) -> None:
    for name in ("cert", "key"):
        (tmp_path / name).touch()
    at = connection(
        security_protocol="SSL", certificate_file=tmp_path / "cert", key_file=tmp_path / "key"
    )
    assert properties_of(at) == {
        "security.protocol": "SSL",
        "ssl.certificate.location": str(tmp_path / "cert"),
        "ssl.key.location": str(tmp_path / "key"),
    }


def test_oauth_asks_the_token_endpoint_by_the_clients_own_method(secret_file: Path) -> None:
    at = connection(
        security_protocol="SASL_SSL",
        sasl_mechanism="OAUTHBEARER",
        oauth_endpoint="https://login/token",
        oauth_client_id="c2c",
        oauth_client_secret_file=secret_file,
        oauth_scope="kafka",
    )
    assert properties_of(at) == {
        "security.protocol": "SASL_SSL",
        "sasl.mechanism": "OAUTHBEARER",
        "sasl.oauthbearer.method": "oidc",
        "sasl.oauthbearer.token.endpoint.url": "https://login/token",
        "sasl.oauthbearer.client.id": "c2c",
        "sasl.oauthbearer.client.secret": SECRET,
        "sasl.oauthbearer.scope": "kafka",
    }


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"security_protocol": "SASL_SSL"}, "kafka.username is missing"),
        ({"security_protocol": "SASL_SSL", "username": "u"}, "C2C_KAFKA__PASSWORD or"),
        (
            {"security_protocol": "SASL_PLAINTEXT", "username": "u", "password_file": "/nowhere"},
            "kafka.password_file: /nowhere cannot be read: No such file",
        ),
        (
            {
                "security_protocol": "SASL_PLAINTEXT",
                "username": "u",
                "password": "p",
                "password_file": "/nowhere",
            },
            "both set",
        ),
        (
            {"security_protocol": "SASL_PLAINTEXT", "username": "u", "password_file": "/dev/null"},
            "is empty",
        ),
        ({"security_protocol": "SSL", "ca_file": "/nowhere"}, "kafka.ca_file: /nowhere is no file"),
        (
            {"security_protocol": "SASL_SSL", "sasl_mechanism": "OAUTHBEARER"},
            "kafka.oauth_endpoint, kafka.oauth_client_id, kafka.oauth_client_secret_file: missing",
        ),
        ({"properties": {"isolation.level": "read_uncommitted"}}, "isolation.level cannot be set"),
    ],
)
def test_what_is_missing_or_forbidden_is_said(values: dict[str, object], words: str) -> None:
    with pytest.raises(SettingsError, match=words):
        properties_of(connection(**values))


def test_a_property_of_the_clients_own_wins() -> None:
    at = connection(
        security_protocol="SASL_PLAINTEXT",
        username="u",
        properties={"sasl.password": SECRET, "client.rack": "b"},
    )
    assert properties_of(at) == {
        "security.protocol": "SASL_PLAINTEXT",
        "sasl.mechanism": "SCRAM-SHA-512",
        "sasl.username": "u",
        "sasl.password": SECRET,
        "client.rack": "b",
    }


@pytest.mark.parametrize(
    "name",
    [
        "sasl.password",
        "ssl.key.password",
        "ssl.keystore.password",
        "ssl.key.pem",
        "sasl.oauthbearer.client.secret",
        "sasl.oauthbearer.config",
        "sasl.oauthbearer.assertion.private.key.passphrase",
    ],
)
def test_a_secret_on_the_command_line_is_refused_and_not_repeated(name: str) -> None:
    with pytest.raises(SettingsError, match=f"-X {name}: a command line can be read") as caught:
        properties_from([f"{name}={SECRET}"])
    assert SECRET not in str(caught.value)


@pytest.mark.parametrize("name", ["sasl.username", "ssl.ca.pem", "ssl.ca.location", "client.id"])
def test_what_is_no_secret_may_be_told(name: str) -> None:
    assert not is_secret(name)


def test_properties_of_the_command_line_join_those_set_elsewhere(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("C2C_KAFKA__PROPERTIES", '{"client.rack": "a", "linger.ms": "5"}')
    settings = settings_from(["client.rack=b", "metadata.max.age.ms=1=2"], kafka={"partitions": 7})
    assert settings.kafka.properties == {
        "client.rack": "b",
        "linger.ms": "5",
        "metadata.max.age.ms": "1=2",
    }
    assert settings.kafka.partitions == 7
    with pytest.raises(SettingsError, match="write KEY=VALUE"):
        settings_from(["client.rack"])


def secretive(monkeypatch: pytest.MonkeyPatch) -> None:
    """Set a secret in every way."""
    monkeypatch.setenv("C2C_KAFKA__PASSWORD", SECRET)
    monkeypatch.setenv("C2C_KAFKA__OAUTH_CLIENT_SECRET", SECRET)
    properties = {"ssl.key.password": SECRET, "client.rack": "a"}
    monkeypatch.setenv("C2C_KAFKA__PROPERTIES", json.dumps(properties))


def test_no_secret_is_in_what_a_child_is_told_and_it_has_them_all_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secretive(monkeypatch)
    settings = load_settings()
    told = environment_of(settings)
    assert SECRET not in str(told)
    assert "*" not in told["C2C_KAFKA"]  # nor what stands for one, which a child would take for it
    for name, value in told.items():
        monkeypatch.setenv(name, value)
    again = load_settings()
    assert again == settings
    assert again.kafka.password == SecretStr(SECRET)
    assert again.kafka.properties["ssl.key.password"] == SECRET


def test_no_secret_is_in_any_form_of_the_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    secretive(monkeypatch)
    settings = load_settings(broker="kafka://h:1")
    cluster = Cluster("h:1", "main", settings.kafka)
    forms = (repr(settings), str(settings), repr(cluster), settings.model_dump_json())
    assert all(SECRET not in form for form in forms)


def test_processes_that_a_service_starts_inherit_no_secret(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    secretive(monkeypatch)
    forget_secrets()
    assert SECRET not in str(dict(os.environ))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("C2C_KAFKA__PASWORD", SECRET),
        ("C2C_KAFKA__PROPERTIES__X", SECRET),
        ("C2C_KAFKA__PROPERTIES", f'["{SECRET}"]'),
        ("C2C_KAFKA", f'"{SECRET}"'),
        ("C2C_KAFKA", f"{{{SECRET}"),
        ("C2C_KAFKA__PASSWORD", f'{{"a": "{SECRET}"}}'),
    ],
)
def test_a_wrong_setting_is_told_without_a_secret(
    monkeypatch: pytest.MonkeyPatch, name: str, value: str
) -> None:
    monkeypatch.setenv(name, value)
    if name.endswith(("PASSWORD", "__X")):
        told = str(load_settings().kafka)
    else:
        with pytest.raises(SettingsError) as caught:
            load_settings()
        told = str(caught.value)
        assert caught.value.__cause__ is None
    assert SECRET not in told


def test_a_wrong_value_of_another_setting_is_still_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("C2C_KAFKA__PARTITIONS", "many")
    with pytest.raises(SettingsError, match=r"kafka\.partitions: .*\(found 'many'\)"):
        load_settings()


def test_a_clients_own_complaint_holds_no_secret() -> None:
    at = KafkaSettings(
        security_protocol="SSL", properties={"ssl.key.pem": SECRET, "ssl.key.password": SECRET}
    )
    with pytest.raises(SettingsError) as caught:
        Cluster("127.0.0.1:1", "main", at).admin(lambda _: None)
    assert "ssl.key.pem" in str(caught.value)
    assert SECRET not in str(caught.value)
    assert caught.value.__cause__ is None


def test_a_clients_complaint_and_a_name_that_is_no_setting_are_sentences(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    at = KafkaSettings(properties={"foo.bar": "1"})
    said = r'^kafka\.properties: No such configuration property: "foo\.bar"$'
    with pytest.raises(SettingsError, match=said):
        Cluster("127.0.0.1:1", "main", at).admin(lambda _: None)
    monkeypatch.setenv("C2C_KAFKA__PARTITONS", "3")
    with pytest.raises(SettingsError, match=r"kafka\.partitons: there is no such setting$"):
        load_settings()
