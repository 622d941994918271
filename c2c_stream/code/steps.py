"""Count the steps of a bundle: the counter that its code calls, and the cheapest probes for it.

A step is a function entered or an iteration begun, also of a comprehension. Standard library only,
and little of it: every child is forked with what this imports.
"""

import ast
import operator
from collections.abc import Callable, Iterator
from itertools import chain, repeat
from types import CodeType
from typing import Any, Final, NoReturn

# Ends in two underscores, so that class bodies do not mangle them.
HITS = "__c2c_hits__"
TICKS = "__c2c_ticks__"
NEXT = "__c2c_next__"
MARK = "__c2c_mark__"
SEEN = "__c2c_seen__"


Observer = Callable[[int, int, object], object]


class StepLimit(BaseException):
    """The call took more steps than it may. Raised again at each step after the first."""


class Counter:
    """Owns the names that probed code calls: counts its steps, holds the edges that it hit."""

    def __init__(self, edges: int, observer: Observer | None = None) -> None:
        self.hits = bytearray(edges)
        self._observer = observer
        self._ticks: list[Iterator[bool]] = [repeat(True)]
        self.begin(0)

    def namespace(self) -> dict[str, object]:
        """Return the names to put into a module's globals before its probed code runs."""
        return {
            HITS: self.hits,
            TICKS: self._ticks,
            NEXT: next,
            MARK: operator.setitem,
            SEEN: self._observer or _unobserved,
        }

    def begin(self, step_limit: int) -> None:
        """Count from zero and allow `step_limit` steps from here."""
        self._limit = step_limit
        self._left = repeat(True, step_limit)
        self._over = repeat(None, _NEVER)
        # All in C: a step costs about 30 ns and no depth of recursion.
        self._ticks[0] = chain(self._left, map(_stop, self._over))

    @property
    def steps(self) -> int:
        """How many steps were taken since `begin`, the limit at most."""
        return self._limit - operator.length_hint(self._left)

    @property
    def exhausted(self) -> bool:
        """Whether a step beyond the limit was tried since `begin`, whatever came of it."""
        return operator.length_hint(self._over) != _NEVER


_NEVER = 1 << 62


def _stop(_: None) -> NoReturn:
    raise StepLimit


def _unobserved(_site: int, _position: int, value: object) -> object:
    return value


# All ticks are one node: compile only reads it, and no line of it is ever shown.
_PLACE: Final = {"lineno": 1, "col_offset": 0, "end_lineno": 1, "end_col_offset": 0}
_TICK: Final = ast.parse(f"{NEXT}({TICKS}[0])").body[0]
_TICK_VALUE: Final = _TICK.value  # type: ignore[attr-defined]  # it is an ast.Expr


def compile_counted(source: str, filename: str) -> CodeType:
    """Compile `source` so that it counts its steps, and marks no edges.

    Raises what compile raises: SyntaxError, ValueError, RecursionError, MemoryError.
    """
    tree = ast.parse(source, filename)
    _count(tree)
    code: CodeType = compile(tree, filename, "exec", dont_inherit=True)
    return code


def is_docstring(node: ast.stmt) -> bool:
    """Tell whether `node`, the first of a body, is its docstring."""
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _count(tree: ast.AST) -> None:
    """Put a tick into each function and each loop. One loop, no recursion, in any order."""
    pending: list[Any] = [tree]
    while pending:
        node = pending.pop()
        kind = type(node)
        for name in _FIELDS[kind]:
            value = getattr(node, name)
            if type(value) is list:
                pending += value
            elif value is not None:
                pending.append(value)
        if kind in _TICKED:  # after its children were listed: a tick is none of them
            _TICKED[kind](node)


def _tick_loop(node: Any) -> None:
    node.body.insert(0, _TICK)


def _tick_function(node: Any) -> None:
    node.body.insert(1 if is_docstring(node.body[0]) else 0, _TICK)


def _tick_lambda(node: Any) -> None:
    node.body = ast.BoolOp(ast.And(), [_TICK_VALUE, node.body], **_PLACE)  # a tick is true


def _tick_comprehension(node: Any) -> None:
    node.ifs.insert(0, _TICK_VALUE)


_TICKED: Final[dict[type, Callable[[Any], None]]] = {
    ast.FunctionDef: _tick_function,
    ast.AsyncFunctionDef: _tick_function,
    ast.Lambda: _tick_lambda,
    ast.For: _tick_loop,
    ast.AsyncFor: _tick_loop,
    ast.While: _tick_loop,
    ast.comprehension: _tick_comprehension,
}
# Annotations may be kept as text and patterns hold no code: both stay as written. The others are
# fields that hold no node.
_UNWALKED: Final = frozenset(
    {
        "annotation",
        "returns",
        "pattern",
        "type_params",
        "type_comment",
        "type_ignores",
        "ctx",
        "op",
        "ops",
        "name",
        "names",
        "id",
        "attr",
        "arg",
        "kind",
        "conversion",
        "module",
        "level",
        "simple",
        "is_async",
    }
)
_LEAVES: Final = (ast.Constant, ast.arg, ast.alias)


def _fields_of_kinds() -> dict[type, tuple[str, ...]]:
    """Return, for each kind of node, the fields under which counted code may lie."""
    kinds = [kind for kind in vars(ast).values() if isinstance(kind, type)]
    found: dict[type, tuple[str, ...]] = {
        kind: tuple(name for name in kind._fields if name not in _UNWALKED)
        for kind in kinds
        if issubclass(kind, ast.AST)
    }
    return found | {type(None): ()} | dict.fromkeys(_LEAVES, ())


_FIELDS: Final = _fields_of_kinds()
