"""Read on the host the arguments that hold plain values; all others are left to the child. Pure.

A child that gets values has nothing to parse. What is read here is just what `parse_arguments`
reads, or it is left as text: sets are, whose order depends on how they were built.
"""

import ast
import warnings
from collections.abc import Sequence
from typing import Any, Final

Arguments = tuple[list[object], dict[str, object]]

_MAX_CHARS: Final = 4096  # of one call; longer ones are rare, and not for the event loop
_MAX_DEPTH: Final = 20
_PLAIN: Final = (type(None), bool, int, float, complex, str, bytes)
_NUMBERS: Final = (int, float, complex)
_LINES_OF_A_CALL: Final = 2  # the second closes it, even behind a comment


class _NotPlainError(Exception):
    """A text holds more than this module reads."""


def read_plain(texts: Sequence[str]) -> list[Arguments | str]:
    """Return for each text its values, or the text itself for the child to parse."""
    found: list[Arguments | str] = list(texts)
    numbers = [i for i, text in enumerate(texts) if _may_be_plain(text)]
    for number, call in zip(numbers, _calls([texts[i] for i in numbers]), strict=False):
        try:
            found[number] = _arguments(call)
        except _NotPlainError:
            continue
    return found


def _may_be_plain(text: str) -> bool:
    """Tell whether a text is short and of one line: then where its call ends shows what it is."""
    return len(text) <= _MAX_CHARS and text.isprintable()


def _calls(texts: Sequence[str]) -> list[ast.Call]:
    """Return the calls, all parsed at once; none where one of them is not just one call."""
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # odd escapes are the writer's business
            body = ast.parse("".join(f"call({text}\n)\n" for text in texts)).body
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return []
    calls = [node.value for node in body if _is_call(node)]  # type: ignore[attr-defined]  # told
    lines = [(node.lineno, node.end_lineno, node.col_offset) for node in calls]
    agreed = [(first, first + 1, 0) for first in range(1, 2 * len(texts), _LINES_OF_A_CALL)]
    return calls if lines == agreed and len(body) == len(texts) else []


def _is_call(node: ast.stmt) -> bool:
    return (
        type(node) is ast.Expr
        and type(node.value) is ast.Call
        and type(node.value.func) is ast.Name
    )


def _arguments(call: ast.Call) -> Arguments:
    positional = [_value(node, 0) for node in call.args]
    named: dict[str, object] = {}
    for keyword in call.keywords:
        if keyword.arg is None or keyword.arg in named:
            raise _NotPlainError
        named[keyword.arg] = _value(keyword.value, 0)
    return positional, named


def _value(node: Any, depth: int) -> object:
    kind = type(node)
    if kind is ast.Constant:
        if type(node.value) in _PLAIN:
            return node.value
    elif kind is ast.UnaryOp:
        return _negative(node)
    elif depth < _MAX_DEPTH:
        if kind is ast.List:
            return [_value(item, depth + 1) for item in node.elts]
        if kind is ast.Tuple:
            return tuple([_value(item, depth + 1) for item in node.elts])
        if kind is ast.Dict:
            return _mapping(node, depth + 1)
    raise _NotPlainError


def _negative(node: ast.UnaryOp) -> int | float | complex:
    if type(node.op) is ast.USub and type(node.operand) is ast.Constant:
        value = node.operand.value
        if type(value) in _NUMBERS:
            return -value  # type: ignore[operator]  # a number
    raise _NotPlainError


def _mapping(node: ast.Dict, depth: int) -> dict[object, object]:
    keys = [_value(key, depth) for key in node.keys]  # None, of **, is no plain value
    values = [_value(value, depth) for value in node.values]
    try:
        return dict(zip(keys, values, strict=True))
    except TypeError as error:
        raise _NotPlainError from error
