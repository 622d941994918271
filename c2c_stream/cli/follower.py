"""Ask every repository of a feed in its turn, and put what has moved on the topic `repos`.

Asking is done by threads; the broker is this one's alone.
"""

from collections.abc import Callable, Mapping
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from random import Random

import structlog

from c2c_stream import metrics
from c2c_stream.broker.known import FOLLOWER, Known
from c2c_stream.broker.protocol import Produced
from c2c_stream.codec import Codec
from c2c_stream.engine.clock import Clock
from c2c_stream.engine.health import Health
from c2c_stream.errors import Poison, Retry, Unavailable
from c2c_stream.ingest.feed import Followed
from c2c_stream.ingest.fetch import end_running
from c2c_stream.ingest.follow import Turn, moves_of, to_read
from c2c_stream.ingest.heads import heads_of
from c2c_stream.ingest.locate import shown
from c2c_stream.records import Repository
from c2c_stream.settings import IngestSettings
from c2c_stream.topics import REPOS, key_of

# Repositories that are asked at once; most of an answer's time is the network's.
AT_ONCE = 8
LOOK_S = 0.05
# Between attempts at brokers that are away.
AWAY_S = 1.0
# A pass waits for them so long: leaders move, brokers start again.
PATIENCE_S = 30.0
# What should take milliseconds may take this long before liveness calls it late.
TICK_S = 60.0


class Follower:
    """Follows a feed. Owned by one thread."""

    def __init__(
        self,
        feed: tuple[Followed, ...],
        known: Known,
        settings: IngestSettings,
        *,
        codec: Codec,
        health: Health,
        clock: Clock,
        log: structlog.stdlib.BoundLogger,
    ) -> None:
        now = clock.now()
        self._feed = {one.url: one for one in feed}
        self._turns = {one.url: Turn(one.interval_s, now) for one in feed}
        self._known = known
        self._settings = settings
        self._health = health
        self._clock = clock
        self._log = log
        self._codec = codec
        self._random = Random()  # noqa: S311  # spreads polls, nothing secret
        self._pool = ThreadPoolExecutor(AT_ONCE, "ask")
        self._asked: dict[Future[dict[str, str]], str] = {}
        # Pushed to, and not asked since: an answer that is on its way may be older than the push.
        # Other threads add to it, this one takes away: each is one step of the interpreter.
        self._awake: set[str] = set()
        # What the broker knows: where each branch was last; None until it is read.
        self._heads: dict[str, dict[str, str]] | None = None
        self._missing: set[tuple[str, str]] = set()

    def run(self, stopping: Callable[[], bool]) -> None:
        """Follow until told to stop. Raises Fatal."""
        while not stopping():
            self._health.enter("follow", self._clock.now() + TICK_S)
            try:
                self._look(self._open())
                self._observe()
                self._health.ready()
            except Unavailable as error:
                self._heads = None
                self._health.ready(str(error))
                self._clock.wait(AWAY_S)

    def wake(self, url: str) -> None:
        """Ask a repository of the feed soon, whenever its turn is. Any thread may call it."""
        self._awake.add(url)

    def once(self) -> list[str]:
        """Ask every repository once; return those that gave no answer. Raises Unavailable.

        Each answer is told, also that nothing moved: who asks once looks at nothing else.
        """
        deadline = self._clock.now() + PATIENCE_S
        while (heads := self._opened(deadline)) is None:
            self._clock.wait(AWAY_S)
        for url in self._feed:
            self._ask(url)
        while self._asked:
            for url, found in self._take(heads).items():
                self._log.info("nothing moved", repository=shown(url), branches=found)
        return [url for url, turn in self._turns.items() if turn.failures]

    def close(self) -> None:
        """Stop asking, at once: answers that are on their way are not waited for."""
        end_running()
        self._pool.shutdown(cancel_futures=True)

    def _opened(self, deadline: float) -> dict[str, dict[str, str]] | None:
        try:
            return self._open()
        except Unavailable as error:
            if self._clock.now() >= deadline:
                raise
            self._health.ready(str(error))
            return None

    def _open(self) -> dict[str, dict[str, str]]:
        if self._heads is None:
            heads: dict[str, dict[str, str]] = {url: {} for url in self._feed}
            for key, commit in sorted(self._known.open().items()):
                url, _, branch = key.rpartition(" ")
                heads.setdefault(url, {})[branch] = commit.decode()
            self._heads = heads
        return self._heads

    def _look(self, heads: dict[str, dict[str, str]]) -> None:
        now = self._clock.now()
        asked = set(self._asked.values())
        for url, turn in self._turns.items():
            if (turn.due_at <= now or url in self._awake) and url not in asked:
                self._awake.discard(url)
                self._ask(url)
        if self._asked:
            self._take(heads)
        else:
            self._clock.wait(LOOK_S)

    def _ask(self, url: str) -> None:
        self._turns[url].asked(self._clock.now())
        self._asked[self._pool.submit(heads_of, self._feed[url], self._settings)] = url

    def _take(self, heads: dict[str, dict[str, str]]) -> dict[str, dict[str, str]]:
        """Take the answers that have come, waiting a little for the first.

        Returns the branches of those repositories in which none has moved.
        """
        unmoved: dict[str, dict[str, str]] = {}
        done, _ = wait(self._asked, LOOK_S, FIRST_COMPLETED)
        for answer in done:
            url = self._asked.pop(answer)
            try:
                found = answer.result()
            except (Poison, Retry, Unavailable) as error:
                self._failed(url, str(error))
            else:
                if not self._answered(url, found, heads[url]):
                    unmoved[url] = found
        return unmoved

    def _failed(self, url: str, reason: str) -> None:
        turn = self._turns[url]
        turn.failed(self._clock.now(), self._random.random())
        metrics.POLLS.labels(FOLLOWER, "failed").inc()
        again_in_s = round(turn.due_at - self._clock.now(), 1)
        self._log.warning("no answer", reason=reason, again_in_s=again_in_s)

    def _answered(self, url: str, found: Mapping[str, str], known: dict[str, str]) -> bool:
        """Put what has moved in a repository; say whether anything has."""
        moves = moves_of(url, known, found)
        if moves:
            self._known.put(
                [self._produced(move) for move in to_read(moves)],
                {f"{url} {move.branch}": move.revision.encode() for move in moves},
            )
        self._say_missing(url, found, known)
        for move in moves:
            known[move.branch] = move.revision
            metrics.MOVES.labels(FOLLOWER).inc()
            about = {"branch": move.branch, "commit": move.revision, "base": move.base}
            self._log.info("moved", repository=shown(url), **about)
        metrics.POLLS.labels(FOLLOWER, "answered").inc()
        self._turns[url].answered(self._clock.now(), self._random.random())
        return bool(moves)

    def _produced(self, move: Repository) -> Produced:
        return Produced(REPOS.name, key_of(move).encode(), self._codec.encode(move))

    def _say_missing(self, url: str, found: Mapping[str, str], known: Mapping[str, str]) -> None:
        """Say once of a branch that it is not there; it is followed again when it comes back."""
        wanted = {branch for branch in known if self._feed[url].wants(branch)}
        for branch in sorted(wanted | set(self._feed[url].names())):
            at = (url, branch)
            if branch in found:
                self._missing.discard(at)
            elif at not in self._missing:
                self._missing.add(at)
                last = known.get(branch, "")
                self._log.warning("no such branch", repository=shown(url), branch=branch, last=last)

    def _observe(self) -> None:
        now = self._clock.now()
        since = [t.silent_since for t in self._turns.values() if t.silent_since is not None]
        metrics.SILENCE.labels(FOLLOWER).set(now - min(since, default=now))
