"""Another clock, timezone and locale for a second run: what depends on them differs.

Standard library only: children import it. A process of ours cannot set the machine's clock, so the
functions that read it are replaced before the guest is loaded. What they return is as true as
before, a while later and elsewhere.
"""

import gc
import os
import time
from collections.abc import Callable
from typing import Any, Final

from c2c_stream.sandbox.calls import type_modified

# Another year, month, day of the month and of the week, hour, minute and second.
AHEAD_S: Final = 397 * 86_400 + 3661
_TIMEZONE: Final = "ELSE-05:37"
_LOCALE: Final = "C.UTF-8"  # the only one besides C in a jail
_NANOSECONDS: Final = 10**9
_moved: list[bool] = []


def move() -> None:
    """Be elsewhere from now on."""
    if _moved:
        return
    _moved.append(True)
    # Only the C library's environment: what a guest sees of it stays empty.
    os.putenv("TZ", _TIMEZONE)
    os.putenv("LC_ALL", _LOCALE)
    _move_time()
    time.tzset()
    _move_dates()


def _move_time() -> None:
    now, now_ns = time.time, time.time_ns  # noqa: TID251  # the guest's clock, not ours
    clock, clock_ns = time.clock_gettime, time.clock_gettime_ns
    time.time = lambda: now() + AHEAD_S  # noqa: TID251  # the same
    time.time_ns = lambda: now_ns() + AHEAD_S * _NANOSECONDS
    time.clock_gettime = lambda which: clock(which) + AHEAD_S * (which == time.CLOCK_REALTIME)
    time.clock_gettime_ns = lambda which: (
        clock_ns(which) + AHEAD_S * _NANOSECONDS * (which == time.CLOCK_REALTIME)
    )
    local = time.localtime
    for name in ("localtime", "gmtime", "ctime"):
        setattr(time, name, _of_now(getattr(time, name), lambda: now() + AHEAD_S))
    for name, before in (("asctime", ()), ("strftime", ("format",))):
        told = _of_now(getattr(time, name), lambda: local(now() + AHEAD_S), len(before))
        setattr(time, name, told)


def _of_now(
    original: Callable[..., Any], now: Callable[[], object], before: int = 0
) -> Callable[..., Any]:
    """Return `original` with our idea of now where it is called without a time."""

    def told(*arguments: Any) -> Any:
        if len(arguments) == before or arguments[before:] == (None,):
            return original(*arguments[:before], now())
        return original(*arguments)

    return told


def _move_dates() -> None:
    import datetime as dt  # noqa: PLC0415  # few bundles need it

    ahead = dt.timedelta(seconds=AHEAD_S)
    _replace(dt.datetime, "now", ahead)
    _replace(dt.datetime, "utcnow", ahead)
    # Some versions of it ask time.time, which is ahead already.
    if dt.datetime.now(dt.UTC).date() - dt.date.today() > ahead / 2:  # noqa: DTZ011  # days apart
        _replace(dt.date, "today", ahead)


def _replace(kind: type, name: str, ahead: object) -> None:
    original = vars(kind)[name]

    def told(cls: type, *arguments: Any, **named: Any) -> Any:
        return original.__get__(None, cls)(*arguments, **named) + ahead

    # The namespace of a type that is written in C is closed to Python, not to its collector.
    (namespace,) = gc.get_referents(vars(kind))
    namespace[name] = classmethod(told)
    type_modified(kind)
