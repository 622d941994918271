"""Read the tree of one statement into its scopes, without recursion, whatever its depth."""

import ast
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from c2c_stream.code.annotations import is_plain
from c2c_stream.code.scope import (
    FunctionNode,
    ImportNode,
    Kind,
    Scope,
    Use,
    arguments_of,
    bound_by,
    names_in,
    root_name,
)

_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp

# Methods of the built-in containers that change their object.
_MUTATOR_NAMES = """
add append appendleft clear difference_update discard extend extendleft insert
intersection_update pop popitem popleft remove reverse rotate setdefault sort
symmetric_difference_update update __setitem__ __delitem__
"""
MUTATORS = frozenset(_MUTATOR_NAMES.split())


class Walk:
    """The walk over one statement; a handler a kind of node, everything else by its fields."""

    def __init__(self, statement: ast.stmt) -> None:
        self.top = Scope("module")
        self.scopes = [self.top]
        self.statement = statement
        self.function: Scope | None = None
        self.imports: list[ImportNode] = []
        self.plain_annotations = True
        self.has_yield = False
        self.returns_value = False
        self.todo: list[tuple[ast.AST, Scope]] = [(statement, self.top)]
        while self.todo:
            node, scope = self.todo.pop()
            handler = _HANDLERS.get(node.__class__)
            if handler is None:
                self.children(node, scope)
            else:
                handler(self, node, scope)

    def push(self, nodes: Iterable[ast.AST | None], scope: Scope) -> None:
        """Put nodes aside to be read in `scope`."""
        self.todo.extend((node, scope) for node in nodes if node is not None)

    def children(self, node: ast.AST, scope: Scope) -> None:
        """Put aside all that a node holds."""
        todo = self.todo
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                todo.append((value, scope))
            elif isinstance(value, list):
                todo.extend((each, scope) for each in value if isinstance(each, ast.AST))

    def open(self, kind: Kind, parent: Scope) -> Scope:
        """Return a new scope."""
        scope = Scope(kind, parent)
        self.scopes.append(scope)
        return scope

    def annotate(self, node: ast.expr | None, scope: Scope) -> None:
        """Note the names in an annotation."""
        if node is not None:
            scope.annotations.update(names_in(node))
            self.plain_annotations = self.plain_annotations and is_plain(node)


def _name(_: Walk, node: ast.Name, scope: Scope) -> None:
    if isinstance(node.ctx, ast.Load):
        scope.loads.add(node.id)
        scope.bare.add(node.id)
    else:
        scope.bound.add(node.id)
        scope.uses.append(Use(node.id, "", node.lineno, called=False, bound=True))


def _attribute(walk: Walk, node: ast.Attribute, scope: Scope, *, called: bool = False) -> None:
    base: ast.expr = node
    tail = ""
    while isinstance(base, ast.Attribute):
        tail = f".{base.attr}{tail}"
        base = base.value
    if not isinstance(base, ast.Name):
        walk.todo.append((base, scope))
        return
    scope.loads.add(base.id)
    scope.uses.append(Use(base.id, tail, node.lineno, called))
    if not isinstance(node.ctx, ast.Load) or (called and node.attr in MUTATORS):
        scope.mutated.add(base.id)


def _subscript(walk: Walk, node: ast.Subscript, scope: Scope) -> None:
    root = root_name(node)
    if root is not None and not isinstance(node.ctx, ast.Load):
        scope.mutated.add(root)
    walk.push((node.value, node.slice), scope)


def _call(walk: Walk, node: ast.Call, scope: Scope) -> None:
    if isinstance(node.func, ast.Attribute):
        _attribute(walk, node.func, scope, called=True)
    else:
        walk.todo.append((node.func, scope))
        if isinstance(node.func, ast.Name):
            scope.uses.append(Use(node.func.id, "", node.lineno, called=True))
    walk.push(node.args, scope)
    walk.push(node.keywords, scope)


def _augmented(walk: Walk, node: ast.AugAssign, scope: Scope) -> None:
    if isinstance(node.target, ast.Name):
        scope.loads.add(node.target.id)
    walk.children(node, scope)


def _annotated(walk: Walk, node: ast.AnnAssign, scope: Scope) -> None:
    # In a function the annotation of a variable is never evaluated.
    if scope.kind in {"module", "class"}:
        walk.annotate(node.annotation, scope)
    if node.value is not None or not isinstance(node.target, ast.Name):
        walk.push((node.target, node.value), scope)
    elif scope.kind == "function":
        scope.bound.add(node.target.id)


def _function_def(walk: Walk, node: FunctionNode, scope: Scope) -> None:
    scope.bound.add(node.name)
    walk.push(node.decorator_list, scope)
    walk.annotate(node.returns, scope)
    inner = _enter(walk, node.args, scope)
    if node is walk.statement:
        walk.function = inner
    walk.push(node.body, inner)
    scope.annotations.difference_update(
        parameter.name for parameter in getattr(node, "type_params", ())
    )


def _lambda(walk: Walk, node: ast.Lambda, scope: Scope) -> None:
    walk.todo.append((node.body, _enter(walk, node.args, scope)))


def _enter(walk: Walk, args: ast.arguments, scope: Scope) -> Scope:
    walk.push(args.defaults, scope)
    walk.push(args.kw_defaults, scope)
    inner = walk.open("function", scope)
    for arg in arguments_of(args):
        inner.bound.add(arg.arg)
        walk.annotate(arg.annotation, scope)
    return inner


def _class_def(walk: Walk, node: ast.ClassDef, scope: Scope) -> None:
    scope.bound.add(node.name)
    for nodes in (node.decorator_list, node.bases, node.keywords):
        walk.push(nodes, scope)
    inner = walk.open("class", scope)
    inner.bound.update(("__module__", "__qualname__"))
    inner.read_first.update(_read_before_bound(node.body))
    walk.push(node.body, inner)


def _comprehension(walk: Walk, node: _Comprehension, scope: Scope) -> None:
    inner = walk.open("comprehension", scope)
    first = node.generators[0]
    # The first iterable is evaluated outside; everything else in a scope of its own.
    walk.todo.append((first.iter, scope))
    walk.push((first.target, *first.ifs), inner)
    walk.push(node.generators[1:], inner)
    if isinstance(node, ast.DictComp):
        walk.push((node.key, node.value), inner)
    else:
        walk.todo.append((node.elt, inner))


def _walrus(walk: Walk, node: ast.NamedExpr, scope: Scope) -> None:
    outer = scope
    while outer.kind == "comprehension" and outer.parent is not None:
        outer = outer.parent
    walk.todo.append((node.target, outer))
    walk.todo.append((node.value, scope))


def _import(walk: Walk, node: ImportNode, scope: Scope) -> None:
    scope.bound.update(bound_by(alias) for alias in node.names)
    if scope is not walk.top:
        walk.imports.append(node)


def _named(walk: Walk, node: ast.ExceptHandler | ast.MatchAs | ast.MatchStar, scope: Scope) -> None:
    if node.name is not None:
        scope.bound.add(node.name)
    walk.children(node, scope)


def _mapping(walk: Walk, node: ast.MatchMapping, scope: Scope) -> None:
    if node.rest is not None:
        scope.bound.add(node.rest)
    walk.children(node, scope)


def _global(_: Walk, node: ast.Global, scope: Scope) -> None:
    scope.globals.update(node.names)


def _nonlocal(_: Walk, node: ast.Nonlocal, scope: Scope) -> None:
    scope.nonlocals.update(node.names)


def _yield(walk: Walk, node: ast.AST, scope: Scope) -> None:
    walk.has_yield = walk.has_yield or scope is walk.function
    walk.children(node, scope)


def _return(walk: Walk, node: ast.Return, scope: Scope) -> None:
    if node.value is None:
        return
    nothing = isinstance(node.value, ast.Constant) and node.value.value is None
    walk.returns_value |= scope is walk.function and not nothing
    walk.todo.append((node.value, scope))


_HANDLERS: dict[type[ast.AST], Callable[[Walk, Any, Scope], None]] = {
    ast.Name: _name,
    ast.Attribute: _attribute,
    ast.Subscript: _subscript,
    ast.Call: _call,
    ast.AugAssign: _augmented,
    ast.AnnAssign: _annotated,
    ast.FunctionDef: _function_def,
    ast.AsyncFunctionDef: _function_def,
    ast.Lambda: _lambda,
    ast.ClassDef: _class_def,
    ast.ListComp: _comprehension,
    ast.SetComp: _comprehension,
    ast.DictComp: _comprehension,
    ast.GeneratorExp: _comprehension,
    ast.NamedExpr: _walrus,
    ast.Import: _import,
    ast.ImportFrom: _import,
    ast.ExceptHandler: _named,
    ast.MatchAs: _named,
    ast.MatchStar: _named,
    ast.MatchMapping: _mapping,
    ast.Global: _global,
    ast.Nonlocal: _nonlocal,
    ast.Yield: _yield,
    ast.YieldFrom: _yield,
    ast.Return: _return,
    ast.Constant: lambda _walk, _node, _scope: None,
}


def _read_before_bound(body: list[ast.stmt]) -> Iterator[str]:
    bound: set[str] = set()
    for statement in body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            targets = set(names_in(statement.targets[0]))
            yield from targets.intersection(names_in(statement.value)) - bound
            bound |= targets
        elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(statement.name)
