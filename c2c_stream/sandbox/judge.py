"""Judge from outside of it what became of a child, and what it says. Pure."""

from typing import Final

from c2c_stream.sandbox.arena import MalformedError, read_frames, read_header
from c2c_stream.sandbox.protocol import END, FAULT, UNTOUCHED
from c2c_stream.sandbox.report import Report, Stop
from c2c_stream.sandbox.verdicts import Ended, Reply

_KILLED: Final = -9


class JailBrokenError(Exception):
    """The jail is lost; its host kills it and builds another."""


def reply_of(report: Report, left: memoryview | bytes) -> Reply:
    """Return what a child left behind its request. Raises JailBrokenError."""
    state, _ = read_header(left)
    ended = _ended(report, state)
    try:
        frames = read_frames(left)
    except MalformedError:
        frames, ended = (), Ended.FORGED
    fault = ""
    if ended is Ended.FAULT and frames:
        *rest, fault = frames
        frames = tuple(rest)
    return Reply(
        frames=frames,
        ended=ended,
        signal=max(0, -report.exit_code),
        cpu_ms=report.cpu_us / 1000,
        wall_ms=report.wall_us / 1000,
        max_rss_bytes=report.max_rss_bytes,
        fault=fault,
    )


def _ended(report: Report, state: int) -> Ended:
    if report.stopped is not Stop.NONE:
        return Ended.CPU if report.stopped is Stop.CPU else Ended.WALL
    if report.exit_code == _KILLED:
        return Ended.MEMORY
    if report.exit_code < 0:
        return Ended.CRASH
    if report.exit_code == 0 and state == END:
        return Ended.DONE
    if report.exit_code == 0 and state == FAULT:
        return Ended.FAULT
    if state == UNTOUCHED:
        raise JailBrokenError(f"a child ended with {report.exit_code} before it ran anything")
    return Ended.EXITED
