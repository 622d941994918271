import dataclasses
import json
from typing import Any, get_args, get_origin, get_type_hints

import pytest

from c2c_stream import records
from c2c_stream.avro import SCHEMAS
from c2c_stream.records import RECORDS

DATACLASSES = [
    cls
    for cls in vars(records).values()
    if isinstance(cls, type)
    and dataclasses.is_dataclass(cls)
    and cls.__module__ == records.__name__
]
AVRO = {str: "string", int: "long", bytes: "bytes"}


def schema(cls: type) -> dict[str, Any]:
    loaded: dict[str, Any] = json.loads((SCHEMAS / f"c2c.{cls.__name__}.avsc").read_text("utf-8"))
    return loaded


def avro_type(hint: Any) -> Any:
    if get_origin(hint) is tuple:
        return {"type": "array", "items": avro_type(get_args(hint)[0])}
    return AVRO.get(hint, f"c2c.{hint.__name__}")


def avro_default(value: Any) -> Any:
    if dataclasses.is_dataclass(value):
        return {}
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return list(value) if isinstance(value, tuple) else value


def test_every_schema_has_a_dataclass_and_every_dataclass_a_schema() -> None:
    files = {path.name for path in SCHEMAS.glob("*.avsc")}
    assert files == {f"c2c.{cls.__name__}.avsc" for cls in DATACLASSES}
    assert set(RECORDS) <= set(DATACLASSES)


@pytest.mark.parametrize("cls", DATACLASSES)
def test_a_dataclass_has_its_schemas_fields_in_order_with_types_and_defaults(cls: type) -> None:
    hints = get_type_hints(cls)
    fields = [
        (f["name"], f["type"], f["default"])
        for f in schema(cls)["fields"]  # a field without a default is a KeyError
    ]
    assert fields == [
        (f.name, avro_type(hints[f.name]), avro_default(f.default)) for f in dataclasses.fields(cls)
    ]


@pytest.mark.parametrize("cls", DATACLASSES)
def test_an_empty_nested_default_means_the_nested_records_own_defaults(cls: type) -> None:
    hints = get_type_hints(cls)
    for field in dataclasses.fields(cls):
        if dataclasses.is_dataclass(hints[field.name]):
            assert field.default == hints[field.name]()


@pytest.mark.parametrize("cls", DATACLASSES)
def test_every_record_and_every_field_is_documented(cls: type) -> None:
    found = schema(cls)
    assert found["name"] == cls.__name__
    assert found["namespace"] == "c2c"
    assert found["doc"] == cls.__doc__
    assert all(field["doc"].strip().endswith((".", "?")) for field in found["fields"])


@pytest.mark.parametrize("cls", DATACLASSES)
def test_no_schema_has_an_enum_so_that_a_new_reason_breaks_no_reader(cls: type) -> None:
    assert "enum" not in json.dumps(schema(cls))
