import copy
import io
import json
import shutil
from pathlib import Path
from typing import Any, cast

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream import avro
from c2c_stream.avro import SCHEMAS, crc64, schema_of
from c2c_stream.codec import HEADER_BYTES, MARKER, Codec
from c2c_stream.errors import DecodeError, NewerSchema
from c2c_stream.records import (
    DeadLetter,
    File,
    Function,
    Header,
    Origin,
    Parameter,
    Record,
    Repository,
)
from tests.strategies import RECORD

CODEC = Codec()


def written_by(schema: dict[str, Any], fields: dict[str, Any]) -> bytes:
    body = io.BytesIO()
    fastavro.schemaless_writer(body, schema, fields)
    return MARKER + crc64(schema) + body.getvalue()


def decoded(value: bytes) -> Record | Exception:
    try:
        return CODEC.decode(value, "t[0]@1")
    except (DecodeError, NewerSchema) as error:
        return error


def changed(record: type[Record], *, without: str = "", more: str = "") -> dict[str, Any]:
    """Return another version of a record's schema, parsed."""
    schema = json.loads((SCHEMAS / f"c2c.{record.__name__}.avsc").read_text("utf-8"))
    schema["fields"] = [field for field in schema["fields"] if field["name"] != without]
    if more:
        schema["fields"].append({"name": more, "type": "string", "default": "", "doc": "New."})
    named: dict[str, Any] = {}
    for name in ("Origin", "Parameter", "Header"):
        nested = json.loads((SCHEMAS / f"c2c.{name}.avsc").read_text("utf-8"))
        fastavro.parse_schema(nested, named)
    return cast("dict[str, Any]", fastavro.parse_schema(schema, named, expand=True))


@given(RECORD)
def test_what_is_encoded_is_decoded(record: Record) -> None:
    assert CODEC.decode(CODEC.encode(record)) == record


@given(RECORD)
def test_an_independent_reader_needs_the_schema_only(record: Record) -> None:
    value = CODEC.encode(record)
    assert value.startswith(MARKER + crc64(schema_of(type(record))))
    found = fastavro.schemaless_reader(
        io.BytesIO(value[HEADER_BYTES:]), schema_of(type(record)), None
    )
    assert isinstance(found, dict)
    assert list(found) == list(type(record).__dataclass_fields__)


def test_the_fingerprint_is_the_one_that_the_avro_specification_gives_for_int() -> None:
    int_schema: Any = "int"
    assert crc64(int_schema) == (0x7275D51A3F395C8F).to_bytes(8, "little")


def test_docs_and_defaults_do_not_change_a_fingerprint() -> None:
    schema = schema_of(Parameter)  # type: ignore[arg-type]  # any schema will do
    bare = copy.deepcopy(schema)
    for field in bare["fields"]:
        del field["doc"], field["default"]
    assert crc64(bare) == crc64(schema)


@given(st.binary(max_size=200))
def test_arbitrary_bytes_are_a_decode_error_or_a_newer_schema(value: bytes) -> None:
    with pytest.raises((DecodeError, NewerSchema)):
        CODEC.decode(value)


@given(RECORD, st.data())
def test_damaged_bytes_are_a_record_or_a_decode_error_or_a_newer_schema(
    record: Record, data: st.DataObject
) -> None:
    value = bytearray(CODEC.encode(record))
    for _ in range(data.draw(st.integers(1, 4))):
        at = data.draw(st.integers(0, len(value) - 1))
        value[at] = data.draw(st.integers(0, 255))
    cut = data.draw(st.integers(0, len(value)))
    found = decoded(bytes(value[:cut]))
    assert isinstance(found, Record) or str(found).startswith("t[0]@1: ")


@given(RECORD, st.binary(max_size=60))
def test_any_body_behind_a_known_fingerprint_is_a_record_or_a_decode_error(
    record: Record, body: bytes
) -> None:
    found = decoded(CODEC.encode(record)[:HEADER_BYTES] + body)
    assert type(found) is type(record) or type(record).__name__ in str(found)


@given(RECORD, st.binary(min_size=1, max_size=5))
def test_bytes_behind_a_record_are_a_decode_error(record: Record, more: bytes) -> None:
    with pytest.raises(DecodeError, match="behind a"):
        CODEC.decode(CODEC.encode(record) + more)


def test_an_unknown_fingerprint_says_what_is_known_and_what_to_do() -> None:
    value = written_by(changed(File, more="extra"), {"file_id": "f", "origin": {}, "content": b""})
    with pytest.raises(NewerSchema, match=r"main\.files\[0\]@7: .* unknown here .*upgrade"):
        CODEC.decode(value, "main.files[0]@7")


def test_a_field_that_an_older_writer_did_not_know_takes_its_default() -> None:
    older = changed(File, without="content")
    value = written_by(older, {"file_id": "f", "origin": {"path": "a.py"}})
    assert Codec([older]).decode(value) == File("f", Origin(path="a.py"), b"")


@pytest.mark.parametrize("field", ["origin", "parameters", "imports", "line", "code"])
def test_a_missing_field_of_any_type_takes_its_default(field: str) -> None:
    older = changed(Function, without=field)
    value = written_by(older, {"function_id": "f"})
    assert Codec([older]).decode(value) == Function(function_id="f")


def test_a_bytes_field_that_is_missing_takes_bytes() -> None:
    older = changed(DeadLetter, without="key")
    value = written_by(
        older, {"stage": "s", "value": b"v", "headers": [{"name": "n", "value": b"h"}]}
    )
    letter = Codec([older]).decode(value)
    assert letter == DeadLetter(stage="s", value=b"v", headers=(Header("n", b"h"),))
    assert isinstance(letter, DeadLetter)
    assert isinstance(letter.key, bytes)


def test_a_field_that_was_removed_since_is_passed_over() -> None:
    older = changed(File, more="gone")
    value = written_by(older, {"file_id": "f", "content": b"x", "gone": "y"})
    assert Codec([older]).decode(value) == File("f", Origin(), b"x")


def test_a_path_that_is_no_utf_8_is_written_with_its_escape() -> None:
    record = Function(origin=Origin(path="caf\udce9.py"), imports=("a\ud800",))
    decoded = CODEC.decode(CODEC.encode(record))
    assert isinstance(decoded, Function)
    assert decoded.origin.path == r"caf\udce9.py"
    assert decoded.imports == (r"a\ud800",)


def test_a_huge_length_in_a_small_value_takes_no_memory() -> None:
    header = CODEC.encode(File())[:HEADER_BYTES]
    with pytest.raises(DecodeError):
        CODEC.decode(header + b"\xfe\xff\xff\xff\xff\xff\xff\xff\xff\x01")


def test_kept_versions_are_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shutil.copytree(SCHEMAS, tmp_path / "schemas", ignore=shutil.ignore_patterns("*.py", "__*"))
    older = json.loads(avro.text_of(Repository))
    older["fields"] = [field for field in older["fields"] if field["name"] == "kind"]
    file = tmp_path / "schemas" / "versions" / "c2c.Repository-1.avsc"
    file.write_text(json.dumps(older))
    monkeypatch.setattr(avro, "SCHEMAS", tmp_path / "schemas")

    value = written_by(avro.parsed(json.dumps(older)), {"kind": "git"})
    assert Codec().decode(value) == Repository(kind="git")
