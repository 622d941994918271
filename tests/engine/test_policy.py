import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.engine.policy import (
    MAX_UNAVAILABLE_WAIT_S,
    Breaker,
    Bury,
    HoldUntil,
    RetryAt,
    RetryPolicy,
    Stop,
)
from c2c_stream.errors import (
    DecodeError,
    Fatal,
    NewerSchema,
    Poison,
    Retry,
    SettingsError,
    Unavailable,
)

POLICY = RetryPolicy(max_attempts=3, base_s=0.5)


def test_waits_double_from_attempt_to_attempt() -> None:
    policy = RetryPolicy(max_attempts=5, base_s=0.5)
    waits = [policy.after(Retry("x"), attempt, 0, 100.0, 0.0) for attempt in (1, 2, 3, 4)]
    assert waits == [RetryAt(100.5), RetryAt(101.0), RetryAt(102.0), RetryAt(104.0)]


@given(st.integers(1, 2), st.floats(0, 1, exclude_max=True), st.floats(0, 1e6))
def test_jitter_makes_a_wait_longer_but_never_twice_as_long(
    attempt: int, jitter: float, now: float
) -> None:
    plain = POLICY.after(Retry("x"), attempt, 0, now, 0.0)
    found = POLICY.after(Retry("x"), attempt, 0, now, jitter)
    assert isinstance(plain, RetryAt)
    assert isinstance(found, RetryAt)
    assert plain.at <= found.at <= plain.at + (plain.at - now) + 1e-6


def test_the_last_attempt_is_followed_by_a_dead_letter() -> None:
    assert POLICY.after(Retry("slow"), 3, 0, 0.0, 0.0) == Bury("Retry", "slow")


@pytest.mark.parametrize("error", [Poison("bad"), DecodeError("bad")])
def test_a_poisonous_record_is_never_tried_again(error: Exception) -> None:
    assert POLICY.after(error, 1, 0, 0.0, 0.0) == Bury(type(error).__name__, "bad")


@given(st.integers(1, 10**6), st.integers(0, 10**6))
def test_an_outage_never_makes_a_dead_letter_and_waits_are_bounded(
    attempt: int, outages: int
) -> None:
    decision = POLICY.after(Unavailable("away"), attempt, outages, 50.0, 0.0)
    assert isinstance(decision, HoldUntil)
    assert 50.0 < decision.at <= 50.0 + MAX_UNAVAILABLE_WAIT_S


def test_a_newer_schema_is_an_outage() -> None:
    assert isinstance(POLICY.after(NewerSchema("x"), 1, 0, 0.0, 0.0), HoldUntil)


@pytest.mark.parametrize("error", [ValueError(), Fatal("x"), SettingsError("x"), KeyError("x")])
def test_anything_else_stops_the_service(error: Exception) -> None:
    assert POLICY.after(error, 1, 0, 0.0, 0.0) == Stop(error)


OUTCOMES = st.lists(st.booleans())


@given(st.integers(1, 5), OUTCOMES)
def test_the_breaker_opens_at_that_many_dead_letters_in_a_row(limit: int, dead: list[bool]) -> None:
    breaker = Breaker(limit, 1.0, 10**6)
    row = 0
    for is_dead in dead:
        breaker.saw(dead=is_dead)
        row = row + 1 if is_dead else 0
        assert bool(breaker.why_open) == (row >= limit)


@given(st.floats(0.01, 1.0), st.integers(1, 9), OUTCOMES)
def test_the_breaker_opens_at_a_share_of_the_last_records(
    share: float, window: int, dead: list[bool]
) -> None:
    breaker = Breaker(10**6, share, window)
    for seen, is_dead in enumerate(dead, 1):
        breaker.saw(dead=is_dead)
        last = dead[max(0, seen - window) : seen]
        enough = len(last) == window and sum(last) >= share * window
        assert bool(breaker.why_open) == enough


@given(st.integers(1, 5), st.floats(0.1, 1.0), st.integers(1, 9), OUTCOMES)
def test_an_open_breaker_is_full_and_one_that_saw_nothing_dead_is_empty(
    limit: int, share: float, window: int, dead: list[bool]
) -> None:
    breaker = Breaker(limit, share, window)
    for is_dead in dead:
        breaker.saw(dead=is_dead)
    if breaker.why_open:
        assert breaker.fill == 1
    if not any(dead[-window:]):
        assert breaker.fill == 0
    assert 0 <= breaker.fill <= 1


def test_an_open_breaker_says_what_it_saw() -> None:
    in_a_row, among = Breaker(2, 1.0, 9), Breaker(9, 0.5, 4)
    for dead in (True, False, True, True):
        in_a_row.saw(dead=dead)
        among.saw(dead=dead)

    assert in_a_row.why_open == "2 dead letters in a row"
    assert among.why_open == "3 dead letters among the last 4 records"
