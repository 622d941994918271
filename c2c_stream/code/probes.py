"""Compile source with probes that count steps and mark edges, and keep its meaning.

A step is a function entered or an iteration begun, also of a comprehension. An edge is a branch
taken, a loop entered or exhausted, a handler reached, an operand of and/or evaluated. Steps depend
on the code and its arguments alone, never on the machine. Imports the standard library only.
"""

import ast
from collections.abc import Callable
from dataclasses import dataclass
from types import CodeType
from typing import Any

from c2c_stream.code.steps import (
    HITS,
    MARK,
    NEXT,
    SEEN,
    TICKS,
    Counter,
    Observer,
    StepLimit,
    is_docstring,
)

__all__ = ["Counter", "Observer", "Probed", "StepLimit", "instrument", "probe"]


@dataclass(frozen=True, slots=True)
class Probed:
    """Compiled code with probes, the edges that it can mark, the operators of each comparison."""

    code: CodeType
    edges: int
    comparisons: tuple[tuple[str, ...], ...] = ()


def probe(source: str, filename: str = "<bundle>", *, observe: bool = False) -> Probed:
    """Compile `source` with probes; with `observe`, comparisons show their operands as well.

    Raises what compile raises: SyntaxError, ValueError, RecursionError, MemoryError.
    """
    tree = ast.parse(source, filename)
    return instrument(tree, filename, observe=observe)


def instrument(tree: ast.Module, filename: str = "<bundle>", *, observe: bool = False) -> Probed:
    """Like `probe`, from a parsed module, which is changed in place."""
    prober = _Prober(observe=observe)
    prober.walk(tree)
    code = compile(tree, filename, "exec", dont_inherit=True)
    return Probed(code, prober.edges, tuple(prober.comparisons))


_Place = dict[str, Any]
_LOOPS = (ast.For, ast.AsyncFor, ast.While)
_COMPREHENSIONS = (ast.ListComp, ast.SetComp, ast.DictComp, ast.GeneratorExp)
# Annotations may be kept as text and patterns hold no code of their own: both stay as written.
_UNTOUCHED = frozenset({"annotation", "returns", "pattern", "type_params", "type_comment", "ctx"})
_UNTOUCHED_NODES = (ast.expr_context, ast.operator, ast.cmpop, ast.unaryop, ast.boolop)


class _Prober:
    """Walks a tree without recursion, in source order, and puts probes into it."""

    def __init__(self, *, observe: bool) -> None:
        self.edges = 0
        self.comparisons: list[tuple[str, ...]] = []
        self._observe = observe
        self._inside = False  # of a function: only what is inside has edges

    def walk(self, tree: ast.Module) -> None:
        pending: list[tuple[ast.AST, bool]] = [(tree, False)]
        while pending:
            node, self._inside = pending.pop()
            pending.extend(reversed(_children(node, inside=self._inside)))
            kind = type(node)
            if kind in _COUNTED:
                _COUNTED[kind](self, node)
            elif self._inside and kind in _BRANCHED:
                _BRANCHED[kind](self, node)
            elif self._observe and isinstance(node, ast.Compare):
                self.compare(node)

    def _edge(self) -> int:
        self.edges += 1
        return self.edges - 1

    def function(self, node: Any) -> None:
        start = 1 if is_docstring(node.body[0]) else 0
        place = _place(node.body[-1] if start == len(node.body) else node.body[start])
        node.body.insert(start, self._step(place, edge=True))

    def lambda_(self, node: Any) -> None:
        place = _place(node.body)
        tick = _mark(self._edge(), _tick(place), place)
        node.body = ast.BoolOp(op=ast.Or(), values=[tick, node.body], **place)

    def loop(self, node: Any) -> None:
        node.body.insert(0, self._step(_place(node.body[0]), edge=self._inside))
        if self._inside and not _is_endless(node):
            node.orelse.insert(0, self._branch(_place(node)))

    def comprehension(self, node: Any) -> None:
        for generator in node.generators:
            place = _place(generator.target)
            filtered = bool(generator.ifs)
            generator.ifs.insert(0, self._passing(place, edge=self._inside, step=True))
            if filtered and self._inside:
                generator.ifs.append(self._passing(place, edge=True, step=False))

    def if_(self, node: Any) -> None:
        node.body.insert(0, self._branch(_place(node.body[0])))
        node.orelse.insert(0, self._branch(_place(node.orelse[0] if node.orelse else node)))

    def conditional(self, node: Any) -> None:
        node.body = self._reached(node.body)
        node.orelse = self._reached(node.orelse)

    def operands(self, node: Any) -> None:
        node.values[1:] = [self._reached(value) for value in node.values[1:]]

    def try_(self, node: Any) -> None:
        for handler in node.handlers:
            handler.body.insert(0, self._branch(_place(handler.body[0])))
        if node.orelse:
            node.orelse.insert(0, self._branch(_place(node.orelse[0])))

    def match_(self, node: Any) -> None:
        for case in node.cases:
            case.body.insert(0, self._branch(_place(case.body[0])))
        last = node.cases[-1]
        if last.guard is not None or not _is_irrefutable(last.pattern):
            place = _place(node)
            rest = ast.match_case(ast.MatchAs(**place), None, [self._branch(place)])
            node.cases.append(rest)

    def compare(self, node: ast.Compare) -> None:
        site = len(self.comparisons)
        self.comparisons.append(tuple(type(op).__name__ for op in node.ops))
        node.left = _seen(site, 0, node.left)
        node.comparators = [_seen(site, i, n) for i, n in enumerate(node.comparators, start=1)]

    def _step(self, place: _Place, *, edge: bool) -> ast.stmt:
        if edge:
            return _assign_hit(self._edge(), _tick(place), place)
        return ast.Expr(_tick(place), **place)

    def _branch(self, place: _Place) -> ast.stmt:
        return _assign_hit(self._edge(), ast.Constant(1, **place), place)

    def _reached(self, value: ast.expr) -> ast.expr:
        place = _place(value)
        mark = _mark(self._edge(), ast.Constant(1, **place), place)
        return ast.BoolOp(op=ast.Or(), values=[mark, value], **place)

    def _passing(self, place: _Place, *, edge: bool, step: bool) -> ast.expr:
        """Return a condition that always holds, and counts or marks on its way."""
        value = _tick(place) if step else ast.Constant(1, **place)
        if not edge:
            return value
        return ast.UnaryOp(op=ast.Not(), operand=_mark(self._edge(), value, place), **place)


_COUNTED: dict[type, Callable[[_Prober, Any], None]] = {
    ast.FunctionDef: _Prober.function,
    ast.AsyncFunctionDef: _Prober.function,
    ast.Lambda: _Prober.lambda_,
    **dict.fromkeys(_LOOPS, _Prober.loop),
    **dict.fromkeys(_COMPREHENSIONS, _Prober.comprehension),
}
_BRANCHED: dict[type, Callable[[_Prober, Any], None]] = {
    ast.If: _Prober.if_,
    ast.IfExp: _Prober.conditional,
    ast.BoolOp: _Prober.operands,
    ast.Try: _Prober.try_,
    ast.TryStar: _Prober.try_,
    ast.Match: _Prober.match_,
}


def _children(node: ast.AST, *, inside: bool) -> list[tuple[ast.AST, bool]]:
    """Return what to walk under `node`, in source order, and whether a function runs it."""
    found: list[tuple[ast.AST, bool]] = []
    enters = isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda)
    for name in node._fields:
        if name in _UNTOUCHED:
            continue
        value = getattr(node, name, None)
        within = inside or (enters and name == "body")
        found.extend(
            (child, within)
            for child in (value if isinstance(value, list) else (value,))
            if isinstance(child, ast.AST) and not isinstance(child, _UNTOUCHED_NODES)
        )
    return found


def _place(node: Any) -> _Place:
    return {
        "lineno": node.lineno,
        "col_offset": node.col_offset,
        "end_lineno": node.end_lineno,
        "end_col_offset": node.end_col_offset,
    }


def _name(name: str, place: _Place) -> ast.Name:
    return ast.Name(name, ast.Load(), **place)


def _tick(place: _Place) -> ast.expr:
    """Return the expression next(ticks[0]), which is true."""
    ticks = ast.Subscript(_name(TICKS, place), ast.Constant(0, **place), ast.Load(), **place)
    return ast.Call(_name(NEXT, place), [ticks], [], **place)


def _mark(edge: int, value: ast.expr, place: _Place) -> ast.expr:
    """Return an expression that sets the edge's byte, and is None."""
    arguments = [_name(HITS, place), ast.Constant(edge, **place), value]
    return ast.Call(_name(MARK, place), arguments, [], **place)


def _assign_hit(edge: int, value: ast.expr, place: _Place) -> ast.stmt:
    target = ast.Subscript(_name(HITS, place), ast.Constant(edge, **place), ast.Store(), **place)
    return ast.Assign([target], value, **place)


def _seen(site: int, position: int, value: ast.expr) -> ast.expr:
    place = _place(value)
    where = [ast.Constant(site, **place), ast.Constant(position, **place)]
    return ast.Call(_name(SEEN, place), [*where, value], [], **place)


def _is_endless(node: ast.AST) -> bool:
    return (
        isinstance(node, ast.While)
        and isinstance(node.test, ast.Constant)
        and bool(node.test.value)
    )


def _is_irrefutable(pattern: ast.pattern) -> bool:
    match pattern:
        case ast.MatchAs(pattern=None):
            return True
        case ast.MatchAs(pattern=ast.pattern() as inner):
            return _is_irrefutable(inner)
        case ast.MatchOr(patterns=alternatives):
            return _is_irrefutable(alternatives[-1])
    return False
