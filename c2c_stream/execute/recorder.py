"""Write down what a call gave, without running any code of the guest. Standard library only.

Holds private references to all it uses: a guest may replace what the builtins hold. Only exact
builtin types are values, all the way down; what a repr would hide (a subclass, a cycle) is not.
"""

from collections.abc import Callable, Sequence
from typing import Any, Final

from c2c_stream.code.printed import Printed, holds_address

MAX_DEPTH: Final = 60
_DIGITS_PER_BIT: Final = 0.30103

_type, _len, _repr, _str, _sorted, _id, _zip = type, len, repr, str, sorted, id, zip
_name_of_type = type.__dict__["__name__"].__get__
_ascii = ascii
_encode, _join, _is_ascii, _bit_length = str.encode, str.join, str.isascii, int.bit_length


class Unrepresentable(Exception):  # the verdict's name
    """The value is not built of exact builtin types, or holds itself."""


class TooLong(Exception):  # the same
    """The text would be longer than may be kept."""


def result_text(value: object, limit: int) -> str:
    """Return the repr of a value, its sets in a stable order.

    Raises Unrepresentable, or TooLong as soon as the text passes `limit` bytes.
    """
    spell = _SPELLED.get(_type(value))
    text = _Spelling(limit).spell(value, 0) if spell is None else spell(value, limit)
    return _bounded(text, limit)


def exception_text(error: BaseException, limit: int) -> str:
    """Return "Type: message". Runs the guest's __str__. Raises Unrepresentable, TooLong."""
    name: str = _name_of_type(_type(error))
    try:
        message = _str(error)
    except BaseException:  # noqa: BLE001  # a guest's __str__ may raise anything
        message = "<str failed>"
    if _type(message) is not _str:
        message = "<str failed>"
    if _len(message) > limit:
        raise TooLong
    return _bounded(f"{name}: {message}" if message else name, limit)


def printed_text(printed: Printed, limit: int) -> str:
    """Return what a call printed as a literal in ASCII; empty if nothing.

    Raises Unrepresentable, TooLong.
    """
    text = printed.text()
    if not text and not printed.too_long:
        return ""
    if holds_address(text):
        raise Unrepresentable
    literal = _ascii(text)
    if printed.too_long or _len(literal) > limit:
        raise TooLong
    return literal


def _bounded(text: str, limit: int) -> str:
    """Return `text` as it can be encoded: lone surrogates escaped, no address in it."""
    if _len(text) > limit:
        raise TooLong
    if holds_address(text):
        raise Unrepresentable
    if _is_ascii(text):
        return text
    data = _encode(text, "utf-8", "backslashreplace")
    if _len(data) > limit:
        raise TooLong
    return data.decode("utf-8")


class _Spelling:
    """One value being spelled; what is left of its length."""

    def __init__(self, limit: int) -> None:
        self._left = limit
        self._open: dict[int, None] = {}

    def spell(self, value: Any, depth: int) -> str:
        kind = _type(value)
        if kind not in _NESTED:
            raise Unrepresentable
        if depth >= MAX_DEPTH:
            raise TooLong
        if _id(value) in self._open:
            raise Unrepresentable
        self._open[_id(value)] = None
        text = _NESTED[kind](self, value, depth + 1)
        del self._open[_id(value)]
        return text

    def _all(self, values: Any, depth: int) -> list[str]:
        left = self._left - 2  # the brackets
        if 2 * _len(values) > left + 4 or left < 0:  # each takes a character and a comma at least
            raise TooLong
        found = []
        for value in values:
            spell = _spelled_by(_type(value))
            if spell is None:
                self._left = left
                text = self.spell(value, depth)
                left = self._left
            else:
                text = spell(value, left)
                left -= _len(text)
                if left < 0:
                    raise TooLong
            found.append(text)
            left -= 2
        self._left = left
        return found

    def list(self, value: Any, depth: int) -> str:
        return "[" + _join(", ", self._all(value, depth)) + "]"

    def tuple(self, value: Any, depth: int) -> str:
        inner = self._all(value, depth)
        return "(" + _join(", ", inner) + ("," if _len(inner) == 1 else "") + ")"

    def set(self, value: Any, depth: int) -> str:
        inner = _sorted(self._all(value, depth))
        return "{" + _join(", ", inner) + "}" if inner else "set()"

    def frozenset(self, value: Any, depth: int) -> str:
        inner = _sorted(self._all(value, depth))
        return "frozenset({" + _join(", ", inner) + "})" if inner else "frozenset()"

    def dict(self, value: Any, depth: int) -> str:
        keys = self._all(value, depth)
        values = self._all(value.values(), depth)
        pairs = [f"{key}: {item}" for key, item in _zip(keys, values, strict=True)]
        return "{" + _join(", ", pairs) + "}"


_Nested = Callable[[_Spelling, Any, int], str]
_NESTED: Final[dict[type, _Nested]] = {
    list: _Spelling.list,
    tuple: _Spelling.tuple,
    set: _Spelling.set,
    frozenset: _Spelling.frozenset,
    dict: _Spelling.dict,
}


def _plain(value: object, _left: int) -> str:
    return _repr(value)


def _sized(value: Sequence[Any], left: int) -> str:
    if _len(value) > left:
        raise TooLong
    return _repr(value)


def _int(value: int, left: int) -> str:
    if _bit_length(value) * _DIGITS_PER_BIT > left:
        raise TooLong
    try:
        return _repr(value)
    except ValueError as error:  # more digits than the interpreter converts
        raise Unrepresentable from error


_SPELLED: Final[dict[type, Callable[[Any, int], str]]] = {
    type(None): _plain,
    bool: _plain,
    float: _plain,
    complex: _plain,
    int: _int,
    str: _sized,
    bytes: _sized,
    bytearray: _sized,
}
_spelled_by = _SPELLED.get
