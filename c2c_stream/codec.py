"""Avro bytes <-> records: framing, schema resolution; nothing about brokers, nothing that waits.

Two framings, told apart by their first bytes, and both are always understood:
- `C3 01`, the CRC-64-AVRO fingerprint of the writer's schema (8 bytes, little endian), the body.
  Source: Avro specification 1.11, "Single-object encoding". Written where there is no registry.
- `00`, the id that a schema registry gave the writer's schema (4 bytes, big endian, from 1), the
  body. Source: Confluent's wire format. Written where there is one.
"""

import dataclasses
import io
import struct
from collections.abc import Callable, Iterable, Mapping
from typing import Any, NoReturn, Protocol, get_args, get_origin, get_type_hints

import fastavro
from fastavro.schema import SchemaParseException

from c2c_stream.avro import Schema, crc64, name_of, parsed, schema_of, versions
from c2c_stream.bodies import Read, reader_of, writer_of
from c2c_stream.compatibility import unreadable
from c2c_stream.errors import DecodeError, NewerSchema, Unavailable
from c2c_stream.records import RECORDS, Record

MARKER = b"\xc3\x01"
HEADER_BYTES = len(MARKER) + 8
MAGIC = b"\x00"
ID_HEADER_BYTES = len(MAGIC) + 4
# What fastavro raises on bytes that do not fit the schema (seen by fuzzing it).
_MALFORMED = (
    EOFError,
    IndexError,
    KeyError,
    MemoryError,
    OverflowError,
    StopIteration,
    TypeError,
    UnicodeDecodeError,
    ValueError,
    struct.error,
)

# What made a value: its record, and what reads its body.
_Writer = tuple[type[Record], Read]


class Registry(Protocol):
    """Gives schemas ids, and knows those of others."""

    def ids(self) -> Mapping[type[Record], int]:
        """Return the ids of today's schemas."""
        ...

    def schema(self, schema_id: int) -> str:
        """Return the Avro schema of an id as JSON.

        Raises NewerSchema for an id that the registry does not know, DecodeError for one that is
        no Avro, Unavailable.
        """
        ...


class Codec:
    """Encodes today's records; decodes today's and those of every older schema it knows.

    With a registry it encodes with the ids of that, and reads whatever the registry can explain.
    """

    def __init__(self, older: Iterable[Schema] = (), registry: Registry | None = None) -> None:
        self._registry = registry
        self._schemas = {record: schema_of(record) for record in RECORDS}
        self._headers = {r: MARKER + crc64(s) for r, s in self._schemas.items()}
        self._write = {record: writer_of(record) for record in RECORDS}
        self._read = {record: reader_of(record) for record in RECORDS}
        self._kinds = {name_of(record): record for record in RECORDS}
        self._writers: dict[bytes, _Writer] = {}
        for schema in [*older, *versions(), *self._schemas.values()]:
            self._writers[MARKER + crc64(schema)] = self._writer(schema)
        if registry is not None:
            self._headers = {r: _id_header(n) for r, n in registry.ids().items()}

    def encode(self, record: Record) -> bytes:
        """Return the framed bytes of a record."""
        kind = type(record)
        parts = [self._headers[kind]]
        self._write[kind](record, parts.append)
        return b"".join(parts)

    def decode(self, value: bytes, where: object = "value") -> Record:
        """Return the record in `value`; fields that its writer did not know take their default.

        Fields that are unknown here are passed over. Raises DecodeError for bytes that are no
        record; NewerSchema for a well-formed header whose schema is unknown here; Unavailable
        where only the registry knows it and does not answer. `where` is named in all of them.
        """
        size = HEADER_BYTES if value.startswith(MARKER) else ID_HEADER_BYTES
        kind, read = self._writers.get(value[:size]) or self._found(value, where)
        record: Record
        try:
            record, end = read(value, size)
        except _MALFORMED as error:
            raise DecodeError(f"{where}: malformed {kind.__name__}: {error!r}") from error
        if end > len(value):
            raise DecodeError(f"{where}: malformed {kind.__name__}: {end - len(value)} bytes short")
        if end < len(value):
            raise DecodeError(f"{where}: {len(value) - end} bytes behind a {kind.__name__}")
        return record

    def _writer(self, schema: Schema) -> _Writer:
        kind = self._kinds[schema["name"]]
        todays = self._schemas[kind]
        if crc64(schema) == crc64(todays):
            return kind, self._read[kind]
        return kind, _resolving(kind, schema, todays)

    def _found(self, value: bytes, where: object) -> _Writer:
        """Return what made a value whose header was not seen yet."""
        if value.startswith(MARKER) and len(value) >= HEADER_BYTES:
            self._refuse_fingerprint(value[len(MARKER) : HEADER_BYTES], where)
        schema_id = int.from_bytes(value[len(MAGIC) : ID_HEADER_BYTES], "big", signed=True)
        # No record of ours has an empty body.
        if not value.startswith(MAGIC) or schema_id < 1 or len(value) <= ID_HEADER_BYTES:
            raise DecodeError(f"{where}: no Avro record: starts with {value[:HEADER_BYTES].hex()}")
        writer = self._of_id(schema_id, where)
        self._writers[value[:ID_HEADER_BYTES]] = writer
        return writer

    def _refuse_fingerprint(self, found: bytes, where: object) -> NoReturn:
        headers = (header for header in self._writers if header.startswith(MARKER))
        known = ", ".join(sorted(header[len(MARKER) :][::-1].hex() for header in headers))
        raise NewerSchema(
            f"{where}: schema fingerprint {found[::-1].hex()} is unknown here (known: {known});"
            f" partition held: upgrade this service and it goes on"
        )

    def _of_id(self, schema_id: int, where: object) -> _Writer:
        if self._registry is None:
            raise NewerSchema(
                f"{where}: written with schema id {schema_id} of a schema registry, and none is"
                f" set; partition held: set schema_registry (C2C_SCHEMA_REGISTRY) and start again"
            )
        try:
            schema: Any = parsed(self._registry.schema(schema_id))
        except (DecodeError, Unavailable) as error:
            raise type(error)(f"{where}: {error}") from error
        except (SchemaParseException, ValueError, KeyError, TypeError) as error:
            raise DecodeError(f"{where}: schema id {schema_id} is no schema: {error!r}") from error
        name = schema["name"] if isinstance(schema, dict) and "name" in schema else "no record"
        if name not in self._kinds:
            raise DecodeError(f"{where}: schema id {schema_id} is {name}, no record of ours")
        if wrong := unreadable(self._schemas[self._kinds[name]], schema):
            raise NewerSchema(
                f"{where}: schema id {schema_id} ({name}) cannot be read here: {wrong[0]};"
                f" partition held: upgrade this service and it goes on"
            )
        return self._writer(schema)


def _id_header(schema_id: int) -> bytes:
    return MAGIC + schema_id.to_bytes(4, "big")


def _resolving(kind: type, writer: Schema, reader: Schema) -> Read:
    """Return what reads bodies of another schema than today's."""
    convert = _converter(kind)

    def read(value: bytes, at: int) -> tuple[Any, int]:
        body = io.BytesIO(value)
        body.seek(at)
        return convert(fastavro.schemaless_reader(body, writer, reader)), body.tell()

    return read


Convert = Callable[[Any], Any]


def _converter(cls: type) -> Convert:
    """Return what makes a dataclass's instance of a dict; missing fields take their default."""
    hints = get_type_hints(cls)
    nested = {name: made for name, hint in hints.items() if (made := _nested(hint))}

    def convert(found: dict[str, Any]) -> Any:
        for name, inner in nested.items():
            if name in found:
                found[name] = inner(found[name])
        return cls(**found)

    return convert


def _nested(hint: Any) -> Convert | None:
    if get_origin(hint) is tuple:
        inner = _nested(get_args(hint)[0])
        return tuple if inner is None else lambda values: tuple(map(inner, values))
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _converter(hint)
    return None
