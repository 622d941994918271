import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.engine.books import COUNTS, Books, from_metadata, to_metadata, total
from c2c_stream.errors import Fatal

COUNT = st.integers(0, 2**62)
BOOKS = st.builds(Books, *[COUNT] * len(COUNTS), cursor=st.none() | st.text(min_size=1))


@given(BOOKS)
def test_books_come_back_from_the_metadata_of_an_offset(books: Books) -> None:
    assert from_metadata(to_metadata(books), "here") == books


@given(BOOKS, BOOKS)
def test_books_add_up_and_the_later_cursor_holds(one: Books, other: Books) -> None:
    added = one + other
    assert [getattr(added, name) for name in COUNTS] == [
        getattr(one, name) + getattr(other, name) for name in COUNTS
    ]
    assert added.cursor == other.cursor
    assert total({"a": one, "b": other}) == added


def test_a_first_start_has_empty_books() -> None:
    assert from_metadata("", "here") == Books()


@pytest.mark.parametrize(
    "text",
    ["{", "[]", "3", '{"foo":1}', '{"read":"1"}', '{"read":null}', '{"out":true}', "[" * 9999],
)
def test_metadata_that_is_no_books_stops_the_service(text: str) -> None:
    with pytest.raises(Fatal, match=r"here: committed metadata is no books"):
        from_metadata(text, "here")


def test_books_balance_only_if_everything_is_accounted_for() -> None:
    assert Books(read=3, processed=2, dead=1, found=5, out=1, rejected=4).balanced()
    assert not Books(read=3, processed=2).balanced()
    assert not Books(found=1).balanced()


def test_the_largest_books_leave_room_for_a_cursor_in_kafkas_metadata() -> None:
    largest = Books(2**63, 2**63, 2**63, 2**63, 2**63, 2**63, 2**63)
    assert len(to_metadata(largest)) < 500
