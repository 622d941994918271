"""Identify a function by what it says: not by its layout, its comments or its docstrings.

A statement is written as the tokens of its tree, which no formatter can change; quotes, brackets,
line breaks and the spelling of numbers are gone from it.
"""

import ast
from collections.abc import Iterable
from typing import Any

from c2c_stream.records import content_hash

_DOCUMENTED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
_SKIPPED = frozenset({"ctx", "kind", "type_comment"})
_FIELDS: dict[type[ast.AST], tuple[str, ...]] = {}


def _fields_of(kind: type[ast.AST]) -> tuple[str, ...]:
    fields = _FIELDS.get(kind)
    if fields is None:
        fields = tuple(name for name in reversed(kind._fields) if name not in _SKIPPED)
        _FIELDS[kind] = fields
    return fields


def _is_docstring(node: ast.stmt) -> bool:
    return (
        isinstance(node, ast.Expr)
        and isinstance(node.value, ast.Constant)
        and isinstance(node.value.value, str)
    )


def _undocumented(body: list[ast.stmt]) -> list[ast.stmt]:
    return body[1:] if body and _is_docstring(body[0]) else body


def tokens(statement: ast.stmt) -> Iterable[str]:
    """Yield the tokens of a statement's tree; without recursion, whatever its depth.

    Empty fields are left out, so that a field that a later Python adds changes nothing.
    """
    todo: list[Any] = [statement]
    while todo:
        node = todo.pop()
        if isinstance(node, list):
            todo.append("]")
            todo.extend(reversed(node))
            yield "["
        elif not isinstance(node, ast.AST):
            yield node if node.__class__ is str else repr(node)
        elif isinstance(node, ast.Constant):
            yield _constant(node.value)
        else:
            yield from (node.__class__.__name__, "(")
            todo.append(")")
            for name in _fields_of(node.__class__):
                value: Any = getattr(node, name, None)
                if name == "body" and isinstance(node, _DOCUMENTED):
                    value = _undocumented(value)
                if value is not None and value != []:
                    todo.extend((value, name))


def _constant(value: object) -> str:
    # Large integers are written in hexadecimal: decimal digits take quadratic time.
    text = hex(value) if type(value) is int else repr(value)
    return f"{type(value).__name__}:{text}"


def digest(statement: ast.stmt) -> str:
    """Return the identity of one statement."""
    return content_hash("\x1f".join(tokens(statement)))


def _is_future(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.ImportFrom) and statement.module == "__future__"


def function_id_of(entry_point: str, digests: Iterable[str]) -> str:
    """Return function_id from the identities of a bundle's statements, in their order."""
    return content_hash(entry_point, *digests)


def function_id(entry_point: str, code: str) -> str:
    """Return function_id of a bundle's text."""
    body = ast.parse(code).body
    return function_id_of(entry_point, (digest(each) for each in body if not _is_future(each)))
