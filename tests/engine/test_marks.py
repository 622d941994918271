import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.engine.marks import Mark, from_text, to_text, total
from c2c_stream.errors import Fatal
from c2c_stream.topics import TOPICS

COUNT = st.integers(1, 2**53)
PUT = st.dictionaries(st.sampled_from([topic.name for topic in TOPICS]), COUNT)
MARK = st.builds(Mark, PUT, COUNT, COUNT, COUNT)


@given(MARK)
def test_a_mark_reads_back_and_fits_beside_an_offset(mark: Mark) -> None:
    assert from_text(to_text(mark), "x") == mark
    assert len(to_text(mark).encode()) <= 4096


@given(st.lists(MARK))
def test_the_total_is_what_all_have_put(marks: list[Mark]) -> None:
    found = total(marks)
    assert found.settled == sum(mark.settled for mark in marks)
    assert sum(found.put.values()) == sum(sum(mark.put.values()) for mark in marks)


def test_there_is_nothing_before_the_first_mark() -> None:
    assert from_text("", "x") == Mark()


@pytest.mark.parametrize("text", ["fed 3", "[1]", '{"planet":1}'])
def test_what_is_no_mark_is_named(text: str) -> None:
    with pytest.raises(Fatal, match="settler: no mark of ours"):
        from_text(text, "settler")
