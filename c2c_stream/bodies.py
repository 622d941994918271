"""Avro bodies of records, field by field: today's schemas alone, and nothing about headers. Pure.

A record's dataclass says all that its schema does (a test holds them against each other): strings,
bytes, longs, arrays and records, in the order of the fields. So a body is made of the record and
the record of a body, without a dict between them: several times as fast as by a library that is
given a schema. Source: Avro specification 1.11, "Binary encoding".
"""

import dataclasses
from collections.abc import Callable
from operator import attrgetter
from typing import Any, Final, get_args, get_origin, get_type_hints

Put = Callable[[bytes], object]
Write = Callable[[Any, Put], None]
"""Puts the bytes of a value, piece by piece."""
Read = Callable[[bytes, int], tuple[Any, int]]
"""Returns the value that begins at a position, and the position behind it.

That may be behind the last byte: then the value is cut short, as is any that follows. Raises
IndexError or ValueError where nothing can be read.
"""

LONG_BITS: Final = 64


def writer_of(kind: Any) -> Write:
    """Return what writes values of a type that a field of a record may have, or of a record."""
    if get_origin(kind) is tuple:
        return _array_writer(writer_of(get_args(kind)[0]))
    return _WRITERS.get(kind) or _record_writer(kind)


def reader_of(kind: Any) -> Read:
    """Return what reads them."""
    if get_origin(kind) is tuple:
        return _array_reader(reader_of(get_args(kind)[0]))
    return _READERS.get(kind) or _record_reader(kind)


def _record_writer(kind: type) -> Write:
    names = [field.name for field in dataclasses.fields(kind)]
    hints = get_type_hints(kind)
    writers = [writer_of(hints[name]) for name in names]
    values = attrgetter(*names)

    def write(record: Any, put: Put) -> None:
        for write_field, value in zip(writers, values(record), strict=True):
            write_field(value, put)

    return write


def _record_reader(kind: type) -> Read:
    hints = get_type_hints(kind)
    readers = [reader_of(hints[field.name]) for field in dataclasses.fields(kind)]

    def read(body: bytes, at: int) -> tuple[Any, int]:
        values = []
        for read_field in readers:
            value, at = read_field(body, at)
            values.append(value)
        return kind(*values), at

    return read


def _array_writer(write_one: Write) -> Write:
    def write(values: tuple[Any, ...], put: Put) -> None:
        if values:
            put(_long(len(values)))
            for value in values:
                write_one(value, put)
        put(b"\0")

    return write


def _array_reader(read_one: Read) -> Read:
    def read(body: bytes, at: int) -> tuple[Any, int]:
        values = []
        count, at = _read_long(body, at)
        while count:
            if count < 0:  # a block that tells its bytes, for who wants to pass over it
                _, at = _read_long(body, at)
            for _ in range(abs(count)):
                value, at = read_one(body, at)
                values.append(value)
            count, at = _read_long(body, at)
        return tuple(values), at

    return read


def _write_string(text: str, put: Put) -> None:
    # A lone surrogate (a file name that is no UTF-8) has no bytes in Avro: it becomes its escape.
    data = text.encode("utf-8", "backslashreplace")
    put(_long(len(data)))
    put(data)


def _write_bytes(data: bytes, put: Put) -> None:
    put(_long(len(data)))
    put(data)


def _write_long(number: int, put: Put) -> None:
    put(_long(number))


def _read_string(body: bytes, at: int) -> tuple[str, int]:
    size = body[at]
    if size & 0x81:  # see below; most strings are shorter than 64 bytes
        data, at = _read_bytes(body, at)
        return data.decode(), at
    end = at + 1 + (size >> 1)
    return body[at + 1 : end].decode(), end


def _read_bytes(body: bytes, at: int) -> tuple[bytes, int]:
    size = body[at]
    if size & 0x81:  # of more than one byte, or negative
        size, at = _read_long(body, at)
        if size < 0:
            raise ValueError(f"a length of {size}")
    else:
        size, at = size >> 1, at + 1
    end = at + size
    return body[at:end], end


def _read_long(body: bytes, at: int) -> tuple[int, int]:
    number = shift = 0
    while (byte := body[at]) & 0x80:
        number |= (byte & 0x7F) << shift
        shift += 7
        at += 1
        if shift >= LONG_BITS:
            raise ValueError("a long of more than ten bytes")
    number |= byte << shift
    if number >> LONG_BITS:
        raise ValueError("a long of more than 64 bits")
    return (number >> 1) ^ -(number & 1), at + 1


def _long(number: int) -> bytes:
    """Return a long: zigzag, then seven bits a byte, the lowest first. Raises OverflowError."""
    if 0 <= number < len(_SHORT):
        return _SHORT[number]
    number.to_bytes(8, "big", signed=True)  # it must fit
    rest = (number << 1) ^ (number >> 63)
    found = bytearray()
    while rest >> 7:
        found.append(rest & 0x7F | 0x80)
        rest >>= 7
    found.append(rest)
    return bytes(found)


# Nearly all longs are lengths and lines. Those of one and of two bytes.
_SHORT: Final = (
    *(bytes((number << 1,)) for number in range(1 << 6)),
    *(bytes((number << 1 & 0x7F | 0x80, number >> 6)) for number in range(1 << 6, 1 << 13)),
)
_WRITERS: Final[dict[Any, Write]] = {str: _write_string, bytes: _write_bytes, int: _write_long}
_READERS: Final[dict[Any, Read]] = {str: _read_string, bytes: _read_bytes, int: _read_long}
