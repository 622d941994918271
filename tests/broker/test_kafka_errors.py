"""What Kafka's clients answer, or do not."""

from concurrent.futures import Future

import pytest

from c2c_stream.broker.kafka_errors import answer_of
from c2c_stream.errors import Unavailable


def test_a_question_that_the_client_has_forgotten_is_not_waited_for_for_ever() -> None:
    with pytest.raises(Unavailable, match="the client gave no answer; it goes on when one comes"):
        answer_of(Future(), 0.01)


def test_an_answer_is_what_the_client_says() -> None:
    asked: Future[int] = Future()
    asked.set_result(7)
    assert answer_of(asked, 60) == 7
