import heapq
from collections.abc import Callable
from random import Random

import pytest

from c2c_stream.write.model.flow import LONGEST_WAIT_S, Flow

Curve = Callable[[int], float]


def slots(count: int) -> Curve:
    """Work on so many at once; others wait."""
    return lambda n: min(n, count)


def batches(half: float) -> Curve:
    """Work in batches: each more at once brings less."""
    return lambda n: 40 * n / (n + half)


def thrashing(best: int) -> Curve:
    """Slow down where there are too many."""
    return lambda n: min(n, best) * (1.0 if n <= best else max(0.3, 1 - (n - best) / best))


class Simulated:
    """A server of a known curve (answers a second for n at once) and a flow that is kept full."""

    def __init__(self, curve: Curve, flow: Flow, seed: int = 1) -> None:
        self.curve, self.flow = curve, flow
        self.now = 0.0
        self.answered = 0
        self._random = Random(seed)
        self._work = 0.0  # of processor sharing: virtual time
        self._due: list[tuple[float, int]] = []

    def run(self, answers: int, waiting: Callable[[int], int] | None = None) -> float:
        """Go on for so many answers; return the rate of them."""
        began, goal = self.now, self.answered + answers
        while self.answered < goal:
            while self.flow.free(self.now):
                self.flow.began()
                tokens = self._random.randint(50, 150)
                heapq.heappush(self._due, (self._work + tokens / 100, tokens))
            count = len(self._due)
            due, tokens = heapq.heappop(self._due)
            self.now += (due - self._work) * count / self.curve(count)
            self._work = due
            self.answered += 1
            if waiting:
                self.flow.queue(waiting(count))
            self.flow.answered(self.now, tokens)
        return answers / (self.now - began)


CURVES = [
    (slots(1), 1.0),
    (slots(7), 7.0),
    (slots(40), 40.0),
    (slots(200), 64.0),
    (batches(16), batches(16)(64)),
    (batches(40), batches(40)(64)),
    (thrashing(24), 24.0),
]


@pytest.mark.parametrize(("curve", "best"), CURVES)
@pytest.mark.parametrize("seed", range(6))
def test_it_settles_within_a_tenth_of_the_best_rate(curve: Curve, best: float, seed: int) -> None:
    server = Simulated(curve, Flow(most=64), seed)
    server.run(1500)
    assert server.run(1500) >= 0.9 * best


def test_it_asks_for_little_more_than_a_server_can_do() -> None:
    server = Simulated(slots(10), Flow(most=64))
    server.run(1500)
    assert 9 <= server.flow.limit <= 16


def test_a_server_that_tells_its_queue_gets_as_much_as_it_works_on() -> None:
    server = Simulated(batches(20), Flow(most=64))
    server.run(2000, waiting=lambda n: max(0, n - 30))
    limits = set()
    for _ in range(20):
        server.run(20, waiting=lambda n: max(0, n - 30))
        limits.add(server.flow.limit)
    assert min(limits) >= 22
    assert max(limits) <= 40


def test_it_follows_a_server_that_gets_slower_and_faster() -> None:
    server = Simulated(slots(30), Flow(most=64))
    server.run(1500)
    server.curve = slots(10)
    server.run(3000)
    assert server.flow.limit <= 20
    server.curve = slots(40)
    server.run(4000)
    assert server.run(1000) >= 0.9 * 40


def in_flight(flow: Flow, count: int) -> None:
    for _ in range(count):
        flow.began()


def test_a_push_back_closes_it_until_the_time_that_was_named_and_shrinks_it_once() -> None:
    flow = Flow(most=64)
    in_flight(flow, 4)
    for _ in range(3):
        flow.pushed_back(10.0, until=17.0)
    assert flow.free(16.9) == 0
    assert flow.limit == 2
    assert flow.free(17.0) == 1
    assert flow.in_flight == 1


def test_push_backs_without_a_time_wait_longer_each_time() -> None:
    flow = Flow(most=8)
    now, waits = 0.0, []
    for _ in range(12):
        flow.began()
        flow.pushed_back(now, until=None)
        waits.append(flow.opens_at - now)
        now = flow.opens_at
    assert waits == sorted(waits)
    assert waits[0] < 1
    assert waits[-1] == LONGEST_WAIT_S
    flow.began()
    flow.answered(now, 9)
    flow.began()
    flow.pushed_back(now, until=None)
    assert flow.opens_at - now == waits[0]


def test_a_storm_of_push_backs_leaves_one_at_a_time_and_it_recovers() -> None:
    server = Simulated(slots(20), Flow(most=64))
    server.run(600)
    for second in range(20):
        server.flow.began()
        server.flow.pushed_back(server.now + second, until=server.now + second + 1)
    assert server.flow.limit == 1
    server.now += 30
    server.run(2500)
    assert server.run(500) >= 0.9 * 20


def test_who_is_away_is_named_until_it_answers() -> None:
    flow = Flow(most=8)
    in_flight(flow, 3)
    flow.went_away(0.0, "refused")
    flow.went_away(0.0, "refused")
    assert flow.why_away == "refused"
    assert flow.free(0.1) == 0
    flow.answered(0.2, 9)
    assert flow.why_away == ""


def test_idle_time_is_no_sign_of_a_slow_server() -> None:
    server = Simulated(slots(20), Flow(most=64))
    server.run(1500)
    for _ in range(50):
        server.flow.began()
        server.now += 100
        server.flow.answered(server.now, 9)
    server.run(100)
    assert server.run(1500) >= 0.9 * 20
