"""Run the bundle on arguments, under a step limit, and say what came of it.

The code is hostile, and shares this process: whoever calls this is a child that may die of it.
"""

import ast
import operator
import sys
import types
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from c2c_stream.code.literals import format_literal, is_literal
from c2c_stream.code.printed import Printed, holds_address
from c2c_stream.code.probes import Counter, Observer, Probed, StepLimit, probe
from c2c_stream.write.search.places import copied
from c2c_stream.write.search.signature import Signature, Values

LOAD_STEPS = 100_000
MAX_RESULT_CHARS = 8 * 1024  # what the executor would cut is of no use
MAX_INT_BITS = 14_000  # the interpreter refuses to print more than 4300 digits
MODULE = "bundle"
_QUICK = (int, bool, type(None), float, str)


class LoadError(Exception):
    """The bundle cannot be compiled or executed, or does not define its entry point."""


@dataclass(slots=True)
class Ran:
    """What one call did: a value as text, or an exception, or neither (too much of something)."""

    verdict: str
    text: str
    steps: int
    edges: int
    error: BaseException | None = None

    @property
    def works(self) -> bool:
        """Whether it returned a plain literal, and printed, of bearable length."""
        return self.verdict == "value"


class Bundle:
    """A loaded bundle. Code that keeps state is executed anew for each call."""

    def __init__(self, source: str, entry_point: str, signature: Signature, *, fresh: bool) -> None:
        self._source = source
        self._entry_point = entry_point
        self._signature = signature
        self._fresh = fresh
        self._printed = Printed() if "print" in source else None
        self._probed = _compiled(source)
        self._observed: Probed | None = None
        self.counter = Counter(self._probed.edges)
        self._function = self._load(self._probed, self.counter)

    @property
    def edges(self) -> int:
        """Return how many edges there are."""
        return self._probed.edges

    def run(self, values: Values, step_limit: int) -> Ran:
        """Call the function on copies of `values`."""
        if not self._fresh:
            return self._call(values, step_limit)
        self._function = self._load(self._probed, self.counter)
        load_steps = self.counter.steps
        ran = self._call(values, step_limit)
        ran.steps += load_steps
        return ran

    def sequence(self, many: Sequence[Values], step_limit: int) -> list[Ran]:
        """Call the function on one after another, in a module that is executed once."""
        self._function = self._load(self._probed, self.counter)
        return [self._call(values, step_limit) for values in many]

    def _call(self, values: Values, step_limit: int) -> Ran:
        args, kwargs = self._signature.call_of(tuple([copied(value) for value in values]))
        counter = self.counter
        counter.hits[:] = bytes(self._probed.edges)
        counter.begin(step_limit)
        error: BaseException | None = None
        if self._printed is not None:
            self._printed.begin(MAX_RESULT_CHARS)
            sys.stdout = self._printed  # as much of one as is needed
        try:
            verdict, text = _outcome(self._function(*args, **kwargs))
        except MemoryError as raised:
            # First of all: there is no memory for anything before the guest's frames let go of it.
            raised.__traceback__ = raised.__context__ = None
            verdict, text = "memory", ""
        except BaseException as raised:  # noqa: BLE001  # a guest may raise anything
            verdict, text, error = "exception", type(raised).__name__, raised
        if verdict == "value" and self._printed is not None:
            verdict, text = _with_printed(text, self._printed)
        if counter.exhausted or isinstance(error, StepLimit):
            verdict, text, error = "steps", "", None
        return Ran(verdict, text, counter.steps, int.from_bytes(counter.hits, "little"), error)

    def observe(self, values: Values, step_limit: int, observer: Observer) -> int:
        """Call it once more, with each comparison shown to `observer`; return the steps."""
        if self._observed is None:
            self._observed = _compiled(self._source, observe=True)
        counter = Counter(self._observed.edges, observer)
        args, kwargs = self._signature.call_of(tuple([copied(value) for value in values]))
        try:
            function = self._load(self._observed, counter)
            counter.begin(step_limit)
            function(*args, **kwargs)
        except BaseException:  # noqa: BLE001  # only what was compared matters
            return counter.steps
        return counter.steps

    def operators(self, site: int) -> tuple[str, ...]:
        """Return the operators of one comparison that was observed."""
        return self._observed.comparisons[site] if self._observed else ()

    def _load(self, probed: Probed, counter: Counter) -> Callable[..., Any]:
        module = types.ModuleType(MODULE)
        sys.modules[MODULE] = module
        names = vars(module)
        names.update(counter.namespace())
        counter.begin(LOAD_STEPS)
        try:
            exec(probed.code, names)  # noqa: S102  # inside a jail; this is what it is for
            function = names[self._entry_point]
        except BaseException as error:
            raise LoadError(f"{type(error).__name__}: {error}"[:200]) from error
        if counter.exhausted or not callable(function):
            raise LoadError("its module takes too many steps, or binds the entry point anew")
        return function  # type: ignore[no-any-return]  # callable, as checked


def _compiled(source: str, *, observe: bool = False) -> Probed:
    try:
        return probe(source, observe=observe)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise LoadError(f"{type(error).__name__}: {error}"[:200]) from error


def _outcome(value: object) -> tuple[str, str]:
    kind = type(value)
    if kind in _QUICK and not _is_long(value):
        return "value", repr(value)
    if not is_literal(value):
        return "unrepresentable", kind.__name__
    try:
        text = format_literal(value)
    except ValueError:
        return "unrepresentable", "int"
    return ("value", text) if len(text) <= MAX_RESULT_CHARS else ("truncated", "")


def _with_printed(text: str, printed: Printed) -> tuple[str, str]:
    """Return what came of a call that returned `text` and may have printed something, too."""
    told = printed.text()
    if printed.too_long:
        return "truncated", ""
    if holds_address(told):
        return "unrepresentable", "address"
    return "value", f"{text}\n{told}" if told else text


def _is_long(value: object) -> bool:
    if type(value) is int:
        return value.bit_length() > MAX_INT_BITS
    return type(value) is str and operator.length_hint(value) > MAX_RESULT_CHARS


def keeps_state(tree: ast.Module) -> bool:
    """Tell whether a call may leave something behind that another call sees."""
    if any(isinstance(node, ast.Global) for node in ast.walk(tree)):
        return True
    return not all(_is_stateless(node) for node in tree.body)


def _is_stateless(node: ast.stmt) -> bool:
    match node:
        case ast.Import() | ast.ImportFrom() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Assign(value=value):
            return _is_immutable(value)
        case ast.FunctionDef(args=args, decorator_list=[]):
            defaults = [*args.defaults, *args.kw_defaults]
            return all(d is None or _is_immutable(d) for d in defaults)
    return False


def _is_immutable(value: ast.expr) -> bool:
    match value:
        case ast.Constant() | ast.UnaryOp(operand=ast.Constant()):
            return True
        case ast.Tuple(elts=elts):
            return all(map(_is_immutable, elts))
    return False
