"""What Kafka's clients answer, or do not."""

from concurrent.futures import Future
from itertools import count

import pytest

from c2c_stream.broker import kafka_errors
from c2c_stream.broker.kafka_errors import answer_of, patiently
from c2c_stream.errors import Fatal, Unavailable


def test_a_question_that_the_client_has_forgotten_is_not_waited_for_for_ever() -> None:
    with pytest.raises(Unavailable, match="the client gave no answer; it goes on when one comes"):
        answer_of(Future(), 0.01)


def test_an_answer_is_what_the_client_says() -> None:
    asked: Future[int] = Future()
    asked.set_result(7)
    assert answer_of(asked, 60) == 7


@pytest.fixture
def seconds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a second pass with each look at the clock, and none between."""
    monkeypatch.setattr(kafka_errors, "_now", count().__next__)
    monkeypatch.setattr(kafka_errors, "RETRY_S", 0.0)


@pytest.mark.usefixtures("seconds")
def test_only_a_long_wait_for_an_answer_is_told() -> None:
    told: list[Unavailable] = []
    failures = iter(range(5))

    def ask() -> int:
        if (failed := next(failures, None)) is not None:
            raise Unavailable(f"not the leader {failed}")
        return 7

    assert patiently(ask, 60.0, told.append) == 7
    assert list(map(str, told)) == ["not the leader 2", "not the leader 3", "not the leader 4"]


@pytest.mark.usefixtures("seconds")
def test_patience_ends_where_it_is_told_to() -> None:
    asked = count()

    def ask() -> None:
        raise Unavailable(f"not the leader {next(asked)}")

    with pytest.raises(Fatal, match=r"not the leader 3 \(for 4 s\)"):
        patiently(ask, 4.0)
