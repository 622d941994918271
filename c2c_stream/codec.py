"""Avro bytes <-> records: single-object framing, schema resolution, nothing about brokers.

A value is the two marker bytes, the CRC-64-AVRO fingerprint of the writer's schema (8 bytes, little
endian) and the binary body. Source: Avro specification 1.11, "Single-object encoding".
"""

import dataclasses
import io
import struct
from collections.abc import Callable, Iterable, Mapping
from importlib.resources import files
from operator import attrgetter
from pathlib import Path
from typing import Any, cast, get_args, get_origin, get_type_hints

import fastavro
from fastavro.schema import fingerprint, to_parsing_canonical_form

from c2c_stream.errors import DecodeError, NewerSchema
from c2c_stream.records import RECORDS, Record

SCHEMAS = Path(str(files("c2c_stream.schemas")))
MARKER = b"\xc3\x01"
HEADER_BYTES = len(MARKER) + 8
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

Schema = dict[str, Any]


class Codec:
    """Encodes today's records; decodes today's and those of every older schema it knows."""

    def __init__(self, older: Iterable[Schema] = ()) -> None:
        self._schemas = {record: schema_of(record) for record in RECORDS}
        self._headers = {r: MARKER + crc64(s) for r, s in self._schemas.items()}
        self._to_dict = {record: _converter(record, _to_dict) for record in RECORDS}
        self._from_dict = {record: _converter(record, _from_dict) for record in RECORDS}
        self._writers: dict[bytes, tuple[type[Record], Schema]] = {}
        names = {f"c2c.{record.__name__}": record for record in RECORDS}
        for schema in [*older, *older_schemas(), *self._schemas.values()]:
            self._writers[crc64(schema)] = (names[schema["name"]], schema)

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

        Raises DecodeError for bytes that are no record, NewerSchema for a well-formed header whose
        schema is unknown here. `where` is named in both.
        """
        if len(value) < HEADER_BYTES or not value.startswith(MARKER):
            raise DecodeError(f"{where}: no Avro record: starts with {value[:HEADER_BYTES].hex()}")
        found = value[len(MARKER) : HEADER_BYTES]
        if found not in self._writers:
            known = ", ".join(sorted(crc[::-1].hex() for crc in self._writers))
            raise NewerSchema(
                f"{where}: schema fingerprint {found[::-1].hex()} is unknown here (known: {known});"
                f" partition held: upgrade this service and it goes on"
            )
        kind, writer = self._writers[found]
        # Comparing schemas costs as much as decoding: name a reader only where it differs.
        reader = None if found == self._headers[kind][len(MARKER) :] else self._schemas[kind]
        body = io.BytesIO(value)
        body.seek(HEADER_BYTES)
        try:
            fields = fastavro.schemaless_reader(body, writer, reader)
            record: Record = self._from_dict[kind](fields)
        except _MALFORMED as error:
            raise DecodeError(f"{where}: malformed {kind.__name__}: {error!r}") from error
        if body.tell() != len(value):
            raise DecodeError(f"{where}: {len(value) - body.tell()} bytes behind a {kind.__name__}")
        return record


def crc64(schema: Schema) -> bytes:
    """Return the CRC-64-AVRO fingerprint of a schema as it stands on the wire: little endian."""
    return bytes.fromhex(fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO"))


def schema_of(record: type[Record]) -> Schema:
    """Return today's schema of a record, with all that it refers to, from schemas/."""
    return _load(SCHEMAS / f"c2c.{record.__name__}.avsc")


def older_schemas() -> list[Schema]:
    """Return every older schema that today's reader must still read, from schemas/older/."""
    return [_load(file) for file in sorted((SCHEMAS / "older").glob("*.avsc"))]


def _load(file: Path) -> Schema:
    """Return a parsed schema; a name it uses and does not define is a file beside it."""
    schema = cast("Schema", fastavro.schema.load_schema(str(file)))
    _default_bytes(schema)
    return schema


def _default_bytes(schema: Any) -> None:
    """Make the defaults of bytes fields bytes: JSON has text, and fastavro hands that out."""
    for field in schema.get("fields", ()) if isinstance(schema, dict) else ():
        if field["type"] == "bytes":
            field["default"] = field["default"].encode("latin-1")
        _default_bytes(field["type"])
    if isinstance(schema, dict) and schema["type"] == "array":
        _default_bytes(schema["items"])


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
