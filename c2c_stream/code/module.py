"""A module seen from its top level: what defines a name, and what changes it afterwards.

A name's definition is every top-level statement that binds it or changes what it is bound to.
"""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from functools import cached_property

from c2c_stream.code.bindings import (
    Binding,
    Definition,
    bindings_of,
    is_main_guard,
    is_typing_guard,
)
from c2c_stream.code.names import Names, names_of
from c2c_stream.code.parse import Source
from c2c_stream.code.scope import root_name


class Module:
    """A parsed file seen from its top level. Analyses are made once, when first asked for."""

    def __init__(self, source: Source, own_packages: frozenset[str] = frozenset()) -> None:
        self.source = source
        self.body = source.tree.body
        self.own_packages = own_packages
        self._names: dict[int, Names] = {}

    def names(self, index: int) -> Names:
        """Return what the top-level statement `index` needs."""
        names = self._names.get(index)
        if names is None:
            names = self._names[index] = names_of(_that_runs(self.body[index]))
        return names

    @cached_property
    def bindings(self) -> dict[str, list[Binding]]:
        """Every binding of every top-level name, in source order."""
        found: dict[str, list[Binding]] = defaultdict(list)
        for index, statement in enumerate(self.body):
            for name, binding in bindings_of(statement, index):
                found[name].append(binding)
        return dict(found)

    @cached_property
    def touched(self) -> dict[str, list[int]]:
        """The statements that change what a name is bound to, or take it away."""
        found: dict[str, list[int]] = defaultdict(list)
        for index, statement in enumerate(self.body):
            for name in set(self._touched_by(index, statement)):
                if not self.is_import(name):
                    found[name].append(index)
        return dict(found)

    def is_import(self, name: str) -> bool:
        """Return whether nothing but imports binds `name`."""
        bindings = self.bindings.get(name, ())
        return bool(bindings) and all(binding.kind == "import" for binding in bindings)

    @cached_property
    def has_star_import(self) -> bool:
        """Whether names may come from an `import *`."""
        return "*" in self.bindings

    @cached_property
    def lazy_annotations(self) -> bool:
        """Whether the file says `from __future__ import annotations`."""
        return any(
            binding.alias is not None and binding.alias.name == "annotations"
            for binding in self.bindings.get("annotations", ())
            if isinstance(binding.node, ast.ImportFrom) and binding.node.module == "__future__"
        )

    def _touched_by(self, index: int, statement: ast.stmt) -> Iterable[str]:
        if isinstance(statement, ast.Expr | Definition | ast.Import | ast.ImportFrom):
            return self._touched_in_passing(statement)
        if isinstance(statement, ast.If) and (
            is_main_guard(statement) or is_typing_guard(statement)
        ):
            return ()
        return self.names(index).mutates if hasattr(statement, "body") else _changed_by(statement)

    def _touched_in_passing(self, statement: ast.stmt) -> Iterator[str]:
        """Yield what a call that stands alone is there for, or what a decorator registers with."""
        if isinstance(statement, Definition):
            yield from _registrations(statement)
        elif isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Call):
            call = statement.value
            root = root_name(call.func)
            if root is not None and isinstance(call.func, ast.Attribute):
                yield root
            if root in self.bindings and not self.is_import(root):
                yield from filter(self._is_value, _passed_on(call))

    def _is_value(self, name: str) -> bool:
        return any(binding.kind == "value" for binding in self.bindings.get(name, ()))


def _that_runs(statement: ast.stmt) -> ast.stmt:
    """Return a statement without what only type checkers read."""
    if isinstance(statement, ast.If) and is_typing_guard(statement):
        return ast.If(test=statement.test, body=[], orelse=statement.orelse)
    return statement


def _passed_on(call: ast.Call) -> Iterator[str]:
    return (argument.id for argument in call.args if isinstance(argument, ast.Name))


def _changed_by(statement: ast.stmt) -> Iterator[str]:
    match statement:
        case ast.Assign(targets=targets) | ast.Delete(targets=targets):
            return _changed(targets)
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target):
            return _changed([target])
        case ast.Match():
            return iter(names_of(statement).mutates)
    return iter(())


def _changed(targets: Iterable[ast.expr]) -> Iterator[str]:
    for target in targets:
        if isinstance(target, ast.Tuple | ast.List):
            yield from _changed(target.elts)
        elif isinstance(target, ast.Subscript | ast.Attribute):
            root = root_name(target)
            if root is not None:
                yield root


def _registrations(statement: Definition) -> Iterator[str]:
    """`@table.register(int)` changes `table`."""
    for decorator in statement.decorator_list:
        expression = decorator.func if isinstance(decorator, ast.Call) else decorator
        root = root_name(expression)
        if root is not None and isinstance(expression, ast.Attribute):
            yield root
