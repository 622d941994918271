"""Run one bundle in its child, a frame for each call. Standard library only.

Where there is a compiled part, _recorder.c does what `Run` does, printing aside; a container's
interpreter may have none. All that is parsed is parsed before the first line of the guest runs;
after that only the recorder touches what the guest made. A frame is a line of text: call, verdict,
steps, result. Before them the first run hands out what it compiled, for the child of the second run
to unpack.
"""

import gc
import marshal
import operator
import sys
import time
import types
from collections.abc import Callable, Mapping
from typing import Any, Final

from c2c_stream.code.literals import parse_arguments
from c2c_stream.code.printed import Printed, may_be_an_address
from c2c_stream.code.steps import Counter, StepLimit
from c2c_stream.execute.depth import from_below
from c2c_stream.execute.prepare import COMPILE_ERRORS, PREPARED, compiled, packed, unpacked
from c2c_stream.execute.recorder import (
    TooLong,
    Unrepresentable,
    exception_text,
    printed_text,
    result_text,
)
from c2c_stream.execute.seeding import reseeder

try:
    from c2c_stream.execute import _recorder
except ImportError:
    _recorder = None  # type: ignore[assignment]  # there is none

MODULE: Final = "bundle"
LOAD: Final = -1  # the number of the frame about loading
MUTATED: Final = "m"  # behind the steps of a call that changed its arguments
PRINTED: Final = "+"  # behind them, with the length of what it printed: a literal before the result
Call = tuple[list[object], dict[str, object]]
Emit = Callable[[str], None]

_MAX_ARGUMENTS_BYTES: Final = 64 * 1024  # longer ones are not compared
_KEPT: Final = ("value", "exception")
_FIXED: Final = frozenset({type(None), bool, int, float, complex, str, bytes})
_min, _len, _type = min, len, type
_cpu_clock = time.process_time_ns
_MemoryError, _BaseException = MemoryError, BaseException
_exec = exec
_call_in_c: Callable[..., Any] = operator.call  # called by `*`: specialised calls count less


class Run:
    """One bundle in one child."""

    def __init__(self, request: Mapping[str, Any], emit: Emit) -> None:
        self._request = request
        self._emit = emit
        self._steps: int = request["steps"]
        self._call_cpu_ns: int = request["call_cpu_ns"]
        self._max_result_bytes: int = request["max_result_bytes"]
        self._clock = 0
        self._steps_left: int = request["function_steps"]
        self._endless_left: int = request["endless_calls"]
        self._bytes_left: int = request["max_bytes"]
        self._function: Callable[..., object] | None = None
        self._reseed = reseeder(request["seed"])
        self._counter = Counter(0)
        self._printed = Printed() if request["prints"] else None

    def run(self) -> None:
        """Load, then call with each of the arguments asked for, in the order asked for."""
        kept = sys.stdout
        if self._printed is not None:
            sys.stdout = self._printed  # as much of a file as is needed
        try:
            self._run()
        finally:
            sys.stdout = kept

    def _run(self) -> None:
        gc.disable()  # what is parsed stays; looking through it would only copy pages
        code = self.compiled()
        calls = [_parsed(call) for call in self._request["calls"]]
        gc.enable()
        if code is None or not self._load(code):
            return
        self._tell(LOAD, "value", "", self._counter.steps)
        self._clock = _cpu_clock()
        for number in self._request["order"]:
            self._call(number, calls[number])

    def compiled(self) -> types.CodeType | None:
        """Return the code of the bundle; None where it is none, which is told."""
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
            _call_in_c(*(from_below, 1, _exec, (code, namespace), {}))
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
        verdict, printed, text = self._outcome(call)
        steps = counter.steps
        mutated = given is not None and verdict in _KEPT and _spelled(call) != given
        before, self._clock = self._clock, _cpu_clock()  # one reading ends a call, begins the next
        if counter.exhausted:
            verdict, printed, text = "step_limit", "", ""
        elif self._clock - before > self._call_cpu_ns:
            verdict, printed, text = "timeout_cpu", "", ""
        self._steps_left -= steps
        self._endless_left = self._endless_left - 1 if counter.exhausted else 0
        if counter.exhausted and not self._endless_left:
            self._steps_left = 0  # all of the first calls were endless
        told = f"{steps}{MUTATED}" if mutated else f"{steps}"
        if printed:
            told, text = f"{told}{PRINTED}{_len(printed)}", printed + text
        self._tell(number, verdict, text, told)

    def _outcome(self, call: Call) -> tuple[str, str, str]:
        """Make a call; return its verdict, what it printed and what it gave."""
        limit = _min(self._max_result_bytes, self._bytes_left)
        if self._printed is None:
            verdict, text = self._gave(call, limit)
            return verdict, "", text
        self._printed.begin(limit)
        sys.stdout = self._printed  # the call before may have put another
        verdict, text = self._gave(call, limit)
        if verdict not in _KEPT:
            return verdict, "", ""
        try:
            return verdict, printed_text(self._printed, limit - _len(text)), text
        except Unrepresentable:
            return "unrepresentable", "", ""
        except TooLong:
            return "truncated", "", ""

    def _gave(self, call: Call, limit: int) -> tuple[str, str]:
        try:
            try:
                value = _call_in_c(*(from_below, 1, self._function, *call))
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


def _compiled_alone(request: Mapping[str, Any], emit: Emit) -> types.CodeType | None:
    """Return the code of a bundle that nobody has compiled; None where it is none, and told."""
    return Run(request, emit).compiled()


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


def _parsed(text: str) -> Call | None:
    """Return the arguments of a call; None where they are no plain literals."""
    try:
        return parse_arguments(text)
    except ValueError:
        return None


def run_in_python(request: Mapping[str, Any], emit: Emit) -> None:
    """Run a bundle: code (or the same prepared), entry_point, calls, order, seed and limits."""
    Run(request, emit).run()


def run(request: Mapping[str, Any], emit: Emit) -> None:
    """Run a bundle; one that prints, or where there is no compiled part, in Python."""
    (run_in_python if request["prints"] else _run_in_c)(request, emit)


_run_in_c: Callable[[Mapping[str, Any], Emit], None] = run_in_python
if _recorder is not None:
    _run_in_c = _recorder.run
    _recorder.keep(
        StepLimit,
        marshal.loads,
        exec,
        may_be_an_address,
        _compiled_alone,
        _parsed,
        reseeder,
        Counter(0).namespace(),
        from_below,
    )
