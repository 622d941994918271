"""Our records as subjects of a registry: which ids they have, and what may be registered.

A subject is named by its record (`c2c.Function`), so runs and topics add none. Its schema is
self-contained: the types that a record refers to stand in it, and are no subjects of their own.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from c2c_stream.avro import name_of, parsed, schema_of, text_of
from c2c_stream.compatibility import differences
from c2c_stream.errors import SettingsError
from c2c_stream.records import RECORDS, Record
from c2c_stream.registry.client import COMPATIBILITY, RegistryClient


@dataclass(frozen=True, slots=True)
class Subject:
    """What a registry holds of one record. `schema_id` is that of this version's schema."""

    name: str
    versions: tuple[int, ...]
    schema_ids: tuple[int, ...]
    compatibility: str
    schema_id: int | None


class Subjects:
    """The registry as the codec asks it. `register`: give schemas that it lacks an id."""

    def __init__(self, client: RegistryClient, *, register: bool = False) -> None:
        self._client = client
        self._register = register

    def ids(self) -> Mapping[type[Record], int]:
        """See codec.Registry. Raises SettingsError that says what to do."""
        return {record: self._id_of(record) for record in RECORDS}

    def schema(self, schema_id: int) -> str:
        """See codec.Registry."""
        return self._client.schema(schema_id)

    def _id_of(self, record: type[Record]) -> int:
        found = self._client.id_of(name_of(record), text_of(record))
        if found is not None:
            return found
        if self._register:
            return register(self._client, record)
        raise SettingsError(
            f"schema registry {self._client.url}: {name_of(record)} of this version is not there;"
            f" put it there with `c2c schemas register --schema-registry {self._client.url}`"
        )


def register(client: RegistryClient, record: type[Record]) -> int:
    """Register today's schema of a record; return its id.

    Every version of a subject must stay compatible with every other one, both ways: that is
    demanded before a version is added, and held by the registry afterwards.
    """
    subject = name_of(record)
    # Some registries take a level for a subject that is there only.
    known = bool(client.versions(subject))
    if known:
        client.demand_compatibility(subject)
    schema_id = client.register(subject, text_of(record))
    if not known:
        client.demand_compatibility(subject)
    return schema_id


def check(client: RegistryClient) -> Iterator[str]:
    """Yield in words what stands against registering today's schemas. Changes nothing."""
    for record in RECORDS:
        subject = name_of(record)
        for version in client.versions(subject):
            for why in _against(record, version.text):
                yield f"{subject}, version {version.number} (id {version.schema_id}): {why}"


def _against(record: type[Record], text: str) -> list[str]:
    try:
        other = parsed(text)
    except Exception as error:  # noqa: BLE001  # somebody else's schema may be anything
        return [f"it is no Avro schema: {error!r}"]
    return differences(schema_of(record), other)


def listed(client: RegistryClient) -> list[Subject]:
    """Return what the registry holds of each record."""
    return [_subject(client, record) for record in RECORDS]


def _subject(client: RegistryClient, record: type[Record]) -> Subject:
    name = name_of(record)
    found = client.versions(name)
    return Subject(
        name,
        tuple(version.number for version in found),
        tuple(version.schema_id for version in found),
        client.compatibility(name) if found else "",
        client.id_of(name, text_of(record)) if found else None,
    )


def wanting(subject: Subject) -> str:
    """Return in words what a subject lacks for this version to run; empty if nothing."""
    if subject.schema_id is None:
        return "not registered"
    if subject.compatibility != COMPATIBILITY:
        return f"compatibility is {subject.compatibility or 'not set'}, not {COMPATIBILITY}"
    return ""
