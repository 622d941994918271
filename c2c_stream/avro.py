"""The schemas of schemas/: self-contained, parsed, fingerprinted. Reads files, and only at start.

Every version that was ever released stands in schemas/versions, named by its record and its
fingerprint; there the types that a record refers to stand where they are first named.
"""

import json
from importlib.resources import files
from pathlib import Path
from typing import Any, cast

import fastavro
from fastavro.schema import fingerprint, to_parsing_canonical_form

from c2c_stream.records import Record

SCHEMAS = Path(str(files("c2c_stream.schemas")))
NAMESPACE = "c2c"

Schema = dict[str, Any]


def name_of(record: type[Record]) -> str:
    """Return the full name of a record's schema; in a registry it is its subject."""
    return f"{NAMESPACE}.{record.__name__}"


def text_of(record: type[Record]) -> str:
    """Return today's schema of a record as JSON that refers to nothing outside of itself."""
    return json.dumps(_inlined(name_of(record), set()), indent=2, ensure_ascii=False)


def parsed(text: str) -> Schema:
    """Return a schema that records can be read and written with.

    Raises ValueError for text that is no JSON, SchemaParseException for JSON that is no schema.
    """
    schema = cast("Schema", fastavro.parse_schema(json.loads(text)))
    _default_bytes(schema)
    return schema


def schema_of(record: type[Record]) -> Schema:
    """Return today's schema of a record."""
    return parsed(text_of(record))


def crc64(schema: Schema) -> bytes:
    """Return the CRC-64-AVRO fingerprint of a schema as it stands on the wire: little endian."""
    return bytes.fromhex(fingerprint(to_parsing_canonical_form(schema), "CRC-64-AVRO"))


def version_file(record: type[Record]) -> Path:
    """Return where today's schema of a record is kept for later versions."""
    return SCHEMAS / "versions" / f"{name_of(record)}-{crc64(schema_of(record))[::-1].hex()}.avsc"


def versions() -> list[Schema]:
    """Return every version of every record, today's among them."""
    kept = sorted((SCHEMAS / "versions").glob("*.avsc"))
    return [parsed(file.read_text(encoding="utf-8")) for file in kept]


def _inlined(kind: Any, seen: set[str]) -> Any:
    """Return a type with the definition of each name of ours at its first use."""
    match kind:
        case str() if kind.startswith(f"{NAMESPACE}.") and kind not in seen:
            seen.add(kind)
            return _inlined(json.loads((SCHEMAS / f"{kind}.avsc").read_text("utf-8")), seen)
        case {"type": "array"}:
            return kind | {"items": _inlined(kind["items"], seen)}
        case {"fields": fields}:
            return kind | {"fields": [f | {"type": _inlined(f["type"], seen)} for f in fields]}
    return kind


def _default_bytes(schema: Any) -> None:
    """Make the defaults of bytes fields bytes: JSON has text, and fastavro hands that out."""
    for field in schema.get("fields", ()) if isinstance(schema, dict) else ():
        if field["type"] == "bytes" and isinstance(field.get("default"), str):
            field["default"] = field["default"].encode("latin-1")
        _default_bytes(field["type"])
    if isinstance(schema, dict) and schema["type"] == "array":
        _default_bytes(schema["items"])
