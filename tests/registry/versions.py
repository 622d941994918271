"""Other versions of a record's schema, and values that were written with them."""

import io
import json
from typing import Any

import fastavro

from c2c_stream.avro import parsed, text_of
from c2c_stream.records import Record


def version(record: type[Record], *, without: str = "", more: Any = None) -> str:
    """Return today's schema of a record less a field, or with one more."""
    schema = json.loads(text_of(record))
    schema["fields"] = [field for field in schema["fields"] if field["name"] != without]
    schema["fields"] += [more] if more else []
    return json.dumps(schema)


def framed(schema_id: int, text: str, fields: dict[str, Any]) -> bytes:
    """Return a value in Confluent's framing."""
    body = io.BytesIO()
    fastavro.schemaless_writer(body, parsed(text), fields)
    return b"\x00" + schema_id.to_bytes(4, "big") + body.getvalue()
