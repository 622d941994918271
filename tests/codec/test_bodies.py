import io
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.avro import schema_of
from c2c_stream.bodies import reader_of, writer_of
from c2c_stream.records import RECORDS, Origin, Record, Repository
from tests.strategies import RECORD

SCHEMAS = {record: schema_of(record) for record in RECORDS}
WRITERS = {record: writer_of(record) for record in RECORDS}
READERS = {record: reader_of(record) for record in RECORDS}
LONG = {"type": "long"}


def written(write: Any, value: Any) -> bytes:
    parts: list[bytes] = []
    write(value, parts.append)
    return b"".join(parts)


def as_dict(value: Any) -> Any:
    """Return what fastavro makes of the body of a record."""
    match value:
        case tuple():
            return [as_dict(one) for one in value]
        case str() | bytes() | int():
            return value
    return {name: as_dict(getattr(value, name)) for name in type(value).__dataclass_fields__}


def read_by_fastavro(record: type[Record], body: bytes) -> tuple[Any, int] | None:
    stream = io.BytesIO(body)
    try:
        return fastavro.schemaless_reader(stream, SCHEMAS[record], None), stream.tell()
    except (EOFError, IndexError, MemoryError, OverflowError, ValueError):
        return None


def read_by_us(record: type[Record], body: bytes) -> tuple[Any, int] | None:
    try:
        found, end = READERS[record](body, 0)
    except (IndexError, ValueError):
        return None
    return (as_dict(found), end) if end <= len(body) else None


@given(RECORD)
def test_a_body_is_the_one_that_an_independent_writer_makes(record: Record) -> None:
    independent = io.BytesIO()
    fastavro.schemaless_writer(independent, SCHEMAS[type(record)], as_dict(record))
    assert written(WRITERS[type(record)], record) == independent.getvalue()


@given(RECORD, st.data())
def test_a_damaged_body_is_what_an_independent_reader_finds_or_nothing(
    record: Record, data: st.DataObject
) -> None:
    body = bytearray(written(WRITERS[type(record)], record))
    for _ in range(data.draw(st.integers(0, 4))):
        at = data.draw(st.integers(0, len(body) - 1))
        body[at] = data.draw(st.integers(0, 255))
    damaged = bytes(body[: data.draw(st.integers(0, len(body)))])
    assert read_by_us(type(record), damaged) == read_by_fastavro(type(record), damaged)


@given(st.integers(-(2**63), 2**63 - 1))
@pytest.mark.parametrize("near", [0, 2**6, 2**13, 2**63])
def test_a_long_of_any_size_is_written_and_read(near: int, number: int) -> None:
    for one in {number, max(-(2**63), min(2**63 - 1, near + number % 5 - 2))}:
        independent = io.BytesIO()
        fastavro.schemaless_writer(independent, LONG, one)
        body = written(writer_of(int), one)
        assert body == independent.getvalue()
        assert reader_of(int)(body + b"more", 0) == (one, len(body))


@pytest.mark.parametrize("number", [2**63, -(2**63) - 1])
def test_a_number_that_is_no_long_is_refused(number: int) -> None:
    with pytest.raises(OverflowError):
        written(writer_of(int), number)


@pytest.mark.parametrize("body", [b"\xff" * 9 + b"\x02", b"\x80" * 10 + b"\x00", b"\xff" * 10**6])
def test_a_long_of_more_than_64_bits_is_refused_at_once(body: bytes) -> None:
    with pytest.raises(ValueError, match="a long of more than"):
        reader_of(int)(body, 0)


def test_a_length_below_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="a length of -1"):
        reader_of(str)(b"\x01a", 0)


def test_an_array_may_come_in_blocks_that_tell_their_size() -> None:
    # Two strings behind a count below zero and the bytes of the block, then one more.
    body = b"\x03\x08\x02a\x02b" + b"\x02\x02c" + b"\x00"
    assert reader_of(tuple[str, ...])(body, 0) == (("a", "b", "c"), len(body))


def test_a_record_in_a_record_is_its_fields_alone() -> None:
    origin = Origin(repository="r")
    assert written(writer_of(Origin), origin).startswith(b"\x02r")
    assert reader_of(Repository)(written(writer_of(Repository), Repository("u")), 0)[0].url == "u"
