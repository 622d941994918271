"""Find the names that a statement takes from its module, by the scoping rules of the language."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from c2c_stream.code.scope import ImportNode, Use, arguments_of, bound_by
from c2c_stream.code.walk import Walk


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


def _uses_of_parameters(walk: Walk) -> Iterator[Use]:
    if walk.function is None or not isinstance(
        walk.statement, ast.FunctionDef | ast.AsyncFunctionDef
    ):
        return
    parameters = {arg.arg for arg in arguments_of(walk.statement.args)}
    for scope in walk.scopes:
        for use in scope.uses:
            if use.name in parameters and scope.owner(use.name) is walk.function:
                yield use


def _dotted(walk: Walk) -> Iterator[tuple[str, str]]:
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
    walk = Walk(statement)
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
