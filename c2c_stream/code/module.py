"""What a module binds at its top level, where, and which statements change it afterwards.

A name's definition is every top-level statement that binds it or changes what it is bound to; a
binding that depends on a condition is marked, because a slice cannot tell which way it went.
"""

import ast
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Literal

from c2c_stream.code.parse import Source
from c2c_stream.code.scope import (
    ImportNode,
    Names,
    bound_by,
    names_in,
    names_of,
    root_name,
)

BindingKind = Literal["function", "overload", "class", "value", "import"]
_Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_Condition = ast.If | ast.Try | ast.TryStar | ast.While | ast.Match


@dataclass(frozen=True, slots=True)
class Binding:
    """One place that binds a name: the top-level statement's index, and how."""

    index: int
    kind: BindingKind
    node: ast.stmt
    alias: ast.alias | None = None
    conditional: bool = False
    typing_only: bool = False


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
            names = self._names[index] = names_of(self.body[index])
        return names

    @cached_property
    def bindings(self) -> dict[str, list[Binding]]:
        """Every binding of every top-level name, in source order."""
        found: dict[str, list[Binding]] = defaultdict(list)
        for index, statement in enumerate(self.body):
            for name, binding in _bindings_of(statement, index):
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
        if isinstance(statement, ast.Expr | _Definition | ast.Import | ast.ImportFrom):
            return self._touched_in_passing(statement)
        if isinstance(statement, ast.If) and (
            _is_main_guard(statement) or _is_typing_guard(statement)
        ):
            return ()
        return self.names(index).mutates if hasattr(statement, "body") else _changed_by(statement)

    def _touched_in_passing(self, statement: ast.stmt) -> Iterator[str]:
        """Yield what a call that stands alone is there for, or what a decorator registers with."""
        if isinstance(statement, _Definition):
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


def _registrations(statement: _Definition) -> Iterator[str]:
    """`@table.register(int)` changes `table`."""
    for decorator in statement.decorator_list:
        expression = decorator.func if isinstance(decorator, ast.Call) else decorator
        root = root_name(expression)
        if root is not None and isinstance(expression, ast.Attribute):
            yield root


def _bindings_of(statement: ast.stmt, index: int) -> Iterator[tuple[str, Binding]]:
    """Yield the names that a top-level statement binds."""
    todo = [(statement, Binding(index, "value", statement))]
    while todo:
        node, template = todo.pop()
        if isinstance(node, ast.If) and _is_main_guard(node):
            continue
        yield from _direct_bindings(node, template)
        if isinstance(node, _Definition):
            continue
        inside = template
        if isinstance(node, _Condition):
            typing = isinstance(node, ast.If) and _is_typing_guard(node)
            inside = replace(template, conditional=True, typing_only=typing)
        todo.extend((child, inside) for child in reversed(list(statements_in(node))))


def _direct_bindings(node: ast.stmt, template: Binding) -> Iterator[tuple[str, Binding]]:
    match node:
        case ast.FunctionDef() | ast.AsyncFunctionDef():
            kind: BindingKind = "overload" if _is_overload(node) else "function"
            yield node.name, replace(template, kind=kind, node=node)
        case ast.ClassDef():
            yield node.name, replace(template, kind="class", node=node)
        case ast.Import() | ast.ImportFrom():
            for alias in node.names:
                yield bound_by(alias), replace(template, kind="import", node=node, alias=alias)
        case _:
            for name in _stored(node):
                yield name, replace(template, node=node)


def _stored(node: ast.stmt) -> Iterator[str]:
    """Yield the names that a statement itself stores to, not the statements in it."""
    match node:
        case ast.Assign(targets=targets) | ast.Delete(targets=targets):
            yield from (name for target in targets for name in stored_in(target))
        case ast.AnnAssign(value=None):
            return
        case ast.AnnAssign(target=target) | ast.AugAssign(target=target) | ast.For(target=target):
            yield from stored_in(target)
        case ast.With(items=items):
            for item in items:
                if item.optional_vars is not None:
                    yield from stored_in(item.optional_vars)
        case ast.Match():
            yield from filter(None, map(_captured, ast.walk(node)))
        case ast.Try(handlers=handlers) | ast.TryStar(handlers=handlers):
            yield from (handler.name for handler in handlers if handler.name is not None)


def stored_in(target: ast.expr) -> Iterator[str]:
    """Yield the names that an assignment to `target` binds or deletes."""
    for node in ast.walk(target):
        if isinstance(node, ast.Name) and not isinstance(node.ctx, ast.Load):
            yield node.id


def _captured(node: ast.AST) -> str | None:
    if isinstance(node, ast.MatchAs | ast.MatchStar):
        return node.name
    return node.rest if isinstance(node, ast.MatchMapping) else None


def statements_in(node: ast.AST) -> Iterator[ast.stmt]:
    """Yield the statements directly inside a statement, in source order."""
    for name in ("body", "handlers", "cases", "orelse", "finalbody"):
        for child in getattr(node, name, ()):
            if isinstance(child, ast.stmt):
                yield child
            else:
                yield from statements_in(child)


def _is_overload(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(
        (isinstance(each, ast.Name) and each.id == "overload")
        or (isinstance(each, ast.Attribute) and each.attr == "overload")
        for each in node.decorator_list
    )


def _is_main_guard(node: ast.If) -> bool:
    return isinstance(node.test, ast.Compare) and "__name__" in names_in(node.test)


def _is_typing_guard(node: ast.If) -> bool:
    test = node.test
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"


def import_target(node: ImportNode, alias: ast.alias) -> str:
    """Return the dotted name that an imported name stands for."""
    if isinstance(node, ast.ImportFrom):
        return f"{node.module or ''}.{alias.name}"
    return alias.name if alias.asname else alias.name.partition(".")[0]
