from c2c_stream.broker.protocol import Delivered
from c2c_stream.engine.held import AGAIN_S, Held
from tests.engine.make import delivered

ONE, TWO = ("files", 1), ("files", 2)


def record(offset: int) -> Delivered:
    return delivered(offset, partition=1)


def test_what_is_held_is_kept_in_order_until_it_is_due() -> None:
    held = Held()
    held.hold(ONE, "why", now=100.0)
    held.keep(ONE, record(7))
    held.keep(ONE, record(9))
    assert ONE in held
    assert TWO not in held
    assert held.due(100.0 + AGAIN_S - 0.1) == []
    assert held.due(100.0 + AGAIN_S) == [ONE]
    assert [r.offset for r in held.release(ONE)] == [7, 9]
    assert (len(held), held.due(1000.0), held.reason) == (0, [], "")


def test_the_reason_told_does_not_change_when_another_partition_is_tried() -> None:
    held = Held()
    held.hold(ONE, "one", now=100.0)
    held.hold(TWO, "two", now=100.0)
    held.release(ONE)
    assert held.reason == "two"
    held.hold(ONE, "one", now=105.0)
    assert held.reason == "one"


def test_what_is_not_owned_any_more_is_forgotten() -> None:
    held = Held()
    held.hold(ONE, "one", now=100.0)
    held.forget({ONE, TWO})
    assert len(held) == 0
