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
from operator import attrgetter
from typing import Any, NoReturn, Protocol, get_args, get_origin, get_type_hints

import fastavro
from fastavro.schema import SchemaParseException

from c2c_stream.avro import Schema, crc64, name_of, parsed, schema_of, versions
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

# What made a value: its record, the schema it was written with, and the schema to read it as.
_Writer = tuple[type[Record], Schema, Schema | None]


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
        self._to_dict = {record: _converter(record, _to_dict) for record in RECORDS}
        self._from_dict = {record: _converter(record, _from_dict) for record in RECORDS}
        self._kinds = {name_of(record): record for record in RECORDS}
        self._writers: dict[bytes, _Writer] = {}
        for schema in [*older, *versions(), *self._schemas.values()]:
            self._writers[MARKER + crc64(schema)] = self._writer(schema)
        if registry is not None:
            self._headers = {r: _id_header(n) for r, n in registry.ids().items()}

    def encode(self, record: Record) -> bytes:
        """Return the framed bytes of a record.

        A lone surrogate (a file name that is no UTF-8) has no bytes in Avro: it becomes its escape.
        """
        kind = type(record)
        fields = self._to_dict[kind](record)
        try:
            return self._framed(kind, fields)
        except UnicodeEncodeError:
            return self._framed(kind, _escaped(fields))

    def _framed(self, kind: type[Record], fields: dict[str, Any]) -> bytes:
        body = io.BytesIO()
        body.write(self._headers[kind])
        fastavro.schemaless_writer(body, self._schemas[kind], fields)
        return body.getvalue()

    def decode(self, value: bytes, where: object = "value") -> Record:
        """Return the record in `value`; fields that its writer did not know take their default.

        Fields that are unknown here are passed over. Raises DecodeError for bytes that are no
        record; NewerSchema for a well-formed header whose schema is unknown here; Unavailable
        where only the registry knows it and does not answer. `where` is named in all of them.
        """
        size = HEADER_BYTES if value.startswith(MARKER) else ID_HEADER_BYTES
        kind, writer, reader = self._writers.get(value[:size]) or self._found(value, where)
        body = io.BytesIO(value)
        body.seek(size)
        try:
            fields = fastavro.schemaless_reader(body, writer, reader)
            record: Record = self._from_dict[kind](fields)
        except _MALFORMED as error:
            raise DecodeError(f"{where}: malformed {kind.__name__}: {error!r}") from error
        if body.tell() != len(value):
            raise DecodeError(f"{where}: {len(value) - body.tell()} bytes behind a {kind.__name__}")
        return record

    def _writer(self, schema: Schema) -> _Writer:
        kind = self._kinds[schema["name"]]
        # Comparing schemas costs as much as decoding: name a reader only where it differs.
        same = crc64(schema) == crc64(self._schemas[kind])
        return kind, schema, None if same else self._schemas[kind]

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


def _escaped(value: Any) -> Any:
    """Return `value` with every lone surrogate in its strings as an escape sequence."""
    match value:
        case str():
            return value.encode("utf-8", "backslashreplace").decode()
        case dict():
            return {name: _escaped(inner) for name, inner in value.items()}
        case tuple() | list():
            return [_escaped(inner) for inner in value]
    return value


Convert = Callable[[Any], Any]
Build = Callable[[type, Mapping[str, Convert]], Convert]


def _converter(cls: type, build: Build) -> Convert:
    """Return what converts instances of a dataclass; `build` makes it from its nested fields'."""
    hints = get_type_hints(cls)
    nested = {name: _nested(hint, build) for name, hint in hints.items()}
    return build(cls, {name: convert for name, convert in nested.items() if convert is not None})


def _nested(hint: Any, build: Build) -> Convert | None:
    if get_origin(hint) is tuple:
        inner = _nested(get_args(hint)[0], build)
        return tuple if inner is None else lambda values: tuple(map(inner, values))
    if isinstance(hint, type) and dataclasses.is_dataclass(hint):
        return _converter(hint, build)
    return None


def _to_dict(cls: type, nested: Mapping[str, Convert]) -> Convert:
    """Return what turns an instance of `cls` into the dict that fastavro writes."""
    names = [field.name for field in dataclasses.fields(cls)]
    values = attrgetter(*names)

    def convert(record: Any) -> dict[str, Any]:
        fields = dict(zip(names, values(record), strict=True))
        for name, inner in nested.items():
            fields[name] = inner(fields[name])
        return fields

    return convert


def _from_dict(cls: type, nested: Mapping[str, Convert]) -> Convert:
    """Return the inverse: fields that are missing take the dataclass's default."""

    def convert(found: dict[str, Any]) -> Any:
        for name, inner in nested.items():
            if name in found:
                found[name] = inner(found[name])
        return cls(**found)

    return convert
