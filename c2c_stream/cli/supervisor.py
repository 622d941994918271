"""Run the whole chain from one machine: start the services, feed them, drain them in flow order."""

import signal
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

from c2c_stream.broker.protocol import Produced
from c2c_stream.broker.run import RunLog
from c2c_stream.cli.children import Children
from c2c_stream.cli.funnel import Funnel
from c2c_stream.cli.progress import Progress, progress_of
from c2c_stream.codec import Codec
from c2c_stream.records import Repository
from c2c_stream.settings import Settings
from c2c_stream.topics import REPOS, SERVICES, key_of

LOOK_S = 0.5
# How often disk is given back.
TRIM_S = 10.0


class Interrupted(BaseException):
    """The user asked to stop; what is committed stays."""


_received: list[int] = []


@contextmanager
def interruptible() -> Iterator[None]:
    """Raise Interrupted for a signal that came inside of a library which wraps what is raised."""
    try:
        yield
    except Exception as error:
        if _received:
            raise Interrupted from error
        raise


def feed(log: RunLog, sources: Sequence[Repository], codec: Codec) -> None:
    """Put the sources on the topic `repos`, once in the life of a run, whatever is killed when."""
    outputs = [Produced(REPOS.name, key_of(s).encode(), codec.encode(s)) for s in sources]
    log.feed(outputs)


def supervise(log: RunLog, children: Children, settings: Settings, funnel: Funnel) -> Progress:
    """Run every service until nothing is left to do. Raises Fatal, Interrupted."""
    try:
        return _drive(log, children, settings, funnel)
    finally:
        children.stop(children.running())


def _drive(log: RunLog, children: Children, settings: Settings, funnel: Funnel) -> Progress:
    progress = progress_of(log)
    unneeded = _unneeded(progress, settings)
    for service in SERVICES:
        if not progress.finished(service, unneeded):
            children.start(service)
    trimmed_at = _now()
    while True:
        if not settings.keep and _now() - trimmed_at >= TRIM_S:
            log.trim()
            trimmed_at = _now()
        progress = progress_of(log)
        funnel.look(_now(), progress, children.waiting())
        children.check()
        unneeded = _unneeded(progress, settings)
        over = [s for s in children.running() if progress.finished(s, unneeded)]
        if over:
            # What is stopped may commit once more; look again before judging those behind it.
            children.stop(over[:1])
        elif not children.running():
            return progress
        else:
            pause(LOOK_S)


def _unneeded(progress: Progress, settings: Settings) -> frozenset[str]:
    """Return the services whose input need not be read to its end: --limit is reached."""
    limit = settings.curate.limit
    if limit is not None and progress.books("curator").out >= limit:
        return frozenset({"ingester", "collector"})
    return frozenset()


def interrupt_on_signals() -> None:
    """Let Ctrl-C and its like raise Interrupted from now on."""

    def interrupt(number: int, _: object) -> None:
        _received.append(number)
        raise Interrupted

    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, interrupt)


def pause(seconds: float) -> None:
    """Wait between two looks.

    Raises Interrupted, also for a signal that came where Python drops what is raised (the callback
    of a weak reference, say).
    """
    if _received:
        raise Interrupted
    time.sleep(seconds)  # noqa: TID251  # a look at the log twice a second


def _now() -> float:
    return time.monotonic()  # noqa: TID251  # rates are per real second
