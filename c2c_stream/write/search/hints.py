"""Read types as people write them: annotations, docstrings, defaults, values. Pure."""

import ast

from c2c_stream.write.search.types import (
    CONTAINER,
    EVIDENCE_FOR,
    ITERABLE,
    KIND_OF,
    NUMBER,
    SEQUENCE,
    Kind,
    Node,
    Scores,
)

_NAMED: dict[str, Scores] = {
    **dict.fromkeys(("int", "integer", "integers", "ints", "Integral"), EVIDENCE_FOR[Kind.INT]),
    **dict.fromkeys(("float", "double", "Decimal", "floats"), EVIDENCE_FOR[Kind.FLOAT]),
    **dict.fromkeys(("number", "numeric", "Number", "Real", "numbers"), NUMBER),
    **dict.fromkeys(
        ("str", "string", "AnyStr", "Text", "strings", "Path", "LiteralString"),
        EVIDENCE_FOR[Kind.STR],
    ),
    **dict.fromkeys(("bool", "boolean"), EVIDENCE_FOR[Kind.BOOL]),
    **dict.fromkeys(("bytes", "bytearray", "Buffer"), EVIDENCE_FOR[Kind.BYTES]),
    **dict.fromkeys(("list", "List", "array", "MutableSequence", "lists"), EVIDENCE_FOR[Kind.LIST]),
    **dict.fromkeys(("tuple", "Tuple", "tuples"), EVIDENCE_FOR[Kind.TUPLE]),
    **dict.fromkeys(
        ("dict", "Dict", "dictionary", "Mapping", "MutableMapping", "mapping", "defaultdict"),
        EVIDENCE_FOR[Kind.DICT],
    ),
    **dict.fromkeys(
        ("set", "Set", "frozenset", "FrozenSet", "AbstractSet"), EVIDENCE_FOR[Kind.SET]
    ),
    **dict.fromkeys(("Sequence", "sequence"), SEQUENCE),
    **dict.fromkeys(("Iterable", "Iterator", "Collection", "iterable"), ITERABLE),
    **dict.fromkeys(("Container", "Sized"), CONTAINER),
    **dict.fromkeys(("None", "NoneType"), EVIDENCE_FOR[Kind.NONE]),
}
_WRAPPERS = frozenset({"Optional", "Union", "Annotated", "Final", "ClassVar", "Required"})


def read_type(text: str, node: Node, weight: float) -> bool:
    """Add what a written type says to `node`; tell whether it said anything."""
    try:
        expression = ast.parse(text.strip(), mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return read_annotation(expression, node, weight)


def read_annotation(annotation: ast.expr, node: Node, weight: float, depth: int = 0) -> bool:
    """Like `read_type`, from a parsed annotation."""
    if depth > 4:
        return False
    match annotation:
        case ast.Constant(value=str() as text):
            return read_type(text, node, weight)
        case ast.Constant(value=None):
            return _apply("None", node, weight / 3)
        case ast.Name(id=name) | ast.Attribute(attr=name):
            return _apply(name, node, weight)
        case ast.BinOp(op=ast.BitOr(), left=left, right=right):
            found = [read_annotation(part, node, weight / 2, depth + 1) for part in (left, right)]
            return any(found)
        case ast.Subscript(value=ast.Name(id=name) | ast.Attribute(attr=name), slice=inner):
            return _subscripted(name, inner, node, weight, depth)
    return False


def _apply(name: str, node: Node, weight: float) -> bool:
    scores = _NAMED.get(name)
    if scores is not None:
        node.like(scores, weight)
    return scores is not None


def _subscripted(name: str, inner: ast.expr, node: Node, weight: float, depth: int) -> bool:
    parts = inner.elts if isinstance(inner, ast.Tuple) else [inner]
    if name == "Literal":
        for part in parts:
            if isinstance(part, ast.Constant):
                read_value(part.value, node, weight)
                node.remember(part.value)
        return True
    if name in _WRAPPERS:
        share = weight / (1 if name == "Annotated" else len(parts))
        if name == "Optional":
            _apply("None", node, weight / 3)
        found = [read_annotation(part, node, share, depth + 1) for part in parts]
        return any(found)
    known = _apply(name, node, weight)
    if known:
        _children(parts, node, weight, depth)
    return known


def _children(parts: list[ast.expr], node: Node, weight: float, depth: int) -> None:
    kind = node.best()
    if kind is Kind.DICT and len(parts) == 2:
        read_annotation(parts[0], node.keys(), weight, depth + 1)
        read_annotation(parts[1], node.values(), weight, depth + 1)
    elif kind is Kind.TUPLE and not _is_open(parts):
        node.length = len(parts)
        for i, part in enumerate(parts):
            read_annotation(part, node.at(i), weight, depth + 1)
    else:
        read_annotation(parts[0], node.elements(), weight, depth + 1)


def _is_open(parts: list[ast.expr]) -> bool:
    last = parts[-1]
    return isinstance(last, ast.Constant) and last.value is ...


def read_value(value: object, node: Node, weight: float, depth: int = 0) -> None:
    """Add what an example value says: its kind, and those of its parts."""
    kind = KIND_OF.get(type(value))
    if kind is None or depth > 4:
        return
    node.like(EVIDENCE_FOR[kind], weight)
    if isinstance(value, dict):
        for key, item in list(value.items())[:5]:
            read_value(key, node.keys(), weight / 2, depth + 1)
            read_value(item, node.values(), weight / 2, depth + 1)
    elif isinstance(value, list | tuple):
        for item in value[:5]:
            read_value(item, node.elements(), weight / 2, depth + 1)
