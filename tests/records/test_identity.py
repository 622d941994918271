import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.records import (
    RECORDS,
    Case,
    Cases,
    File,
    Function,
    Origin,
    Record,
    Rejection,
    Repository,
    Sample,
    content_hash,
    file_id_of,
    occurrence_id_of,
    origin_of,
)
from c2c_stream.topics import (
    DEAD_LETTERS,
    SERVICES,
    TOPICS,
    consumed_by,
    key_of,
    output_of,
    topic_of,
)

PARTS = st.lists(st.text(max_size=5) | st.binary(max_size=5), max_size=4)


@given(PARTS, PARTS)
def test_parts_hash_alike_only_if_they_are_alike(
    one: list[str | bytes], other: list[str | bytes]
) -> None:
    def as_bytes(parts: list[str | bytes]) -> list[bytes]:
        return [p if isinstance(p, bytes) else p.encode() for p in parts]

    assert (content_hash(*one) == content_hash(*other)) == (as_bytes(one) == as_bytes(other))


def test_a_path_that_is_no_utf_8_has_an_identity() -> None:
    assert len(file_id_of(Origin(path="caf\udce9.py"))) == 32


def test_the_same_function_at_another_line_is_another_occurrence() -> None:
    assert occurrence_id_of("f", "g", 1) != occurrence_id_of("f", "g", 2)


@pytest.mark.parametrize("record", [cls() for cls in RECORDS])
def test_every_record_has_a_topic_a_key_and_an_origin(record: Record) -> None:
    assert topic_of(record).record is type(record)
    assert isinstance(key_of(record), str)
    assert isinstance(origin_of(record), Origin)


def test_copies_of_a_function_have_one_key_from_the_collector_on() -> None:
    function = Function(function_id="f1")
    assert key_of(function) == key_of(Cases(function=function, cases=(Case(),))) == "f1"
    assert key_of(Sample(function_id="f1")) == "f1"


def test_the_origin_is_found_wherever_a_record_carries_it() -> None:
    origin = Origin(repository="r", commit="c", path="p", license="MIT")
    assert origin_of(File(origin=origin)) == origin
    assert origin_of(Cases(function=Function(origin=origin))) == origin
    assert origin_of(Repository(url="r")) == Origin(repository="r")
    assert origin_of(Rejection(repository="r", commit="c")) == Origin(repository="r", commit="c")
    sample = Sample(repository="r", commit="c", path="p", license="MIT")
    assert origin_of(sample) == origin


def test_every_topic_is_consumed_by_one_service_and_every_service_but_the_sink_has_an_output() -> (
    None
):
    consumed = [topic for service in SERVICES for topic in consumed_by(service)]
    assert sorted(t.name for t in consumed) == sorted(t.name for t in TOPICS)
    assert [output_of(service) is None for service in SERVICES] == [False] * 6 + [True]


def test_a_dead_letter_may_be_twice_as_large_as_what_it_holds() -> None:
    assert all(DEAD_LETTERS.max_bytes >= 2 * t.max_bytes for t in TOPICS if t is not DEAD_LETTERS)
