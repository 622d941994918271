"""A real schema registry, empty at the start of each test."""

import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest
from confluent_kafka.schema_registry import SchemaRegistryClient

from tests.registry import node
from tests.registry.clients import Clients
from tests.registry.door import Door
from tests.require import require_command


@pytest.fixture(scope="session")
def registry_node(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Return the URL of a real registry, started once a test process that asks for it."""
    with node.running(tmp_path_factory.mktemp("registry")) as url:
        yield url


@pytest.fixture
def plain(registry_node: str) -> Iterator[SchemaRegistryClient]:
    """Return Confluent's own client of an empty registry."""
    with SchemaRegistryClient({"url": registry_node}) as client:
        for subject in client.get_subjects():
            client.delete_subject(subject)
            client.delete_subject(subject, permanent=True)
        yield client


@pytest.fixture
def registry(registry_node: str, plain: SchemaRegistryClient) -> str:
    """Return the URL of an empty registry."""
    assert plain.get_subjects() == []
    return registry_node


@pytest.fixture
def clients() -> Iterator[Clients]:
    """Return what makes clients of a registry."""
    made = Clients()
    yield made
    made.close()


@pytest.fixture
def door(registry: str) -> Iterator[Door]:
    """Return an open door to an empty registry."""
    door = Door(registry)
    door.open()
    yield door
    door.shut()


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a file with a certificate for 127.0.0.1, signed by itself, and its key."""
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    key = file.with_name("key.pem")
    require_command("openssl")
    command = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2"]
    subject = ["-subj", "/CN=127.0.0.1", "-addext", "subjectAltName=IP:127.0.0.1"]
    files = ["-keyout", str(key), "-out", str(file)]
    subprocess.run([*command, *subject, *files], check=True, capture_output=True)
    file.write_text(file.read_text("ascii") + key.read_text("ascii"), "ascii")
    return file
