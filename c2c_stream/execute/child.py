"""What runs inside the child: load a bundle, make its calls, one frame each. Standard library only.

All that is parsed is parsed before the first line of the guest runs; after that only the recorder
touches what the guest made. A frame is a line of text: call, verdict, steps, result. Before them
the first run hands out what it compiled, for the child of the second run alone to unpack.
"""

import builtins
import gc
import sys
import time
import types
import warnings
from collections.abc import Callable, Iterable, Mapping
from typing import Any, Final

from c2c_stream.code.literals import parse_arguments
from c2c_stream.code.steps import Counter
from c2c_stream.execute import elsewhere
from c2c_stream.execute.prepare import (
    COMPILE_ERRORS,
    PREPARED,
    compiled,
    packed,
    prepare_all,
    unpacked,
)
from c2c_stream.execute.recorder import TooLong, Unrepresentable, exception_text, result_text

MODULE: Final = "bundle"
LOAD: Final = -1  # the number of the frame about loading
NEXT: Final = "N"  # the frame behind the last one of a function that shares its child
MUTATED: Final = "m"  # behind the steps of a call that changed its arguments
Call = tuple[list[object], dict[str, object]]

# A little of what bundles are made of.
_WARM_CODE: Final = """
import re
WORD = re.compile("[a-z]+")
class Box:
    def __init__(self, value):
        self.value = value
def _double(n):
    return n * 2
def f(n, words):
    if n < 0:
        raise ValueError(f"negative: {n}")
    found = {}
    for i, word in enumerate(words):
        found[i] = [Box(word).value, _double(n)] if word and n > 1 else (i, {n})
    while n > 0:
        n -= 1
    return found, [str(w).upper() for w in words], n == 0 and "done"
"""
_WARM_ROUNDS: Final = 30  # the interpreter specialises code that it has run some ten times
_MAX_ARGUMENTS_BYTES: Final = 64 * 1024  # longer ones are not compared
_KEPT: Final = ("value", "exception")
_FIXED: Final = frozenset({type(None), bool, int, float, complex, str, bytes})
_min, _len, _type = min, len, type
_cpu_clock = time.process_time_ns
_MemoryError, _BaseException = MemoryError, BaseException


class Run:
    """One bundle in one child."""

    def __init__(self, request: Mapping[str, Any], emit: Callable[[str], None]) -> None:
        self._request = request
        self._emit = emit
        self._steps: int = request["steps"]
        self._call_cpu_ns: int = request["call_cpu_ns"]
        self._max_result_bytes: int = request["max_result_bytes"]
        self._clock = 0
        self._steps_left: int = request["function_steps"]
        self._bytes_left: int = request["max_bytes"]
        self._function: Callable[..., object] | None = None
        self._reseed = _reseeder(request["seed"])
        self._counter = Counter(0)

    def run(self) -> None:
        """Load, then call with each of the arguments asked for, in the order asked for."""
        gc.disable()  # what is parsed stays; looking through it would only copy pages
        code = self._compiled()
        calls = [_parsed(call) for call in self._request["calls"]]
        gc.enable()
        if code is None or not self._load(code):
            return
        self._tell(LOAD, "value", "", self._counter.steps)
        self._clock = _cpu_clock()
        for number in self._request["order"]:
            self._call(number, calls[number])

    def _compiled(self) -> types.CodeType | None:
        if self._request["prepared"]:
            return unpacked(self._request["prepared"])
        try:
            code = compiled(self._request["code"])
        except COMPILE_ERRORS as error:
            self._failed_to_load(error)
            return None
        text = packed(code)
        if text:
            self._emit(PREPARED + text)
        return code

    def _load(self, code: types.CodeType) -> bool:
        module = types.ModuleType(MODULE)
        sys.modules[MODULE] = module  # where dataclasses look for their module
        namespace = module.__dict__
        namespace.update(self._counter.namespace())
        self._counter.begin(self._steps)
        self._reseed()
        try:
            exec(code, namespace)  # noqa: S102  # behind every wall there is
            self._function = namespace[self._request["entry_point"]]
        except _BaseException as error:  # a guest may raise anything
            self._failed_to_load(error)
            return False
        return True

    def _failed_to_load(self, error: BaseException) -> None:
        try:
            text = exception_text(error, self._max_result_bytes)
        except (TooLong, Unrepresentable):
            text = "a message that cannot be kept"
        self._tell(LOAD, "load_error", text, 0)

    def _call(self, number: int, call: Call | None) -> None:
        if call is None:
            self._tell(number, "bad_arguments", "", 0)
            return
        counter = self._counter
        given = _spelled(call)
        counter.begin(_min(self._steps, self._steps_left))
        self._reseed()
        verdict, text = self._outcome(call)
        steps = counter.steps
        mutated = given is not None and verdict in _KEPT and _spelled(call) != given
        before, self._clock = self._clock, _cpu_clock()  # one reading ends a call, begins the next
        if counter.exhausted:
            verdict, text = "step_limit", ""
        elif self._clock - before > self._call_cpu_ns:
            verdict, text = "timeout_cpu", ""
        self._steps_left -= steps
        self._tell(number, verdict, text, f"{steps}{MUTATED}" if mutated else steps)

    def _outcome(self, call: Call) -> tuple[str, str]:
        """Make a call; return its verdict and what it gave."""
        limit = _min(self._max_result_bytes, self._bytes_left)
        try:
            try:
                value = self._function(*call[0], **call[1])  # type: ignore[misc]  # loaded
            except _MemoryError:
                return "memory", ""
            except _BaseException as error:  # a guest may raise anything
                return "exception", exception_text(error, limit)
            return "value", result_text(value, limit)
        except Unrepresentable:
            return "unrepresentable", ""
        except TooLong:
            return "truncated", ""
        except _MemoryError:
            return "memory", ""

    def _tell(self, number: int, verdict: str, text: str, steps: int | str) -> None:
        self._bytes_left -= _len(text)
        self._emit(f"{number} {verdict} {steps} {text}")


def main(request: Mapping[str, Any], emit: Callable[[str], None]) -> None:
    """Run the request: code (or the same prepared), entry_point, calls, order, seed and limits.

    Or several such, `mates`, each as if it were alone. Raises RuntimeError where one of them
    changed what the others see. Or compile `sources`, and run nothing.
    """
    if "entry_point" in request:
        _move([request])
        Run(request, emit).run()
        return
    prepare_all(request["sources"], emit)
    _move(request["mates"])
    shared = sys.modules.copy()
    before = _shared_state(shared)
    for mate in request["mates"]:
        Run(mate, emit).run()
        del sys.modules[MODULE]
        if _shared_state(shared) != before:
            raise RuntimeError("a function changed what it shares with others")
        emit(NEXT)


def _spelled(call: Call) -> str | None:
    """Return the text of arguments that a call may change; None where it cannot, or is too long."""
    positional, named = call
    for value in (*positional, *named.values()):
        if _type(value) not in _FIXED:
            break
    else:
        return None
    try:
        return result_text([positional, named], _MAX_ARGUMENTS_BYTES)
    except TooLong:
        return None
    except Unrepresentable:
        return ""  # what a guest put there is no plain value


def _move(requests: Iterable[Mapping[str, Any]]) -> None:
    """Be elsewhere if one of these asks for it: none of the others can tell."""
    if any(request["elsewhere"] for request in requests):
        elsewhere.move()


def _shared_state(modules: Mapping[str, types.ModuleType]) -> tuple[object, ...]:
    """Return what a function can change that the next one in the same interpreter would see."""
    return (
        vars(builtins).copy(),
        [sys.modules.get(name) for name in modules],
        (sys.getrecursionlimit(), sys.get_int_max_str_digits(), sys.gettrace(), sys.getprofile()),
        (sys.path[:], sys.path_hooks[:], sys.meta_path[:]),
        (gc.get_threshold(), gc.callbacks[:], warnings.filters[:]),
    )


def warm_up() -> None:
    """Do often, before there is a child, what every child does: it finds its code specialised."""
    frames: list[str] = []
    request: dict[str, Any] = {
        "code": _WARM_CODE,
        "entry_point": "f",
        "calls": [([3, ["a", {1: 2.5}]], {}), ([], {"n": 2, "words": ("b", None)}), "0, {'x'}"],
        "order": [0, 1, 2, 2],
        "prepared": b"",
        "steps": 1000,
        "function_steps": 10_000,
        "call_cpu_ns": 10**9,
        "max_result_bytes": 1000,
        "max_bytes": 10_000,
        "seed": None,
        "elsewhere": False,
    }
    for _ in range(_WARM_ROUNDS):
        frames.clear()
        main(request, frames.append)
        main({"sources": [_WARM_CODE], "mates": []}, _ignore)
        main({**request, "prepared": bytes.fromhex(frames[0].removeprefix(PREPARED))}, _ignore)
    sys.modules.pop(MODULE, None)


def _ignore(_frame: str) -> None:
    """Take a frame of the warm-up."""


def _parsed(call: Call | str) -> Call | None:
    """Return the arguments of a call; the host has read all but a few."""
    if type(call) is not str:
        return call  # type: ignore[return-value]  # mypy does not narrow by exact type
    try:
        return parse_arguments(call)
    except ValueError:
        return None


def _reseeder(seed: int | None) -> Callable[[], None]:
    """Return what gives `random` the run's seed again, where the bundle may use it at all."""
    if seed is None:
        return _keep_seed
    import random  # noqa: PLC0415  # most children need none

    reset = random.seed  # noqa: TID251  # the guest's generator, not ours

    def reseed() -> None:
        reset(seed)

    return reseed


def _keep_seed() -> None:
    """Stand in for a bundle without randomness."""
