"""What is compatible, as data; where both may decide, fastavro's own resolution is the judge."""

import io
import json
from typing import Any

import fastavro
import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.avro import parsed
from c2c_stream.compatibility import differences, unreadable


def record(*fields: tuple[str, Any] | tuple[str, Any, Any], name: str = "R") -> Any:
    """Return a parsed record; a third part of a field is its default."""
    made = [dict(zip(("name", "type", "default"), field, strict=False)) for field in fields]
    return parsed(json.dumps({"type": "record", "name": name, "fields": made}))


INNER = {"type": "record", "name": "I", "fields": [{"name": "a", "type": "long"}]}
WIDER = INNER | {"fields": [*INNER["fields"], {"name": "b", "type": "string"}]}
ENUM = {"type": "enum", "name": "E", "symbols": ["a", "b"]}

WRONG = [
    ((("x", "long"),), (), "x: it has no default"),
    ((("x", "long"),), (("x", "string"),), "x: string cannot be read as long"),
    ((("x", "int"),), (("x", "long"),), "x: long cannot be read as int"),
    ((("x", WIDER),), (("x", INNER),), "x.b: it has no default"),
    (
        (("x", {"type": "array", "items": WIDER}),),
        (("x", {"type": "array", "items": INNER}),),
        "x[].b: it has no default",
    ),
    (
        (("x", {"type": "map", "values": "long"}),),
        (("x", {"type": "map", "values": "string"}),),
        "x{}: string cannot be read as long",
    ),
    ((("x", INNER),), (("x", INNER | {"name": "J"}),), "x: J cannot be read as I"),
    ((("x", ["null", "long"]),), (("x", "string"),), "x: no branch of the union reads string"),
    ((("x", "long"),), (("x", ["null", "long"]),), "x: null cannot be read as long"),
    ((("x", ENUM | {"symbols": ["a"]}),), (("x", ENUM),), "x: the enum has no b"),
    (
        (("x", {"type": "fixed", "name": "F", "size": 2}),),
        (("x", {"type": "fixed", "name": "F", "size": 3}),),
        "x: 3 bytes cannot be read as 2",
    ),
]
RIGHT = [
    ((("x", "long", 0),), ()),
    ((), (("x", "long"),)),
    ((("x", "long"),), (("x", "int"),)),
    ((("x", "double"),), (("x", "float"),)),
    ((("x", "bytes"),), (("x", "string"),)),
    ((("x", ["null", "long"]),), (("x", "long"),)),
    ((("x", INNER), ("y", "I")), (("x", WIDER), ("y", "I"))),
    ((("x", ENUM | {"symbols": ["a"], "default": "a"}),), (("x", ENUM),)),
]


@pytest.mark.parametrize(("reader", "writer", "words"), WRONG)
def test_what_cannot_be_read_is_told_with_its_place(reader: Any, writer: Any, words: str) -> None:
    [found] = unreadable(record(*reader), record(*writer))
    assert found.startswith(words)


@pytest.mark.parametrize(("reader", "writer"), RIGHT)
def test_what_can_be_read_is_not_complained_of(reader: Any, writer: Any) -> None:
    assert unreadable(record(*reader), record(*writer)) == []


def test_another_record_is_no_version_of_this_one() -> None:
    assert unreadable(record(), record(name="S")) == ["the record: S cannot be read as R"]


def test_a_record_that_holds_itself_comes_to_an_end() -> None:
    tree = record(("next", ["null", "R"]))
    assert unreadable(tree, tree) == []


def test_full_compatibility_is_both_ways() -> None:
    old, new = record(), record(("x", "long"))
    assert differences(new, old) == [
        "new cannot read old: x: it has no default, and the other version does not write it"
    ]
    assert [w.partition(":")[0] for w in differences(old, new)] == ["old cannot read new"]


TYPES = st.sampled_from(["int", "long", "float", "double", "string", "bytes", "boolean"])
VALUES = {"int": 1, "long": 1, "float": 1.0, "double": 1.0, "string": "a", "bytes": b"a"}


@given(
    st.dictionaries(st.sampled_from("abc"), TYPES), st.dictionaries(st.sampled_from("abc"), TYPES)
)
def test_fastavro_reads_what_is_called_readable_and_nothing_else(
    written: dict[str, str], wanted: dict[str, str]
) -> None:
    writer, reader = record(*written.items()), record(*wanted.items())
    body = io.BytesIO()
    fastavro.schemaless_writer(body, writer, {n: VALUES.get(t, True) for n, t in written.items()})
    body.seek(0)
    try:
        fastavro.schemaless_reader(body, writer, reader)
    except fastavro.read.SchemaResolutionError:
        assert unreadable(reader, writer)
    else:
        assert unreadable(reader, writer) == []
