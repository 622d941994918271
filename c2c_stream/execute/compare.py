"""Judge a function from what its two runs gave. Pure."""

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from c2c_stream.execute.frames import (
    Call,
    ForgedError,
    parse_frames,
    spelled,
    split_mates,
    split_prepared,
)
from c2c_stream.reasons import Reason
from c2c_stream.sandbox import Ended, Reply, Verdict

_KEPT: Final = (Verdict.VALUE, Verdict.EXCEPTION)
_MACHINES: Final = (Verdict.TIMEOUT_CPU, Verdict.TIMEOUT_WALL)
_DETAIL_CHARS: Final = 200
_VERDICT_OF_END: Final = {
    Ended.CPU: Verdict.TIMEOUT_CPU,
    Ended.WALL: Verdict.TIMEOUT_WALL,
    Ended.MEMORY: Verdict.MEMORY,
    Ended.CRASH: Verdict.CRASH,
    Ended.EXITED: Verdict.EXITED,
    Ended.FORGED: Verdict.EXITED,
    Ended.FAULT: Verdict.EXITED,
    Ended.DONE: Verdict.EXITED,  # it says that it is done, and calls are missing
}


@dataclass(frozen=True, slots=True)
class Run:
    """One run: what each call gave; `end` is what became of calls that gave nothing."""

    calls: Mapping[int, Call]
    end: Verdict
    load_error: str = ""
    loaded: bool = True
    prepared: bytes = b""

    def candidates(self) -> list[int]:
        """Return the calls that may become cases: none after a stop that depends on the machine."""
        if self.stopped_by_machine():
            return []
        return sorted(number for number, call in self.calls.items() if call.verdict in _KEPT)

    def verdict(self, number: int) -> Verdict:
        """Return what became of a call."""
        call = self.calls.get(number)
        return call.verdict if call else self.end

    def stopped_by_machine(self) -> bool:
        """Return whether a clock ended this run."""
        return self.end in _MACHINES


@dataclass(frozen=True, slots=True)
class Finding:
    """What a function is worth: the calls to keep, or the reason to turn it down."""

    kept: tuple[Call, ...] = ()
    dropped: tuple[Verdict, ...] = ()
    reason: str = ""
    detail: str = ""


def read_run(reply: Reply, expected: Sequence[int], max_text_bytes: int) -> Run:
    """Return the run that a reply tells of. Frames that are not as agreed count as none."""
    end = _VERDICT_OF_END[reply.ended]
    try:
        prepared, frames = split_prepared(reply.frames)
        calls = parse_frames(frames, expected, max_text_bytes)
    except ForgedError as error:
        return Run({}, Verdict.EXITED, f"its frames are forged: {error}", loaded=False)
    if not calls:
        return Run({}, end, _last_line(reply.fault) or f"ended while it was loaded: {end}", False)
    load, *rest = calls
    if load.verdict is Verdict.LOAD_ERROR:
        return Run({}, Verdict.LOAD_ERROR, load.text, loaded=False)
    return Run({call.number: call for call in rest}, end, prepared=prepared)


def agreements(reply: Reply, firsts: Sequence[Run], max_text_bytes: int) -> list[bool]:
    """Tell which of the functions that shared a child gave there what their first runs gave.

    None where one of them was not as agreed: who was in the child then is suspect, and what it
    tells is not believed of anybody.
    """
    parts = split_mates(reply.frames)
    if reply.ended is not Ended.DONE or len(parts) != len(firsts):
        return [False] * len(firsts)
    return [
        _repeats(first, part, max_text_bytes) for first, part in zip(firsts, parts, strict=True)
    ]


def _repeats(first: Run, frames: Sequence[str], max_text_bytes: int) -> bool:
    order = first.candidates()[::-1]
    if list(frames[1:]) == [spelled(first.calls[number]) for number in order]:
        return True  # nothing needs to be read that is the same, steps and all
    second = read_run(Reply(tuple(frames), Ended.DONE), order, max_text_bytes)
    return second.loaded and all(_agreed(first, second, n) in _KEPT for n in order)


def compare(first: Run, second: Run | None, calls: int, max_bytes: int) -> Finding:
    """Return the finding. `second` ran the candidates of `first`, or nothing."""
    for run in (first, second):
        if run and (run.stopped_by_machine() or not run.loaded):
            return _unusable(run)
    verdicts = [_agreed(first, second, number) for number in range(calls)]
    differing = [n for n, verdict in enumerate(verdicts) if verdict is Verdict.NOT_DETERMINISTIC]
    if differing:
        return Finding(
            reason=Verdict.NOT_DETERMINISTIC,
            detail=f"the runs differ in {len(differing)} of {calls} calls",
        )
    return _within(first, verdicts, max_bytes)


def _unusable(run: Run) -> Finding:
    if run.stopped_by_machine():
        made = len(run.calls)
        return Finding(reason=run.end, detail=f"stopped after {made} calls")
    return Finding(reason=run.end, detail=run.load_error[:_DETAIL_CHARS])


def _agreed(first: Run, second: Run | None, number: int) -> Verdict:
    verdict = first.verdict(number)
    if verdict not in _KEPT:
        return verdict
    ours = first.calls[number]
    theirs = second.calls.get(number) if second else None
    if theirs is ours or (theirs and theirs.gave == ours.gave):
        return verdict
    return Verdict.NOT_DETERMINISTIC


def _within(first: Run, verdicts: Sequence[Verdict], max_bytes: int) -> Finding:
    """Keep what the byte limit of a function allows, in order."""
    kept: list[Call] = []
    dropped: list[Verdict] = []
    left = max_bytes
    for number, verdict in enumerate(verdicts):
        size = _bytes_of(first.calls[number]) if verdict in _KEPT else 0
        if verdict in _KEPT and size <= left:
            left -= size
            kept.append(first.calls[number])
        else:
            dropped.append(Verdict.TRUNCATED if verdict in _KEPT else verdict)
    if kept:
        return Finding(tuple(kept), tuple(dropped))
    return _nothing_kept(dropped)


def _bytes_of(call: Call) -> int:
    return len(call.text.encode()) + len(call.printed.encode())


def _nothing_kept(dropped: Sequence[Verdict]) -> Finding:
    if not dropped:
        return Finding(reason=Reason.TOO_FEW_CASES, detail="no inputs")
    counts = Counter(dropped)
    reason = max(Verdict, key=lambda verdict: counts[verdict])
    return Finding(reason=reason, detail=f"{counts[reason]} of {len(dropped)} calls")


def _last_line(text: str) -> str:
    return text.replace("\\n", "\n").rstrip("'\n").rpartition("\n")[2]
