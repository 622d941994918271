"""From the text of an annotation to the grammar of its values. Pure; unknown types allow all."""

import ast
from collections.abc import Sequence
from typing import Final

# Rules of `grammar.BASE`.
ANY: Final = "value"
_MAX_ANNOTATION_CHARS: Final = 200
_MAX_NESTING: Final = 4
# Elements beyond the first. What nests deeper holds fewer, or a line would not end.
_MORE: Final = (7, 5, 3, 2, 2)

_SCALARS: Final = {
    "int": "int",
    "float": "number",
    "complex": "number",
    "Number": "number",
    "Decimal": "number",
    "str": "str",
    "LiteralString": "str",
    "bytes": "bytes",
    "bool": "bool",
    "None": '"None"',
}
_LISTS: Final = frozenset(
    ("list", "List", "Sequence", "MutableSequence", "Iterable", "Collection", "Container")
)
_SETS: Final = frozenset(("set", "Set", "MutableSet", "AbstractSet"))
_DICTS: Final = frozenset(("dict", "Dict", "Mapping", "MutableMapping", "OrderedDict"))
_TUPLES: Final = frozenset(("tuple", "Tuple"))
_KEYS: Final = frozenset(("int", "str", "bool", "bytes", "number"))


def values_of(annotation: str) -> str:
    """Return the grammar's expression for the values that an annotation names."""
    if not annotation or len(annotation) > _MAX_ANNOTATION_CHARS:
        return ANY
    try:
        node = ast.parse(annotation.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return ANY
    return _values(node, 0)


def list_of(element: str, depth: int = 0) -> str:
    """Return the expression of a bounded list."""
    return f'"[" ({_several(element, depth)})? "]"'


def _values(node: ast.expr, depth: int) -> str:
    if depth > _MAX_NESTING:
        return "scalar"
    match node:
        case ast.Constant(value=str() as text) if depth == 0:
            return values_of(text)
        case ast.Constant(value=None):
            found = _SCALARS["None"]
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            found = _either([_values(left, depth + 1), _values(right, depth + 1)])
        case ast.Name() | ast.Attribute():
            found = _plain(_name(node), depth)
        case ast.Subscript(value=of, slice=inner):
            parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
            found = _generic(_name(of), parts, depth)
        case _:
            found = ANY
    return found


def _name(node: ast.expr) -> str:
    match node:
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return name
    return ""


def _plain(name: str, depth: int) -> str:
    """Return the values of a type without parameters."""
    element = ANY if depth == 0 else "scalar"
    if name in _LISTS:
        return list_of(element, depth)
    if name in _TUPLES:
        return _tuple(element, depth)
    if name in _SETS:
        return _set("key", depth)
    if name in _DICTS:
        return _dict("key", element, depth)
    return _SCALARS.get(name, element)


def _generic(name: str, parts: Sequence[ast.expr], depth: int) -> str:
    if name == "Literal":
        return ANY
    inner = [_values(part, depth + 1) for part in parts if not _is_ellipsis(part)]
    match name, inner:
        case "Optional", [one]:
            return _either([one, _SCALARS["None"]])
        case "Union", [_, *_]:
            return _either(inner)
        case (("Final" | "Annotated" | "Required" | "NotRequired"), [one, *_]):
            return one
    return _container(name, inner, parts, depth)


def _container(name: str, inner: Sequence[str], parts: Sequence[ast.expr], depth: int) -> str:
    if name in _LISTS and len(inner) == 1:
        return list_of(inner[0], depth)
    if name in _SETS and len(inner) == 1:
        return _set(_key(inner[0]), depth)
    if name in _DICTS and len(inner) == 2:  # noqa: PLR2004  # key and value
        return _dict(_key(inner[0]), inner[1], depth)
    if name in _TUPLES and inner:
        if len(parts) > len(inner):
            return _tuple(inner[0], depth)
        return _fixed(inner)
    return _plain(name, depth)


def _is_ellipsis(node: ast.expr) -> bool:
    return isinstance(node, ast.Constant) and node.value is Ellipsis


def _key(values: str) -> str:
    return values if values in _KEYS else "key"


def _either(choices: Sequence[str]) -> str:
    return f"({' | '.join(dict.fromkeys(choices))})"


def _several(element: str, depth: int) -> str:
    return f'{element} (", " {element}){{0,{_MORE[depth]}}}'


def _tuple(element: str, depth: int) -> str:
    more = f'{element} (", " {element}){{1,{_MORE[depth]}}}'
    return f'("()" | "(" {element} ",)" | "(" {more} ")")'


def _fixed(elements: Sequence[str]) -> str:
    if len(elements) == 1:
        return f'"(" {elements[0]} ",)"'
    return '"(" ' + ' ", " '.join(elements) + ' ")"'


def _set(element: str, depth: int) -> str:
    return f'("set()" | "{{" {_several(element, depth)} "}}")'


def _dict(key: str, value: str, depth: int) -> str:
    pair = f'{key} ": " {value}'
    return f'"{{" ({pair} (", " {pair}){{0,{_MORE[depth]}}})? "}}"'
