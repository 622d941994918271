"""The codec and a real registry."""

import re
from pathlib import Path
from typing import Any

import pytest
from confluent_kafka.schema_registry import Schema, SchemaRegistryClient
from confluent_kafka.schema_registry import record_subject_name_strategy as by_record
from confluent_kafka.schema_registry.avro import AvroDeserializer, AvroSerializer
from confluent_kafka.serialization import MessageField, SerializationContext
from hypothesis import HealthCheck, given, settings
from pydantic import SecretStr

from c2c_stream.avro import name_of, text_of
from c2c_stream.codec import Codec
from c2c_stream.errors import DecodeError, NewerSchema, SettingsError, Unavailable
from c2c_stream.records import RECORDS, File, Origin, Record
from c2c_stream.registry import client, subjects
from c2c_stream.registry.subjects import Subjects
from tests.registry.clients import Clients
from tests.registry.door import Door
from tests.registry.versions import framed, version
from tests.strategies import RECORD

FILE = File("f", Origin(repository="r", path="a.py"), b"x\x00y")
JSON_SCHEMA = '{"$schema": "http://json-schema.org/draft-07/schema#", "type": "object"}'
MORE = {"name": "more", "type": "string", "default": ""}
CONTEXT = SerializationContext("files", MessageField.VALUE)


def put(plain: SchemaRegistryClient, subject: str, text: str) -> int:
    return plain.register_schema(subject, Schema(text, "AVRO"))


def test_each_record_is_a_subject_that_must_stay_compatible(
    clients: Clients, registry: str, plain: SchemaRegistryClient
) -> None:
    made = {r: subjects.register(clients(registry), r) for r in RECORDS}
    assert sorted(plain.get_subjects()) == sorted(map(name_of, RECORDS))
    assert {plain.get_compatibility(name_of(r)) for r in RECORDS} == {"FULL_TRANSITIVE"}
    assert {r: subjects.register(clients(registry), r) for r in RECORDS} == made
    assert Subjects(clients(registry)).ids() == made
    assert all(plain.get_versions(name_of(record)) == [1] for record in RECORDS)


def test_a_schema_that_is_not_registered_is_told_with_the_command(
    clients: Clients, registry: str
) -> None:
    with pytest.raises(SettingsError, match=r"c2c\.Repository .*`c2c schemas register --schema-re"):
        clients.codec(registry, register=False)
    clients.codec(registry, register=True)
    clients.codec(registry, register=False)


def test_both_framings_are_read_and_the_ids_written(clients: Clients, registry: str) -> None:
    codec = clients.codec(registry)
    value = codec.encode(FILE)
    assert value[:1] == b"\x00"
    assert value[5:] == Codec().encode(FILE)[10:]
    assert codec.decode(value) == codec.decode(Codec().encode(FILE)) == FILE


@settings(max_examples=30, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(RECORD)
def test_confluents_own_reader_reads_every_record(
    clients: Clients, registry: str, plain: SchemaRegistryClient, record: Record
) -> None:
    value = clients.codec(registry).encode(record)
    found = AvroDeserializer(plain)(value, CONTEXT)
    assert isinstance(found, dict)
    assert list(found) == list(type(record).__dataclass_fields__)


def test_what_confluents_own_writer_writes_is_read(
    clients: Clients, registry: str, plain: SchemaRegistryClient
) -> None:
    codec = clients.codec(registry)
    conf = {"auto.register.schemas": False, "subject.name.strategy": by_record}
    write = AvroSerializer(plain, text_of(File), conf=conf)
    value = write({"file_id": "f", "origin": {"path": "a.py"}, "content": b"c"}, CONTEXT)
    assert value is not None
    assert codec.decode(value) == File("f", Origin(path="a.py"), b"c")


def test_what_an_older_version_wrote_is_read(
    clients: Clients, registry: str, plain: SchemaRegistryClient
) -> None:
    older = version(File, without="content")
    value = framed(put(plain, "c2c.File", older), older, {"file_id": "f", "origin": {}})
    assert clients.codec(registry).decode(value) == File("f")
    assert plain.get_versions("c2c.File") == [1, 2]


def test_what_a_newer_version_wrote_is_read_without_its_new_field(
    clients: Clients, registry: str, plain: SchemaRegistryClient
) -> None:
    codec = clients.codec(registry)
    newer = version(File, more=MORE)
    value = framed(put(plain, "c2c.File", newer), newer, {"file_id": "f", "more": "m"})
    assert codec.decode(value) == File("f")


def test_a_version_that_cannot_be_read_here_holds_its_partition(
    clients: Clients, registry: str, plain: SchemaRegistryClient
) -> None:
    codec = clients.codec(registry)
    plain.set_compatibility("c2c.File", "NONE")
    other = version(File, without="content", more={"name": "content", "type": "long"})
    value = framed(put(plain, "c2c.File", other), other, {"content": 7})
    words = r"files\[0\]@7: schema id \d+ \(c2c.File\) cannot be read here: content: long .*upgrade"
    with pytest.raises(NewerSchema, match=words):
        codec.decode(value, "files[0]@7")


def test_an_id_that_the_registry_does_not_know_holds_its_partition(
    clients: Clients, registry: str
) -> None:
    value = b"\x00\x00\x0f\x42\x3f" + Codec().encode(FILE)[10:]
    with pytest.raises(NewerSchema, match=r"files\[0\]@7: .* knows no schema id 999999; partition"):
        clients.codec(registry).decode(value, "files[0]@7")


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (Schema('{"type": "record", "name": "x.Y", "fields": []}', "AVRO"), "is x.Y, no record of"),
        (Schema('"string"', "AVRO"), "is no record, no record of ours"),
        (Schema(JSON_SCHEMA, "JSON"), "is JSON, no record of ours"),
    ],
)
def test_what_is_no_record_of_ours_is_a_dead_letter(
    clients: Clients, registry: str, plain: SchemaRegistryClient, other: Schema, words: str
) -> None:
    value = b"\x00" + plain.register_schema("other", other).to_bytes(4, "big") + b"body"
    with pytest.raises(DecodeError, match=words):
        clients.codec(registry).decode(value)


@pytest.mark.parametrize("value", [b"\x00", b"\x00\x00\x00\x00\x07", b"\x00" * 50, b"\x00\xff" * 9])
def test_zeros_and_less_than_a_record_are_a_dead_letter(
    clients: Clients, registry: str, value: bytes
) -> None:
    for codec in (Codec(), clients.codec(registry)):
        with pytest.raises(DecodeError, match="no Avro record"):
            codec.decode(value)


def test_without_a_registry_its_records_hold_their_partition_and_the_setting_is_named(
    clients: Clients,
    registry: str,
) -> None:
    value = clients.codec(registry).encode(FILE)
    with pytest.raises(NewerSchema, match=r"files\[0\]@7: .*none is set.*C2C_SCHEMA_REGISTRY"):
        Codec().decode(value, "files[0]@7")


def test_a_schema_that_is_refused_is_told_with_the_registrys_reason(
    clients: Clients, registry: str, plain: SchemaRegistryClient
) -> None:
    put(plain, "c2c.File", version(File, more={"name": "must", "type": "string"}))
    [wrong] = subjects.check(clients(registry))
    assert re.fullmatch(
        r"c2c\.File, version 1 \(id \d+\): old cannot read new: must: it has no default.*", wrong
    )
    with pytest.raises(SettingsError, match=r"refuses c2c\.File: .*must at /fields.*schemas check"):
        clients.codec(registry, register=True)
    assert plain.get_versions("c2c.File") == [1]


def test_what_is_known_is_read_while_the_registry_is_away(
    clients: Clients, door: Door, plain: SchemaRegistryClient
) -> None:
    writer, reader = clients.codec(door.url), clients.codec(door.url)
    value = writer.encode(FILE)
    assert reader.decode(value) == FILE
    newer = version(File, more=MORE)
    unseen = framed(put(plain, "c2c.File", newer), newer, {"file_id": "f", "more": "m"})
    door.shut()
    assert reader.decode(value) == FILE
    with pytest.raises(Unavailable, match=r"files\[0\]@7: .*goes on when the registry answers"):
        reader.decode(unseen, "files[0]@7")
    door.open()
    seen: list[Record] = []
    while not seen:  # it is not asked again at once
        try:
            seen.append(reader.decode(unseen))
        except Unavailable:
            continue
    asked = len(door.passed)
    assert reader.decode(unseen) == seen[0] == File("f")
    assert len(door.passed) == asked


def test_a_registry_that_is_away_is_not_asked_for_every_record(
    door: Door, clients: Clients, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(client, "AWAY_S", 1e9)
    codec = clients.codec(door.url)
    asked = len(door.passed)
    door.shut()
    unseen = b"\x00\x00\x0f\x42\x3fbody"
    with pytest.raises(Unavailable, match="goes on when the registry answers"):
        codec.decode(unseen)
    door.open()
    with pytest.raises(Unavailable, match="goes on when the registry answers"):
        codec.decode(unseen)
    assert len(door.passed) == asked


def test_a_registry_that_is_away_is_unavailable_at_the_start(clients: Clients, door: Door) -> None:
    door.shut()
    with pytest.raises(Unavailable, match=re.escape(door.url)):
        clients.codec(door.url)


def test_an_address_of_something_else_is_a_wrong_setting(clients: Clients, registry: str) -> None:
    with pytest.raises(SettingsError, match="is this the URL of its Confluent interface"):
        clients.codec(registry.removesuffix("/ccompat/v7"))


@pytest.mark.parametrize("url", ["registry:8081", "http://user:secret@registry:8081"])
def test_an_address_that_is_none_or_holds_a_password_is_refused(clients: Clients, url: str) -> None:
    with pytest.raises(SettingsError, match="write http://HOST:PORT") as told:
        clients(url)
    assert "secret" not in str(told.value)


def test_a_login_comes_from_a_file_or_the_environment(
    clients: Clients, registry: str, tmp_path: Path
) -> None:
    door = Door(registry, login="c2c:pa:ss")
    door.open()
    file = tmp_path / "password"
    file.write_text("pa:ss\n", encoding="utf-8")
    by_file = clients(door.url, username="c2c", password_file=file)
    by_environment = clients(door.url, username="c2c", password=SecretStr("pa:ss"))
    assert by_file.versions("c2c.File") == by_environment.versions("c2c.File") == []
    for login in ({}, {"username": "c2c", "password": SecretStr("wrong")}):
        with pytest.raises(SettingsError, match=r"mend registry\.username") as told:
            clients(door.url, **login).versions("c2c.File")
        assert "wrong" not in str(told.value)
    door.shut()


@pytest.mark.parametrize(
    ("settings", "words"),
    [
        ({"username": "c2c"}, "no password: set registry.password_file"),
        ({"username": "c2c", "password_file": "/nowhere"}, "/nowhere cannot be read: No such file"),
        ({"ca_file": "/nowhere"}, "registry.ca_file: /nowhere is no file"),
    ],
)
def test_a_login_that_is_incomplete_is_a_wrong_setting(
    clients: Clients, settings: dict[str, Any], words: str
) -> None:
    with pytest.raises(SettingsError, match=words):
        clients("http://127.0.0.1:1", **settings)


def test_certificates_are_trusted_by_the_file_that_is_named(
    clients: Clients, registry: str, certificate: Path
) -> None:
    door = Door(registry, certificate=certificate)
    door.open()
    assert clients(door.url, ca_file=certificate).versions("c2c.File") == []
    with pytest.raises(SettingsError, match=r"registry\.ca_file"):
        clients(door.url).versions("c2c.File")
    door.shut()
