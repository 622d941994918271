from c2c_stream.engine.flights import Flight, Flights
from c2c_stream.engine.policy import Bury, HoldUntil, RetryAt, RetryPolicy
from c2c_stream.engine.stage import Place
from c2c_stream.errors import Poison, Retry, Unavailable
from c2c_stream.records import File
from tests.engine.make import delivered, place


def flights(count: int, *, in_order: bool = False, attempts: int = 3) -> Flights:
    made = Flights(RetryPolicy(attempts, base_s=1.0), in_order=in_order)
    for offset in range(count):
        made.add(place(offset), Flight(delivered(offset), File(), None))
    return made


def all_due(made: Flights, now: float) -> list[Place]:
    found = []
    while (next_place := made.next(now)) is not None:
        found.append(next_place)
    return found


def test_records_start_in_the_order_of_their_delivery() -> None:
    assert all_due(flights(3), 0.0) == [place(0), place(1), place(2)]


def test_a_retry_goes_first_once_its_time_has_come() -> None:
    made = flights(3)
    made.next(0.0)
    assert made.failed(place(0), Retry("x"), 0.0, 0.0) == RetryAt(1.0)
    assert made.next(0.9) == place(1)
    assert made.next(1.0) == place(0)
    assert made[place(0)].attempt == 2


def test_in_order_nothing_starts_before_the_retry_in_front_of_it() -> None:
    made = flights(2, in_order=True)
    made.next(0.0)
    made.failed(place(0), Retry("x"), 0.0, 0.0)
    assert made.next(0.9) is None
    assert made.next(1.0) == place(0)
    made.succeeded(place(0), done=True)
    assert made.next(1.0) == place(1)


def test_an_outage_holds_what_has_not_started() -> None:
    made = flights(2)
    made.next(0.0)
    decision = made.failed(place(0), Unavailable("away"), 0.0, 0.0)
    assert decision == HoldUntil(1.0, "away")
    assert made.away
    assert made.next(0.9) is None
    assert made[place(0)].attempt == 1


def test_many_records_that_meet_one_outage_count_as_one() -> None:
    made = flights(100)
    for at in all_due(made, 0.0):
        made.failed(at, Unavailable("away"), 0.0, 0.0)
    assert made.next(1.0) is not None
    assert made.failed(place(0), Unavailable("away"), 1.0, 0.0) == HoldUntil(3.0, "away")


def test_one_record_at_a_time_probes_whether_it_is_back() -> None:
    made = flights(3)
    for at in all_due(made, 0.0):
        made.failed(at, Unavailable("away"), 0.0, 0.0)
    assert all_due(made, 50.0) == [place(0)]
    made.failed(place(0), Unavailable("away"), 50.0, 0.0)
    assert all_due(made, 50.5) == [place(1)]
    made.succeeded(place(1), done=True)
    assert not made.away
    assert sorted(at.offset for at in all_due(made, 100.0)) == [0, 2]


def test_a_record_that_is_buried_or_fails_by_itself_ends_the_outage() -> None:
    for error in (Poison("bad"), Retry("slow")):
        made = flights(2)
        made.next(0.0)
        made.failed(place(0), Unavailable("away"), 0.0, 0.0)
        made.next(1.0)
        if isinstance(made.failed(place(0), error, 1.0, 0.0), Bury):
            made.bury(place(0))
        assert not made.away
        assert made.next(1.0) == place(1)


def test_a_source_that_has_come_further_has_all_its_attempts_again() -> None:
    made = flights(1, attempts=2)
    for _ in range(10):
        made.next(1e6)
        assert isinstance(made.failed(place(0), Retry("x"), 0.0, 0.0), RetryAt)
        made.succeeded(place(0), done=False)
    made.failed(place(0), Retry("x"), 0.0, 0.0)
    assert made.failed(place(0), Retry("x"), 0.0, 0.0) == Bury("Retry", "x")


def test_without_room_for_results_only_retries_and_the_oldest_record_start() -> None:
    made = flights(3)
    assert made.next(0.0, fresh=False) == place(0)
    assert made.next(0.0, fresh=False) is None
    made.failed(place(0), Retry("x"), 0.0, 0.0)
    assert made.next(1.0, fresh=False) == place(0)
    made.succeeded(place(0), done=True)
    assert made.next(1.0, fresh=False) == place(1)


def test_what_waits_can_be_forgotten_while_what_runs_goes_on() -> None:
    made = flights(3)
    made.next(0.0)
    made.next(0.0)
    made.failed(place(1), Retry("x"), 0.0, 0.0)
    made.forget_waiting()
    assert len(made) == 1
    assert made.next(1e6) is None
    made.succeeded(place(0), done=True)
    assert len(made) == 0


def test_what_a_rebalance_takes_away_is_forgotten_in_every_state() -> None:
    made = flights(3)
    made.add(place(0, 1), Flight(delivered(0, partition=1), File(), None))
    began = [made.begin(at, 0.0) for at in (made.next(0.0), made.next(0.0)) if at]
    made.failed(place(1), Retry("x"), 0.0, 0.0)
    assert made.forget({("files", 0)}) == began[:1]
    assert [made.of(task) for task in began] == [None, None]
    assert all_due(made, 1e6) == [place(0, 1)]


def test_an_attempt_of_a_record_that_was_read_again_is_nobodys() -> None:
    made = flights(1)
    first = made.begin(place(0), 0.0)
    made.forget({("files", 0)})
    made.add(place(0), Flight(delivered(0), File(), None))
    assert made.of(first) is None
    second = made.begin(place(0), 0.0)
    assert made.of(second) is not None
    assert made.of(first) is None


def test_an_outage_ends_with_the_last_record_that_met_it() -> None:
    made = flights(2)
    for at in all_due(made, 0.0):
        made.failed(at, Unavailable("away"), 0.0, 0.0)
    made.next(1.0)
    made.forget({("files", 0)})
    assert not made.away
    made.add(place(5), Flight(delivered(5), File(), None))
    assert made.next(1.0) == place(5)
