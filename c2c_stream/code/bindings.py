"""What the statements at the top level of a module bind, and on which conditions."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Literal

from c2c_stream.code.scope import ImportNode, bound_by, names_in

BindingKind = Literal["function", "overload", "class", "value", "import"]
Definition = ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef
_Condition = ast.If | ast.Try | ast.TryStar | ast.While | ast.Match

# Where statements hold statements; a statement that is not here holds none.
NESTING: dict[type[ast.AST], tuple[str, ...]] = {
    ast.FunctionDef: ("body",),
    ast.AsyncFunctionDef: ("body",),
    ast.ClassDef: ("body",),
    ast.If: ("body", "orelse"),
    ast.For: ("body", "orelse"),
    ast.AsyncFor: ("body", "orelse"),
    ast.While: ("body", "orelse"),
    ast.With: ("body",),
    ast.AsyncWith: ("body",),
    ast.Try: ("body", "handlers", "orelse", "finalbody"),
    ast.TryStar: ("body", "handlers", "orelse", "finalbody"),
    ast.Match: ("cases",),
}


@dataclass(frozen=True, slots=True)
class Binding:
    """One place that binds a name: the top-level statement's index, and how."""

    index: int
    kind: BindingKind
    node: ast.stmt
    alias: ast.alias | None = None
    conditional: bool = False
    typing_only: bool = False


def bindings_of(statement: ast.stmt, index: int) -> Iterator[tuple[str, Binding]]:
    """Yield the names that a top-level statement binds."""
    todo = [(statement, Binding(index, "value", statement))]
    while todo:
        node, template = todo.pop()
        if isinstance(node, ast.If) and is_main_guard(node):
            continue
        yield from _direct_bindings(node, template)
        if isinstance(node, Definition):
            continue
        todo.extend(reversed(_inside(node, template)))


def _inside(node: ast.stmt, template: Binding) -> list[tuple[ast.stmt, Binding]]:
    """Return the statements in a statement, with what their place says about their bindings."""
    maybe = replace(template, conditional=True)
    if isinstance(node, ast.If) and is_typing_guard(node):
        never = replace(maybe, typing_only=True)
        # What stands under its else always runs.
        return [(each, never) for each in node.body] + [(each, template) for each in node.orelse]
    inside = maybe if isinstance(node, _Condition) else template
    return [(each, inside) for each in statements_in(node)]


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
    for name in NESTING.get(node.__class__, ()):
        for child in getattr(node, name):
            if isinstance(child, ast.stmt):
                yield child
            else:
                yield from child.body


def _is_overload(node: ast.FunctionDef | ast.AsyncFunctionDef) -> bool:
    return any(
        (isinstance(each, ast.Name) and each.id == "overload")
        or (isinstance(each, ast.Attribute) and each.attr == "overload")
        for each in node.decorator_list
    )


def is_main_guard(node: ast.If) -> bool:
    """Return whether a block runs only when its file is the program."""
    return isinstance(node.test, ast.Compare) and "__name__" in names_in(node.test)


def is_typing_guard(node: ast.If) -> bool:
    """Return whether a block is read by type checkers only."""
    test = node.test
    name = test.attr if isinstance(test, ast.Attribute) else getattr(test, "id", "")
    return name == "TYPE_CHECKING"


def import_target(node: ImportNode, alias: ast.alias) -> str:
    """Return the dotted name that an imported name stands for."""
    if isinstance(node, ast.ImportFrom):
        return f"{node.module or ''}.{alias.name}"
    return alias.name if alias.asname else alias.name.partition(".")[0]
