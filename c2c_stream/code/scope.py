"""Find the names that a statement takes from its module, by the scoping rules of the language.

One walk without recursion over the tree of one top-level statement; what each name means is
resolved afterwards, when every scope knows what it binds.
"""

import ast
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple

from c2c_stream.code.annotations import is_plain

Kind = Literal["module", "function", "class", "comprehension"]
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
ImportNode = ast.Import | ast.ImportFrom
_Comprehension = ast.ListComp | ast.SetComp | ast.DictComp | ast.GeneratorExp

# Methods of the built-in containers that change their object.
_MUTATOR_NAMES = """
add append appendleft clear difference_update discard extend extendleft insert
intersection_update pop popitem popleft remove reverse rotate setdefault sort
symmetric_difference_update update __setitem__ __delitem__
"""
MUTATORS = frozenset(_MUTATOR_NAMES.split())


class Use(NamedTuple):
    """A use of a name: with attributes (`a.b.c`: name a, tail .b.c), called, or bound anew."""

    name: str
    tail: str
    line: int
    called: bool
    bound: bool = False


@dataclass(frozen=True, slots=True)
class Names:
    """What one top-level statement needs from its module, and does to it."""

    loads: frozenset[str]
    annotations: frozenset[str]
    # Whether each annotation could be evaluated if its names were there.
    plain_annotations: bool
    # Module names that a `global` statement inside rebinds; that are changed in place.
    rebinds: frozenset[str]
    mutates: frozenset[str]
    # How module names and local imports are used: the name, its attributes.
    dotted: frozenset[tuple[str, str]]
    local_imports: tuple[ImportNode, ...]
    # Of a function only: what it does with its parameters, in the order of lines.
    parameter_uses: tuple[Use, ...] = ()
    has_yield: bool = False
    returns_value: bool = False


@dataclass(slots=True, eq=False)
class _Scope:
    kind: Kind
    parent: "_Scope | None" = None
    bound: set[str] = field(default_factory=set)
    loads: set[str] = field(default_factory=set)
    # Loaded as they stand, without an attribute.
    bare: set[str] = field(default_factory=set)
    annotations: set[str] = field(default_factory=set)
    mutated: set[str] = field(default_factory=set)
    globals: set[str] = field(default_factory=set)
    nonlocals: set[str] = field(default_factory=set)
    # Names that a class body reads before it binds them: `x = x`.
    read_first: set[str] = field(default_factory=set)
    uses: list[Use] = field(default_factory=list)

    def owner(self, name: str) -> "_Scope":
        """Return the scope that `name` belongs to when it is used in this one."""
        scope, visible = self, True
        while scope.parent is not None:
            if name in scope.globals or (scope is self and name in self.read_first):
                return scope.module()
            if visible and name in scope.bound and name not in scope.nonlocals:
                return scope
            scope = scope.parent
            # What a class binds is hidden from the scopes inside it.
            visible = scope.kind != "class"
        return scope

    def module(self) -> "_Scope":
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope


class _Walk:
    """The walk over one statement; a handler a kind of node, everything else by its fields."""

    def __init__(self, statement: ast.stmt) -> None:
        self.top = _Scope("module")
        self.scopes = [self.top]
        self.statement = statement
        self.function: _Scope | None = None
        self.imports: list[ImportNode] = []
        self.plain_annotations = True
        self.has_yield = False
        self.returns_value = False
        self.todo: list[tuple[ast.AST, _Scope]] = [(statement, self.top)]
        while self.todo:
            node, scope = self.todo.pop()
            handler = _HANDLERS.get(node.__class__)
            if handler is None:
                self.children(node, scope)
            else:
                handler(self, node, scope)

    def push(self, nodes: Iterable[ast.AST | None], scope: _Scope) -> None:
        self.todo.extend((node, scope) for node in nodes if node is not None)

    def children(self, node: ast.AST, scope: _Scope) -> None:
        todo = self.todo
        for name in node._fields:
            value = getattr(node, name, None)
            if isinstance(value, ast.AST):
                todo.append((value, scope))
            elif isinstance(value, list):
                todo.extend((each, scope) for each in value if isinstance(each, ast.AST))

    def open(self, kind: Kind, parent: _Scope) -> _Scope:
        scope = _Scope(kind, parent)
        self.scopes.append(scope)
        return scope

    def annotate(self, node: ast.expr | None, scope: _Scope) -> None:
        if node is not None:
            scope.annotations.update(names_in(node))
            self.plain_annotations = self.plain_annotations and is_plain(node)

    def name(self, node: ast.Name, scope: _Scope) -> None:
        if isinstance(node.ctx, ast.Load):
            scope.loads.add(node.id)
            scope.bare.add(node.id)
        else:
            scope.bound.add(node.id)
            scope.uses.append(Use(node.id, "", node.lineno, called=False, bound=True))

    def attribute(self, node: ast.Attribute, scope: _Scope, *, called: bool = False) -> None:
        base: ast.expr = node
        tail = ""
        while isinstance(base, ast.Attribute):
            tail = f".{base.attr}{tail}"
            base = base.value
        if not isinstance(base, ast.Name):
            self.todo.append((base, scope))
            return
        scope.loads.add(base.id)
        scope.uses.append(Use(base.id, tail, node.lineno, called))
        if not isinstance(node.ctx, ast.Load) or (called and node.attr in MUTATORS):
            scope.mutated.add(base.id)

    def subscript(self, node: ast.Subscript, scope: _Scope) -> None:
        root = root_name(node)
        if root is not None and not isinstance(node.ctx, ast.Load):
            scope.mutated.add(root)
        self.push((node.value, node.slice), scope)

    def call(self, node: ast.Call, scope: _Scope) -> None:
        if isinstance(node.func, ast.Attribute):
            self.attribute(node.func, scope, called=True)
        else:
            self.todo.append((node.func, scope))
            if isinstance(node.func, ast.Name):
                scope.uses.append(Use(node.func.id, "", node.lineno, called=True))
        self.push(node.args, scope)
        self.push(node.keywords, scope)

    def augmented(self, node: ast.AugAssign, scope: _Scope) -> None:
        if isinstance(node.target, ast.Name):
            scope.loads.add(node.target.id)
        self.children(node, scope)

    def annotated(self, node: ast.AnnAssign, scope: _Scope) -> None:
        # In a function the annotation of a variable is never evaluated.
        if scope.kind in {"module", "class"}:
            self.annotate(node.annotation, scope)
        if node.value is not None or not isinstance(node.target, ast.Name):
            self.push((node.target, node.value), scope)
        elif scope.kind == "function":
            scope.bound.add(node.target.id)

    def function_def(self, node: FunctionNode, scope: _Scope) -> None:
        scope.bound.add(node.name)
        self.push(node.decorator_list, scope)
        self.annotate(node.returns, scope)
        inner = self.enter(node.args, scope)
        if node is self.statement:
            self.function = inner
        self.push(node.body, inner)
        scope.annotations.difference_update(
            parameter.name for parameter in getattr(node, "type_params", ())
        )

    def lambda_(self, node: ast.Lambda, scope: _Scope) -> None:
        self.todo.append((node.body, self.enter(node.args, scope)))

    def enter(self, args: ast.arguments, scope: _Scope) -> _Scope:
        self.push(args.defaults, scope)
        self.push(args.kw_defaults, scope)
        inner = self.open("function", scope)
        for arg in arguments_of(args):
            inner.bound.add(arg.arg)
            self.annotate(arg.annotation, scope)
        return inner

    def class_def(self, node: ast.ClassDef, scope: _Scope) -> None:
        scope.bound.add(node.name)
        for nodes in (node.decorator_list, node.bases, node.keywords):
            self.push(nodes, scope)
        inner = self.open("class", scope)
        inner.bound.update(("__module__", "__qualname__"))
        inner.read_first.update(_read_before_bound(node.body))
        self.push(node.body, inner)

    def comprehension(self, node: _Comprehension, scope: _Scope) -> None:
        inner = self.open("comprehension", scope)
        first = node.generators[0]
        # The first iterable is evaluated outside; everything else in a scope of its own.
        self.todo.append((first.iter, scope))
        self.push((first.target, *first.ifs), inner)
        self.push(node.generators[1:], inner)
        if isinstance(node, ast.DictComp):
            self.push((node.key, node.value), inner)
        else:
            self.todo.append((node.elt, inner))

    def walrus(self, node: ast.NamedExpr, scope: _Scope) -> None:
        outer = scope
        while outer.kind == "comprehension" and outer.parent is not None:
            outer = outer.parent
        self.todo.append((node.target, outer))
        self.todo.append((node.value, scope))

    def import_(self, node: ImportNode, scope: _Scope) -> None:
        scope.bound.update(bound_by(alias) for alias in node.names)
        if scope is not self.top:
            self.imports.append(node)

    def named(self, node: ast.ExceptHandler | ast.MatchAs | ast.MatchStar, scope: _Scope) -> None:
        if node.name is not None:
            scope.bound.add(node.name)
        self.children(node, scope)

    def mapping(self, node: ast.MatchMapping, scope: _Scope) -> None:
        if node.rest is not None:
            scope.bound.add(node.rest)
        self.children(node, scope)

    def global_(self, node: ast.Global, scope: _Scope) -> None:
        scope.globals.update(node.names)

    def nonlocal_(self, node: ast.Nonlocal, scope: _Scope) -> None:
        scope.nonlocals.update(node.names)

    def yield_(self, node: ast.AST, scope: _Scope) -> None:
        self.has_yield = self.has_yield or scope is self.function
        self.children(node, scope)

    def return_(self, node: ast.Return, scope: _Scope) -> None:
        if node.value is None:
            return
        nothing = isinstance(node.value, ast.Constant) and node.value.value is None
        self.returns_value |= scope is self.function and not nothing
        self.todo.append((node.value, scope))


_HANDLERS: dict[type[ast.AST], Callable[[_Walk, Any, _Scope], None]] = {
    ast.Name: _Walk.name,
    ast.Attribute: _Walk.attribute,
    ast.Subscript: _Walk.subscript,
    ast.Call: _Walk.call,
    ast.AugAssign: _Walk.augmented,
    ast.AnnAssign: _Walk.annotated,
    ast.FunctionDef: _Walk.function_def,
    ast.AsyncFunctionDef: _Walk.function_def,
    ast.Lambda: _Walk.lambda_,
    ast.ClassDef: _Walk.class_def,
    ast.ListComp: _Walk.comprehension,
    ast.SetComp: _Walk.comprehension,
    ast.DictComp: _Walk.comprehension,
    ast.GeneratorExp: _Walk.comprehension,
    ast.NamedExpr: _Walk.walrus,
    ast.Import: _Walk.import_,
    ast.ImportFrom: _Walk.import_,
    ast.ExceptHandler: _Walk.named,
    ast.MatchAs: _Walk.named,
    ast.MatchStar: _Walk.named,
    ast.MatchMapping: _Walk.mapping,
    ast.Global: _Walk.global_,
    ast.Nonlocal: _Walk.nonlocal_,
    ast.Yield: _Walk.yield_,
    ast.YieldFrom: _Walk.yield_,
    ast.Return: _Walk.return_,
    ast.Constant: lambda _walk, _node, _scope: None,
}


def arguments_of(args: ast.arguments) -> Iterator[ast.arg]:
    """Yield all parameters in the order of the signature."""
    yield from args.posonlyargs
    yield from args.args
    if args.vararg is not None:
        yield args.vararg
    yield from args.kwonlyargs
    if args.kwarg is not None:
        yield args.kwarg


def bound_by(alias: ast.alias) -> str:
    """Return the name that one imported name binds."""
    return alias.asname or alias.name.partition(".")[0]


def names_in(node: ast.AST) -> Iterator[str]:
    """Yield every name below a node."""
    return (each.id for each in ast.walk(node) if isinstance(each, ast.Name))


def root_name(node: ast.expr) -> str | None:
    """Return `a` of `a.b[c].d`; None where it is no name."""
    while isinstance(node, ast.Subscript | ast.Attribute):
        node = node.value
    return node.id if isinstance(node, ast.Name) else None


def _read_before_bound(body: list[ast.stmt]) -> Iterator[str]:
    bound: set[str] = set()
    for statement in body:
        if isinstance(statement, ast.Assign) and len(statement.targets) == 1:
            targets = set(names_in(statement.targets[0]))
            yield from targets.intersection(names_in(statement.value)) - bound
            bound |= targets
        elif isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef):
            bound.add(statement.name)


def _uses_of_parameters(walk: _Walk) -> Iterator[Use]:
    if walk.function is None or not isinstance(
        walk.statement, ast.FunctionDef | ast.AsyncFunctionDef
    ):
        return
    parameters = {arg.arg for arg in arguments_of(walk.statement.args)}
    for scope in walk.scopes:
        for use in scope.uses:
            if use.name in parameters and scope.owner(use.name) is walk.function:
                yield use


def _dotted(walk: _Walk) -> Iterator[tuple[str, str]]:
    imported = {bound_by(alias) for node in walk.imports for alias in node.names}
    for scope in walk.scopes:
        for name in scope.bare:
            if name in imported or scope.owner(name) is walk.top:
                yield name, ""
        for use in scope.uses:
            if use.tail and (use.name in imported or scope.owner(use.name) is walk.top):
                yield use.name, use.tail


def names_of(statement: ast.stmt) -> Names:
    """Return what a top-level statement needs from its module."""
    walk = _Walk(statement)
    top = walk.top
    return Names(
        loads=frozenset(n for s in walk.scopes for n in s.loads if s.owner(n) is top),
        annotations=frozenset(n for s in walk.scopes for n in s.annotations if s.owner(n) is top),
        plain_annotations=walk.plain_annotations,
        rebinds=frozenset(n for s in walk.scopes for n in s.bound & s.globals),
        mutates=frozenset(n for s in walk.scopes for n in s.mutated if s.owner(n) is top),
        dotted=frozenset(_dotted(walk)),
        local_imports=tuple(walk.imports),
        parameter_uses=tuple(sorted(_uses_of_parameters(walk), key=lambda use: (use.line, use))),
        has_yield=walk.has_yield,
        returns_value=walk.returns_value,
    )
