"""The golden records, and `python -m tests.codec.golden` that keeps a changed schema.

It writes today's schema of each record to schemas/versions and golden bytes of it to tests/data,
both named by its record and its fingerprint. Those of older schemas stay as they are: today's
reader must still read them.
"""

import dataclasses
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from c2c_stream.avro import crc64, schema_of, text_of, version_file
from c2c_stream.codec import Codec
from c2c_stream.records import RECORDS, Record

GOLDEN = Path(__file__).parents[1] / "data" / "golden"


def example(cls: type, name: str = "") -> Any:
    """Return an instance whose every field tells its own name."""
    hints = get_type_hints(cls)
    fields = [field.name for field in dataclasses.fields(cls)]
    return cls(**{f: _value(hints[f], f"{name}.{f}", i) for i, f in enumerate(fields)})


def _value(hint: Any, name: str, index: int) -> Any:
    if get_origin(hint) is tuple:
        return (_value(get_args(hint)[0], f"{name}[0]", 0), _value(get_args(hint)[0], name, 1))
    if dataclasses.is_dataclass(hint):
        return example(hint, name) if isinstance(hint, type) else None
    return {str: f"{name} ü", int: 1000 * index - 1, bytes: name.encode() + b"\x00\xff"}[hint]


def golden_file(record: type[Record]) -> Path:
    """Return where the golden bytes of today's schema are."""
    return GOLDEN / f"{record.__name__}-{crc64(schema_of(record))[::-1].hex()}.bin"


def main() -> None:
    """Keep today's schemas, and write golden bytes of those that have none."""
    GOLDEN.mkdir(parents=True, exist_ok=True)
    codec = Codec()
    for record in RECORDS:
        version_file(record).parent.mkdir(exist_ok=True)
        version_file(record).write_text(text_of(record) + "\n", encoding="utf-8")
        if not golden_file(record).exists():
            golden_file(record).write_bytes(codec.encode(example(record)))


if __name__ == "__main__":
    main()
