"""Decide how many requests a server gets at once. Pure: callers pass now.

A server that tells how many of its requests wait gets more while none does. With any other the rate
of tokens decides: more at once is kept where it brings more, less where it costs none. A server
that pushes back gets fewer at once, and none before the time that it named.
"""

import math
from dataclasses import dataclass, field
from typing import Final

START: Final = 4
GROW: Final = 1.5
PROBE: Final = 1.2  # once it knows about where the best is
SHRINK: Final = 0.7  # after a push back
EASE: Final = 0.85
GAIN: Final = 0.1  # of what a step could bring at best; less is not worth its waiting time
LOSS: Final = 0.02  # of the rate; what fewer at once may cost
REST_ROUNDS: Final = 2  # between two probes
FIRST_WAIT_S: Final = 0.5
LONGEST_WAIT_S: Final = 30.0


@dataclass(slots=True)
class _Round:
    """The answers at one limit. The first are of requests that were sent at the limit before."""

    limit: float
    answers: int
    began: float = -math.inf
    seen: int = 0
    tokens: int = 0
    full: bool = False

    def saw_answer(self, now: float, tokens: int) -> bool:
        """Count an answer; return whether the round is over."""
        self.seen += 1
        self.tokens += tokens if self.seen > int(self.limit) else 0
        if self.seen == int(self.limit):
            self.began = now
        return self.seen >= int(self.limit) + self.answers

    def rate(self, now: float) -> float:
        """Return the tokens a second: answers are long and short, so they would tell less."""
        return self.tokens / max(now - self.began, 1e-6)


def _round_at(limit: float, *, settled: bool) -> _Round:
    """Return a round as long as what it is to tell needs: small differences need many answers."""
    return _Round(limit, int(max(64, 3 * limit) if settled else max(24, 2 * limit)))


@dataclass(slots=True)
class Flow:
    """The flow to one server. `why_away` is empty while it answers."""

    most: int
    in_flight: int = 0
    why_away: str = ""
    _limit: float = START
    _closed_until: float = -math.inf
    _waits: int = 0
    _settled: bool = False
    _growth: float = GROW
    _rests: int = 0
    _ease: bool = False
    _queued: int | None = None
    _before: tuple[float, float] | None = None
    _round: _Round = field(default_factory=lambda: _round_at(START, settled=False))

    @property
    def limit(self) -> int:
        """Return how many requests it may have in flight."""
        return max(1, min(self.most, int(self._limit)))

    @property
    def opens_at(self) -> float:
        """Return before when nothing is sent to it."""
        return self._closed_until

    def free(self, now: float) -> int:
        """Return how many more requests it may be sent now."""
        return max(0, self.limit - self.in_flight) if now >= self._closed_until else 0

    def began(self) -> None:
        """Take note of a request that is sent."""
        if not self.in_flight and self.limit > 1:
            self._round = self._new_round()  # idle time is no sign of slowness
        self.in_flight += 1
        self._round.full |= self.in_flight >= self.limit

    def broke_off(self) -> None:
        """Take note of a request that ended without an answer, and says nothing of the server."""
        self.in_flight -= 1

    def answered(self, now: float, tokens: int) -> None:
        """Take note of an answer, and of how many tokens were written for it."""
        self.in_flight -= 1
        self.why_away, self._waits = "", 0
        if self._round.saw_answer(now, tokens):
            self._judge(now)

    def pushed_back(self, now: float, until: float | None) -> None:
        """Take note of a request that it had no room for; `until` is when it says to come back."""
        self.in_flight -= 1
        if now >= self._closed_until:  # one that was sent before the last push back says no more
            self._limit = max(1.0, min(self._limit, self.in_flight + 1) * SHRINK)
            self._settled, self._growth, self._before = False, PROBE, None
            self._round = self._new_round()
            self._close(now, until)

    def went_away(self, now: float, why: str) -> None:
        """Take note of a request that found nobody."""
        self.in_flight -= 1
        self.why_away = why
        if now >= self._closed_until:
            self._close(now, None)

    def queue(self, waiting: int) -> None:
        """Take note of how many requests wait inside of the server, as it says itself."""
        self._queued = waiting

    def _close(self, now: float, until: float | None) -> None:
        wait = min(FIRST_WAIT_S * 2.0**self._waits, LONGEST_WAIT_S)
        self._waits = min(self._waits + 1, 16)
        self._closed_until = until if until is not None else now + wait

    def _new_round(self) -> _Round:
        return _round_at(max(1.0, min(self._limit, float(self.most))), settled=self._settled)

    def _judge(self, now: float) -> None:
        """Decide at the end of a round."""
        last, rate = self._round, self._round.rate(now)
        if not last.full:
            pass  # too little was asked to learn anything
        elif self._queued is not None:
            self._by_queue()
        elif self._before is not None:
            self._by_rate(last.limit, rate)
        else:
            self._step(last.limit, rate)
        self._limit = max(1.0, min(self._limit, float(self.most)))
        self._round = self._new_round()

    def _by_queue(self) -> None:
        queued = self._queued or 0
        if queued:
            self._limit = max(self._limit - max(queued - 1, 0), self._limit * SHRINK)
            self._settled = True
        else:
            self._limit = self._more(self._limit)

    def _more(self, limit: float) -> float:
        return max(limit + 1, limit * (PROBE if self._settled else self._growth))

    def _step(self, limit: float, rate: float) -> None:
        """Change the limit, to compare the next round with the one that is over."""
        if self._settled and self._rests < REST_ROUNDS:
            self._rests += 1
            return
        self._rests = 0
        self._before = (limit, rate)
        if self._settled and self._ease:
            self._limit = max(1.0, min(limit - 1, limit * EASE))
        else:
            self._limit = self._more(limit)
        self._ease = self._settled and not self._ease

    def _by_rate(self, limit: float, rate: float) -> None:
        """Keep the step that was made last and make the next, or take it back."""
        before, old_rate = self._before or (limit, rate)
        self._before = None
        if limit > before:
            enough = rate >= old_rate * (1 + GAIN * (limit / before - 1))
        else:
            enough = rate >= old_rate * (1 - LOSS)
        if enough:
            self._ease = limit < before
            self._rests = REST_ROUNDS
            self._step(limit, rate)
        else:
            self._limit = before
            self._settled = True
