"""Carry out a plan of kills on a run, and see the run to its end."""

import signal
import time
from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import Final, TypeVar

from tests.kafka.chaos.feed import Feed
from tests.kafka.chaos.fleet import Fleet
from tests.kafka.chaos.plan import SIGSTOP, Kill
from tests.kafka.chaos.watch import Watch
from tests.kafka.cluster import Brokers

LOOK_S: Final = 0.1
# So much of all work is left, or more, when somebody is killed in its midst.
AHEAD: Final = 0.1
# Nothing that is killed keeps a run from going on for longer.
STALL_S: Final = 150.0
Found = TypeVar("Found")


class Stalled(AssertionError):
    """A run does not go on."""


@dataclass(slots=True)
class Driver:
    """One run under attack. `work`: what all services have read when the run is over."""

    fleet: Fleet
    watch: Watch
    brokers: Brokers
    feed: Feed
    work: int
    say: Callable[[str], None]
    kills: Counter[tuple[str, str]] = field(default_factory=Counter)
    """How often what was hit by which signal."""
    moments: list[float] = field(default_factory=list)
    """Which share of the work was done at each kill."""
    evicted: int = 0
    _stopped: set[str] = field(default_factory=set)
    _down: dict[int, bool] = field(default_factory=dict)
    """Brokers that were killed, and whether they have been started again."""

    def run(self, plan: Sequence[Kill], over: Callable[[], bool]) -> None:
        """Carry out the plan, then wait until `over` says that nothing is left to do."""
        pending = list(plan)
        while pending:
            self.feed.to(pending[0].at + AHEAD)
            kill = self._until(f"kill {len(plan) - len(pending) + 1}", partial(self._due, pending))
            pending.remove(kill)
            self._strike(kill)
            self.moments.append(self.watch.done() / self.work)
            self.say(f"{len(self.moments):4} {self.moments[-1]:6.1%} {kill.how} {kill.target}")
        self.feed.finish()
        self._until("all are back", lambda: not self._stopped and not self._down)
        self._until("the end", over)

    def _due(self, pending: Sequence[Kill]) -> Kill | None:
        """Return the first whose moment has come and whose target can be hit."""
        done = self.watch.done() / self.work
        return next((kill for kill in pending if kill.at <= done and self._can_be_hit(kill)), None)

    def _can_be_hit(self, kill: Kill) -> bool:
        name = kill.target.partition("-")[0]
        if name == "broker":
            return not self._down and self.brokers.in_sync()
        if not self.fleet.running(kill.target):
            return False
        return kill.how != SIGSTOP or self.watch.members(name).get(kill.target, 0) > 0

    def _strike(self, kill: Kill) -> None:
        name, _, number = kill.target.partition("-")
        if name == "broker":
            self.brokers.kill(int(number))
            self._down[int(number)] = False
        else:
            self.fleet.send(kill.target, signal.Signals[kill.how])
            if kill.how == SIGSTOP:
                self._stopped.add(kill.target)
        self.kills[name, kill.how] += 1

    def _until(self, what: str, condition: Callable[[], Found | None]) -> Found:
        """Tend everything until a condition holds. Raises Stalled where nothing moves."""
        seen, since = self.watch.done(), time.monotonic()
        while True:
            self._tend()
            if found := condition():
                return found
            time.sleep(LOOK_S)
            if self.watch.done() > seen:
                seen, since = self.watch.done(), time.monotonic()
            if time.monotonic() - since > STALL_S:
                raise self._stalled(what)

    def _stalled(self, what: str) -> Stalled:
        """Let all services write down where they are, and say what is known."""
        self.fleet.tell()
        return Stalled(
            f"{what}: nothing has moved for {STALL_S:.0f} s at {self.watch.done()} records;"
            f" stopped: {sorted(self._stopped)}, down: {self._down}"
        )

    def _tend(self) -> None:
        self.fleet.tend()
        for name in sorted(self._stopped):
            if name not in self.watch.members(name.partition("-")[0]):
                self.fleet.wake(name)
                self._stopped.remove(name)
                self.evicted += 1
        for number, started in list(self._down.items()):
            whole = self.brokers.in_sync()
            if not started and not whole:
                self.brokers.start(number)
                self._down[number] = True
            elif started and whole:
                del self._down[number]
