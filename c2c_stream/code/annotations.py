"""Tell which annotations may be evaluated where they stand."""

import ast

_GENERIC_NAMES = """
Annotated Callable ClassVar Collection Deque Dict Final FrozenSet Generator Generic Iterable
Iterator List Literal Mapping MutableMapping Optional Protocol Sequence Set Tuple Type Union
dict frozenset list set tuple type
"""
_GENERIC = frozenset(_GENERIC_NAMES.split())
_PLAIN = (
    ast.Name,
    ast.Attribute,
    ast.Constant,
    ast.Tuple,
    ast.List,
    ast.BitOr,
    ast.Load,
)


def is_plain(annotation: ast.expr) -> bool:
    """Return whether evaluating an annotation cannot fail once its names are there."""
    return all(map(_is_plain_node, ast.walk(annotation)))


def _is_plain_node(node: ast.AST) -> bool:
    if isinstance(node, ast.BinOp):
        # "Name" | None is no union: the quoted side is a plain string.
        return not (_is_text(node.left) or _is_text(node.right))
    if isinstance(node, ast.Subscript):
        name = node.value.attr if isinstance(node.value, ast.Attribute) else None
        name = node.value.id if isinstance(node.value, ast.Name) else name
        return name in _GENERIC
    return isinstance(node, _PLAIN)


def _is_text(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and isinstance(node.value, str)
