"""Source text of a call's arguments <-> values. Only plain literals pass, whoever wrote the text.

A plain literal is a value built of exact builtin types. Standard library only: children import it.
"""

import ast
import math
import warnings
from collections.abc import Mapping, Sequence

MAX_TEXT_CHARS = 64 * 1024  # all the arguments of one call; far above what a dataset shows
MAX_DEPTH = 40  # the parser of CPython itself gives up at about 100
MAX_NODES = 100_000  # a shared list may unfold to more than memory holds

_SCALARS = (type(None), bool, int, float, complex, str, bytes)
_SEQUENCES = (list, tuple, set, frozenset)
_CALLABLE = "call"


def parse_arguments(text: str) -> tuple[list[object], dict[str, object]]:
    """Return the positional and keyword arguments that `text` spells, such as "3, s='a'".

    Raises ValueError where it is anything but plain literals, or too long or deep.
    """
    if len(text) > MAX_TEXT_CHARS:
        raise ValueError(f"arguments of {len(text)} characters; at most {MAX_TEXT_CHARS}")
    call = _parse_call(text)
    positional = [_value(node, 0) for node in call.args]
    named: dict[str, object] = {}
    for keyword in call.keywords:
        if keyword.arg is None or keyword.arg in named:
            raise ValueError("arguments unpack a mapping or repeat a name")
        named[keyword.arg] = _value(keyword.value, 0)
    return positional, named


def format_arguments(args: Sequence[object], kwargs: Mapping[str, object]) -> str:
    """Return source text that `parse_arguments` reads back; the same text for equal values.

    Raises ValueError for what is no plain literal, or an int of too many digits.
    """
    parts = [format_literal(value) for value in args]
    parts += [f"{name}={format_literal(value)}" for name, value in kwargs.items()]
    return ", ".join(parts)


def format_literal(value: object) -> str:
    """Return the source text of one plain literal. Raises ValueError for anything else."""
    return _format(value, 0)


def is_literal(value: object) -> bool:
    """Tell whether `value` is a plain literal: exact builtin types all the way down."""
    pending = [(value, 0)]
    seen = 0
    while pending:
        item, depth = pending.pop()
        kind = type(item)
        if kind in _SCALARS:
            continue
        children = _children(item)
        seen += 1 if children is None else len(children)
        if children is None or depth >= MAX_DEPTH or seen > MAX_NODES:
            return False
        pending += [(child, depth + 1) for child in children]
    return True


def _children(value: object) -> Sequence[object] | None:
    """Return what a container holds; None where `value` is no plain container."""
    kind = type(value)
    if kind in (list, tuple):
        return value  # type: ignore[return-value]  # mypy does not narrow by exact type
    if kind in (set, frozenset):
        return list(value)  # type: ignore[call-overload,no-any-return]  # the same
    if type(value) is dict:
        return [*value.keys(), *value.values()]
    return None


def _parse_call(text: str) -> ast.Call:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd escapes are the writer's business
            body = ast.parse(f"{_CALLABLE}({text}\n)", mode="eval").body
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise ValueError(f"arguments do not parse: {type(error).__name__}") from error
    match body:  # "1)+call(2" parses as well: the whole text must be one call of our own name
        case ast.Call(func=ast.Name()):
            return body
    raise ValueError("arguments are not the inside of one call")


def _value(node: ast.expr, depth: int) -> object:
    if depth > MAX_DEPTH:
        raise ValueError(f"a literal is deeper than {MAX_DEPTH}")
    match node:
        case ast.Constant(value=value) if type(value) in _SCALARS:
            return value
        case ast.List(elts=items) | ast.Tuple(elts=items) | ast.Set(elts=items):
            values = [_value(item, depth + 1) for item in items]
            return _collection(type(node), values)
        case ast.Dict():
            return _mapping(node, depth)
        case ast.UnaryOp() | ast.BinOp():
            return _number(node)
        case ast.Call(func=ast.Name(id=name), args=args, keywords=[]):
            return _constructed(name, [_value(arg, depth + 1) for arg in args])
    raise ValueError(f"a {type(node).__name__} is no literal")


def _collection(kind: type[ast.expr], values: list[object]) -> object:
    if kind is ast.List:
        return values
    if kind is ast.Tuple:
        return tuple(values)
    return _hashed(values)


def _hashed(values: Sequence[object]) -> set[object]:
    try:
        return set(values)
    except TypeError as error:
        raise ValueError("a set holds what cannot be hashed") from error


def _mapping(node: ast.Dict, depth: int) -> dict[object, object]:
    keys = [_value(key, depth + 1) for key in node.keys if key is not None]
    if len(keys) != len(node.keys):
        raise ValueError("a dict unpacks another")
    values = [_value(value, depth + 1) for value in node.values]
    try:
        return dict(zip(keys, values, strict=True))
    except TypeError as error:
        raise ValueError("a dict has a key that cannot be hashed") from error


def _number(node: ast.expr) -> int | float | complex:
    """Evaluate a signed number, or a sum of a real and an imaginary one."""
    match node:
        case ast.Constant(value=value) if type(value) in (int, float, complex):
            return value  # type: ignore[return-value]  # guarded by its exact type
        case ast.UnaryOp(op=ast.USub(), operand=ast.Constant() as operand):
            return -_number(operand)
        case ast.UnaryOp(op=ast.UAdd(), operand=ast.Constant() as operand):
            return _number(operand)
        case ast.BinOp(op=ast.Add() | ast.Sub() as op, left=left, right=ast.Constant() as right):
            imaginary = _number(right)
            if type(imaginary) is complex and not isinstance(left, ast.BinOp):
                real = _number(left)
                return real + imaginary if isinstance(op, ast.Add) else real - imaginary
    raise ValueError("an expression is no number")


def _constructed(name: str, args: list[object]) -> object:
    """Evaluate the few values that have no literal of their own."""
    match name, args:
        case "set" | "frozenset", []:
            return set() if name == "set" else frozenset()
        case "frozenset", [set() as items]:
            return frozenset(items)
        case "float", ["inf" | "-inf" | "nan" as text]:
            return float(text)
        case "complex", [float() as real, float() as imaginary]:
            return complex(real, imaginary)
    raise ValueError(f"a call of {name} is no literal")


def _format(value: object, depth: int) -> str:
    if depth > MAX_DEPTH:
        raise ValueError(f"a literal is deeper than {MAX_DEPTH}")
    kind = type(value)
    if kind in (float, complex):
        return _format_inexact(value)  # type: ignore[arg-type]  # guarded by its exact type
    if kind in _SCALARS:
        return repr(value)
    if kind in _SEQUENCES:
        return _format_sequence(value, depth)  # type: ignore[arg-type]  # the same
    if type(value) is dict:
        pairs = (f"{_format(k, depth + 1)}: {_format(v, depth + 1)}" for k, v in value.items())
        return "{" + ", ".join(pairs) + "}"
    raise ValueError(f"a value of type {kind.__name__} is no literal")


def _format_inexact(value: complex) -> str:
    if isinstance(value, complex):
        return f"complex({_format_inexact(value.real)}, {_format_inexact(value.imag)})"
    if math.isfinite(value):
        return repr(value)
    return f"float({str(value)!r})"


def _format_sequence(
    value: list[object] | tuple[object, ...] | set[object] | frozenset[object], depth: int
) -> str:
    items = [_format(item, depth + 1) for item in value]
    if isinstance(value, list):
        return f"[{', '.join(items)}]"
    if isinstance(value, tuple):
        return f"({items[0]},)" if len(items) == 1 else f"({', '.join(items)})"
    inner = "{" + ", ".join(sorted(items)) + "}" if items else ""
    if isinstance(value, frozenset):
        return f"frozenset({inner})"
    return inner or "set()"
