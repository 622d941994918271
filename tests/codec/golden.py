"""The golden records, and `python -m tests.codec.golden` that writes those that are missing.

A file is named by its record and the fingerprint of the schema that wrote it. A changed schema gets
a new file; an old one is never rewritten: today's reader must still read it.
"""

import dataclasses
from pathlib import Path
from typing import Any, get_args, get_origin, get_type_hints

from c2c_stream.codec import Codec, crc64, schema_of
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
    """Write the golden bytes of schemas that have none."""
    GOLDEN.mkdir(parents=True, exist_ok=True)
    codec = Codec()
    for record in RECORDS:
        if not golden_file(record).exists():
            golden_file(record).write_bytes(codec.encode(example(record)))


if __name__ == "__main__":
    main()
