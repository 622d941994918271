"""Chunks and the cursor between them."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.errors import Fatal
from c2c_stream.ingest.chunks import Position, chunks_of, position_of
from c2c_stream.ingest.items import Found, rejected
from c2c_stream.reasons import Reason
from c2c_stream.records import File, RejectedItem
from tests.ingest.support import ingested, put


def found_of(sizes: list[int]) -> Iterator[Found]:
    for i, size in enumerate(sizes, 1):
        yield Found(
            File(str(i), content=b"x" * size) if size else rejected("a", Reason.TOO_BIG, "c"), i
        )


@given(st.lists(st.integers(0, 512 * 1024), max_size=60))
def test_chunks_stay_within_their_limits_and_lose_nothing(sizes: list[int]) -> None:
    packed = list(chunks_of(found_of(sizes), Position("c0ffee", 0)))
    counts = [len(c.outputs) + len(c.rejected) for c in packed]

    assert all(0 < count <= 500 for count in counts)
    assert all(
        sum(len(o.content) for o in c.outputs if isinstance(o, File)) <= 4 * 1024 * 1024
        for c in packed
    )
    assert sum(counts) == len(sizes)
    assert [o for c in packed for o in c.outputs] == [
        f.item for f in found_of(sizes) if not isinstance(f.item, RejectedItem)
    ]


def test_a_chunk_of_small_files_holds_500_of_them() -> None:
    packed = list(chunks_of(found_of([1] * 1001), Position()))

    assert [len(c.outputs) for c in packed] == [500, 500, 1]
    assert [position_of(c.cursor).next for c in packed] == [500, 1000, 1001]


@given(st.text(alphabet="0123456789abcdef", max_size=64), st.integers(0, 2**63))
def test_a_cursor_is_read_as_it_was_written_and_is_short(commit: str, index: int) -> None:
    position = Position(commit, index)

    assert position_of(position.text()) == position
    assert len(position.text()) < 200


@pytest.mark.parametrize("cursor", ["", "{}", "[]", "17", '{"commit":"", "next":"x"}'])
def test_a_cursor_of_somebody_else_is_fatal_not_a_fresh_start(tmp_path: Path, cursor: str) -> None:
    put(tmp_path, {"a.py": ""})

    with pytest.raises(Fatal, match="was not written by this ingester"):
        next(ingested(tmp_path, cursor))
