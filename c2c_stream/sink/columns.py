"""Records as rows of a table, and back: the columns of the dataset and of its audit trail."""

from collections.abc import Mapping
from dataclasses import asdict, fields
from typing import Any, get_args, get_origin, get_type_hints

import pyarrow as pa

from c2c_stream.records import (
    DeadLetter,
    Dropped,
    Execution,
    Header,
    RejectedItem,
    Rejection,
    Sample,
    SampleCase,
    Settlement,
    Writing,
)

Row = dict[str, Any]

_SCALARS: dict[Any, pa.DataType] = {str: pa.string(), int: pa.int64(), bytes: pa.binary()}
_MESSAGE = pa.struct([("role", pa.string()), ("content", pa.string())])


def arrow_type(kind: Any) -> pa.DataType:
    """Return the column type of a field: scalars, records as structs, tuples as lists."""
    if kind in _SCALARS:
        return _SCALARS[kind]
    if get_origin(kind) is tuple:
        return pa.list_(arrow_type(get_args(kind)[0]))
    return pa.struct(list(_columns_of(kind)))


def _columns_of(record: type) -> "list[pa.Field[Any]]":
    hints = get_type_hints(record)
    return [pa.field(f.name, arrow_type(hints[f.name])) for f in fields(record)]


def _chat_columns() -> "list[pa.Field[Any]]":
    messages = pa.field("messages", pa.list_(_MESSAGE))
    columns = [c for c in _columns_of(Sample) if c.name != "completion"]
    return [messages if c.name == "prompt" else c for c in columns]


SAMPLES = {
    "completion": pa.schema(_columns_of(Sample)),
    "chat": pa.schema(_chat_columns()),
}
REJECTIONS = pa.schema(
    [c for c in _columns_of(Rejection) if c.name != "items"] + _columns_of(RejectedItem)
)
DEAD_LETTERS = pa.schema(_columns_of(DeadLetter))
SETTLEMENTS = pa.schema(_columns_of(Settlement))


def sample_row(sample: Sample, layout: str) -> Row:
    """Return a sample as a row in `layout`."""
    row = asdict(sample)
    if layout == "chat":
        row["messages"] = [
            {"role": "user", "content": row.pop("prompt")},
            {"role": "assistant", "content": row.pop("completion")},
        ]
    return row


def rejection_rows(rejection: Rejection) -> list[Row]:
    """Return one row for each item that was rejected."""
    about = {
        "stage": rejection.stage,
        "repository": rejection.repository,
        "commit": rejection.commit,
    }
    return [about | asdict(item) for item in rejection.items]


def audit_row(record: DeadLetter | Settlement) -> Row:
    """Return a dead letter, or what was done about one, as a row."""
    return asdict(record)


def sample_of(row: Mapping[str, Any]) -> Sample:
    """Return the sample in a row of either layout. Raises KeyError, TypeError for another table."""
    values = dict(row)
    if "messages" in values:
        asked, answered = values.pop("messages")
        values["prompt"], values["completion"] = asked["content"], answered["content"]
    runtime = dict(values["runtime"])
    runtime["dropped"] = tuple(Dropped(**one) for one in runtime["dropped"])
    values["writer"] = Writing(**values["writer"])
    values["runtime"] = Execution(**runtime)
    for column in ("visible_cases", "hidden_cases"):
        values[column] = tuple(SampleCase(**case) for case in values[column])
    return Sample(**values)


def dead_letter_of(row: Mapping[str, Any]) -> DeadLetter:
    """Return the dead letter in a row."""
    return DeadLetter(**{**row, "headers": tuple(Header(**one) for one in row["headers"])})


def settlement_of(row: Mapping[str, Any]) -> Settlement:
    """Return the settlement in a row."""
    return Settlement(**row)
