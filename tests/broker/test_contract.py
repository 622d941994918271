"""What the engine relies on, whatever the broker is."""

import pytest

from c2c_stream.broker.protocol import Broker, Delivered, Position, Produced
from c2c_stream.errors import Fatal
from tests.broker.conftest import Seats
from tests.engine.service import eventually

FILES, FUNCTIONS = ("files", 0), ("functions", 0)


def produced(*values: bytes, topic: str = "files") -> list[Produced]:
    return [Produced(topic, b"k" + value, value) for value in values]


def poll(broker: Broker, count: int, at_most: int = 100) -> list[Delivered]:
    """Poll until `count` records are there."""
    found: list[Delivered] = []
    while len(found) < count:
        found += broker.poll(at_most, 1.0)
    return found


def values(delivered: list[Delivered]) -> list[bytes]:
    return [record.value for record in delivered]


def test_records_are_delivered_in_order_byte_for_byte(seats: Seats) -> None:
    headers = (("traceparent", b"00-\xff"), ("", b""), ("traceparent", b"again"))
    everything = bytes(range(256))
    seats.open("ingester").commit(
        [Produced("files", everything, everything, headers), *produced(b"", b"b")], {}, {}
    )
    found = poll(seats.open("collector"), 3)
    assert values(found) == [everything, b"", b"b"]
    assert (found[0].key, found[0].headers) == (everything, headers)
    assert [record.offset for record in found] == sorted({record.offset for record in found})
    assert {(record.topic, record.partition) for record in found} == {FILES}
    assert found[0].produced_at > 1.7e9


def test_a_poll_returns_no_more_than_it_is_asked_for(seats: Seats) -> None:
    seats.open("ingester").commit(produced(b"a", b"b", b"c"), {}, {})
    broker = seats.open("collector")
    assert broker.poll(0, 0.0) == []
    assert len(poll(broker, 2, at_most=2)) == 2
    assert values(poll(broker, 1, at_most=2)) == [b"c"]


def test_what_was_not_committed_is_delivered_again(seats: Seats) -> None:
    seats.open("ingester").commit(produced(b"a", b"b", b"c"), {}, {})
    first = seats.open("collector")
    delivered = poll(first, 3)
    first.commit([], {FILES: Position(delivered[1].offset)}, {})
    first.close()
    assert values(poll(seats.open("collector"), 2)) == [b"b", b"c"]


def test_a_position_comes_back_with_its_metadata(seats: Seats) -> None:
    seats.open("ingester").commit(produced(b"a", b"b"), {}, {})
    first = seats.open("collector")
    assert first.assigned() == {FILES: Position(0, "")}
    position = Position(poll(first, 1)[0].offset + 1, '{"cursor":"ü' + "x" * 4000 + '"}')
    first.commit([], {FILES: position}, {})
    assert first.assigned() == {FILES: position}
    first.close()
    assert seats.open("collector").assigned() == {FILES: position}


def test_a_cursor_may_move_while_the_offset_stays(seats: Seats) -> None:
    broker = seats.open("ingester")
    at = ("repos", 0)
    broker.commit(produced(b"1"), {at: Position(0, "one")}, {})
    broker.commit(produced(b"2"), {at: Position(0, "two")}, {})
    assert broker.assigned()[at] == Position(0, "two")


def test_a_position_never_moves_back(seats: Seats) -> None:
    broker = seats.open("collector")
    broker.commit([], {FILES: Position(7)}, {})
    with pytest.raises(Fatal):
        broker.commit(produced(b"x", topic="functions"), {FILES: Position(6)}, {FILES: {"k": b"v"}})
    assert broker.assigned() == {FILES: Position(7)}
    assert broker.lag_of("curator", "functions") == 0
    assert "k" not in broker.state()


def test_a_paused_partition_is_not_delivered_and_goes_on_where_it_stopped(
    seats: Seats,
) -> None:
    ingester = seats.open("ingester")
    ingester.commit(produced(b"s1", b"s2", topic="samples"), {}, {})
    sink = seats.open("sink")
    assert len(poll(sink, 1, at_most=1)) == 1
    sink.pause([("samples", 0)])
    ingester.commit(produced(b"r", topic="rejections"), {}, {})
    rest = [record for record in poll(sink, 1) if record.topic == "samples"]
    assert rest == []
    assert sink.poll(10, 0.0) == []
    sink.resume([("samples", 0)])
    assert values(poll(sink, 1)) == [b"s2"]


def test_ends_and_lag_tell_what_is_not_committed(seats: Seats) -> None:
    ingester = seats.open("ingester")
    ingester.commit(produced(b"a", b"b", b"c"), {}, {})
    collector = seats.open("collector")
    found = poll(collector, 3)
    end = collector.ends()[FILES]
    marks = end - (found[-1].offset + 1)
    assert 0 <= marks <= 1
    assert ingester.lag_of("collector", "files") == 3 + marks
    collector.commit([], {FILES: Position(found[1].offset + 1, "m")}, {})
    eventually(lambda: ingester.lag_of("collector", "files") == 1 + marks)
    collector.commit([], {FILES: Position(found[2].offset + 1, "n")}, {})
    while ingester.lag_of("collector", "files"):
        assert collector.poll(100, 0.1) == []
    assert collector.assigned() == {FILES: Position(end, "n")}


def test_state_is_stored_with_the_commit_and_belongs_to_the_group(seats: Seats) -> None:
    first = seats.open("curator")
    first.commit([], {FUNCTIONS: Position(0, "1")}, {FUNCTIONS: {"b": b"1", "a": b"\x00"}})
    first.commit([], {FUNCTIONS: Position(0, "2")}, {FUNCTIONS: {"b": b"2"}})
    assert dict(first.state()) == {"a": b"\x00", "b": b"2"}
    first.close()
    state = seats.open("curator").state()
    assert dict(state) == {"a": b"\x00", "b": b"2"}
    assert (len(state), state.get("c")) == (2, None)
    assert len(seats.open("writer").state()) == 0
