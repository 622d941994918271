"""What the engine relies on, whatever the broker is."""

import pytest

from c2c_stream.broker.protocol import Broker, Delivered, Position, Produced
from c2c_stream.errors import Fatal
from tests.broker.conftest import LocalSeats

FILES = ("files", 0)


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


def test_records_are_delivered_in_order_byte_for_byte(seats: LocalSeats) -> None:
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


def test_a_poll_returns_no_more_than_it_is_asked_for(seats: LocalSeats) -> None:
    seats.open("ingester").commit(produced(b"a", b"b", b"c"), {}, {})
    broker = seats.open("collector")
    assert broker.poll(0, 0.0) == []
    assert len(poll(broker, 2, at_most=2)) == 2
    assert values(poll(broker, 1, at_most=2)) == [b"c"]


def test_what_was_not_committed_is_delivered_again(seats: LocalSeats) -> None:
    seats.open("ingester").commit(produced(b"a", b"b", b"c"), {}, {})
    first = seats.open("collector")
    delivered = poll(first, 3)
    first.commit([], {FILES: Position(delivered[1].offset)}, {})
    first.close()
    assert values(poll(seats.open("collector"), 2)) == [b"b", b"c"]


def test_a_position_comes_back_with_its_metadata(seats: LocalSeats) -> None:
    seats.open("ingester").commit(produced(b"a"), {}, {})
    first = seats.open("collector")
    assert first.assigned() == {FILES: Position(0, "")}
    position = Position(poll(first, 1)[0].offset + 1, '{"cursor":"ü' + "x" * 4000 + '"}')
    first.commit([], {FILES: position}, {})
    assert first.assigned() == {FILES: position}
    first.close()
    assert seats.open("collector").assigned() == {FILES: position}


def test_a_cursor_may_move_while_the_offset_stays(seats: LocalSeats) -> None:
    broker = seats.open("ingester")
    at = ("repos", 0)
    broker.commit(produced(b"1"), {at: Position(0, "one")}, {})
    broker.commit(produced(b"2"), {at: Position(0, "two")}, {})
    assert broker.assigned()[at] == Position(0, "two")


def test_a_position_never_moves_back(seats: LocalSeats) -> None:
    broker = seats.open("collector")
    broker.commit([], {FILES: Position(7)}, {})
    with pytest.raises(Fatal):
        broker.commit(produced(b"x", topic="functions"), {FILES: Position(6)}, {"k": b"v"})
    assert broker.assigned() == {FILES: Position(7)}
    assert broker.lag_of("curator", "functions") == 0
    assert "k" not in broker.state()


def test_a_paused_partition_is_not_delivered_and_goes_on_where_it_stopped(
    seats: LocalSeats,
) -> None:
    seats.open("ingester").commit(
        [*produced(b"s1", b"s2", topic="samples"), *produced(b"r", topic="rejections")], {}, {}
    )
    sink = seats.open("sink")
    assert len(poll(sink, 1, at_most=1)) == 1
    sink.pause([("samples", 0)])
    rest = [record for record in poll(sink, 1) if record.topic == "samples"]
    assert rest == []
    assert sink.poll(10, 0.0) == []
    sink.resume([("samples", 0)])
    assert values(poll(sink, 1)) == [b"s2"]


def test_a_topic_with_a_backlog_does_not_keep_the_others_waiting(seats: LocalSeats) -> None:
    backlog = produced(*(b"%d" % n for n in range(100)), topic="samples")
    seats.open("ingester").commit([*backlog, *produced(b"r", topic="rejections")], {}, {})
    sink = seats.open("sink")
    topics = {record.topic for _ in range(3) for record in sink.poll(5, 0.0)}
    assert topics == {"samples", "rejections"}


def test_ends_and_lag_tell_what_is_not_committed(seats: LocalSeats) -> None:
    ingester = seats.open("ingester")
    ingester.commit(produced(b"a", b"b", b"c"), {}, {})
    collector = seats.open("collector")
    found = poll(collector, 3)
    assert collector.ends() == {FILES: found[-1].offset + 1}
    assert ingester.lag_of("collector", "files") == 3
    collector.commit([], {FILES: Position(found[1].offset + 1)}, {})
    assert ingester.lag_of("collector", "files") == 1


def test_state_is_stored_with_the_commit_and_belongs_to_the_group(seats: LocalSeats) -> None:
    first = seats.open("curator")
    first.commit([], {}, {"b": b"1", "a": b"\x00"})
    first.commit([], {}, {"b": b"2"})
    first.close()
    state = seats.open("curator").state()
    assert dict(state) == {"a": b"\x00", "b": b"2"}
    assert (len(state), state.get("c")) == (2, None)
    assert len(seats.open("writer").state()) == 0


def test_a_second_consumer_of_a_group_is_refused_until_the_first_leaves(seats: LocalSeats) -> None:
    first = seats.open("collector")
    with pytest.raises(Fatal, match="stop it first"):
        seats.open("collector")
    first.close()
    seats.open("collector")
