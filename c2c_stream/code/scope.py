"""A scope of the language while it is read, and the words for what names are used for."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Kind = Literal["module", "function", "class", "comprehension"]
FunctionNode = ast.FunctionDef | ast.AsyncFunctionDef
ImportNode = ast.Import | ast.ImportFrom


class Use(NamedTuple):
    """A use of a name: with attributes (`a.b.c`: name a, tail .b.c), called, or bound anew."""

    name: str
    tail: str
    line: int
    called: bool
    bound: bool = False


@dataclass(slots=True, eq=False)
class Scope:
    """What one scope binds, loads and declares."""

    kind: Kind
    parent: "Scope | None" = None
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

    def owner(self, name: str) -> "Scope":
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

    def module(self) -> "Scope":
        """Return the outermost scope."""
        scope = self
        while scope.parent is not None:
            scope = scope.parent
        return scope


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
