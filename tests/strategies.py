"""Any record, built from its dataclass's types."""

import dataclasses
from typing import Any, get_args, get_origin, get_type_hints

from hypothesis import strategies as st

from c2c_stream.records import RECORDS, Record

LONGS = st.integers(-(2**63), 2**63 - 1)


def instances(cls: type) -> st.SearchStrategy[Any]:
    """Return what draws instances of a dataclass of records.py."""
    hints = get_type_hints(cls)
    return st.builds(cls, **{f.name: _of(hints[f.name]) for f in dataclasses.fields(cls)})


def _of(hint: Any) -> st.SearchStrategy[Any]:
    if get_origin(hint) is tuple:
        return st.lists(_of(get_args(hint)[0]), max_size=3).map(tuple)
    if dataclasses.is_dataclass(hint):
        return instances(hint) if isinstance(hint, type) else st.nothing()
    return {str: st.text(max_size=20), int: LONGS, bytes: st.binary(max_size=20)}[hint]


RECORD: st.SearchStrategy[Record] = st.sampled_from(RECORDS).flatmap(instances)
