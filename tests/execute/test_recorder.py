import ast
from collections import OrderedDict
from enum import IntEnum
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.execute import _recorder
from c2c_stream.execute.recorder import (
    MAX_DEPTH,
    TooLong,
    Unrepresentable,
    exception_text,
    result_text,
)

LIMIT = 8192
scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text()
    | st.binary()
)
values = st.recursive(
    scalars,
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.lists(inner, max_size=4).map(tuple)
        | st.dictionaries(st.text() | st.integers(), inner, max_size=4)
        | st.sets(st.integers() | st.text(), max_size=4)
        | st.frozensets(st.integers(), min_size=1, max_size=4)
    ),
    max_leaves=20,
)


def kind(value: object) -> str:
    return type(value).__name__


class Number(IntEnum):
    ONE = 1


class Lies:
    __class__ = int  # type: ignore[assignment]  # that is the attack

    def __repr__(self) -> str:
        return "42"


@given(values)
def test_the_text_of_a_value_spells_that_value(value: object) -> None:
    try:
        text = result_text(value, LIMIT)
    except TooLong:
        assert len(repr(value)) > LIMIT // 4
        return
    spelled = text.replace("frozenset({", "({")
    assert "frozenset" in text or ast.literal_eval(spelled) == value


@given(st.sets(st.text(max_size=4)))
def test_the_text_of_a_set_does_not_depend_on_its_order(items: set[str]) -> None:
    backwards = set()
    for item in sorted(items, reverse=True):
        backwards.add(item)

    assert result_text(items, LIMIT) == result_text(backwards, LIMIT)


@given(values, st.integers(0, 60))
def test_no_text_is_longer_than_its_limit(value: object, limit: int) -> None:
    try:
        text = result_text(value, limit)
    except TooLong:
        return
    assert len(text.encode()) <= limit


@given(values.filter(lambda value: not isinstance(value, set | frozenset | list | tuple | dict)))
def test_a_scalar_is_spelled_as_its_repr(value: object) -> None:
    assert result_text(value, 10**6) == repr(value)


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ((), "()"),
        ((1,), "(1,)"),
        (set(), "set()"),
        (frozenset(), "frozenset()"),
        ({2, 1}, "{1, 2}"),
        ({"b": {1: []}, "a": bytearray(b"x")}, "{'b': {1: []}, 'a': bytearray(b'x')}"),
        ([float("nan"), -0.0, 1e999, 1j], "[nan, -0.0, inf, 1j]"),
    ],
)
def test_containers_are_spelled_as_python_does(value: object, text: str) -> None:
    assert result_text(value, LIMIT) == text


@pytest.mark.parametrize(
    "value",
    [
        object(),
        Number.ONE,
        Lies(),
        OrderedDict(),
        [Lies()],
        {1: Lies()},
        iter([]),
        len,
        int,
        range(3),
        10**5000,
        "<object at 0x7f3a2b1c>",
    ],
    ids=kind,
)
def test_what_is_no_exact_builtin_value_is_none(value: object) -> None:
    with pytest.raises(Unrepresentable):
        result_text(value, LIMIT)


def test_a_container_that_holds_itself_is_no_value() -> None:
    items: list[Any] = []
    items.append({"items": items})

    with pytest.raises(Unrepresentable):
        result_text(items, LIMIT)


def test_one_list_twice_is_no_cycle() -> None:
    inner = [1]

    assert result_text([inner, inner], LIMIT) == "[[1], [1]]"


def test_a_shared_list_that_unfolds_to_a_gigabyte_is_too_long_at_once() -> None:
    value: list[Any] = [0]
    for _ in range(50):
        value = [value, value]

    with pytest.raises(TooLong):
        result_text(value, LIMIT)


@pytest.mark.parametrize("value", ["x" * 8193, b"x" * 8193, [0] * 8192, 1 << 100_000], ids=kind)
def test_long_values_are_too_long_before_they_are_spelled(value: object) -> None:
    with pytest.raises(TooLong):
        result_text(value, LIMIT)


def test_deep_values_are_too_long() -> None:
    value: list[Any] = []
    for _ in range(MAX_DEPTH + 1):
        value = [value]

    with pytest.raises(TooLong):
        result_text(value, LIMIT)


def test_an_exception_is_its_type_and_its_message() -> None:
    assert exception_text(ValueError("no such x"), LIMIT) == "ValueError: no such x"
    assert exception_text(KeyError("k"), LIMIT) == "KeyError: 'k'"


def test_an_exception_without_a_message_is_its_type() -> None:
    assert exception_text(StopIteration(), LIMIT) == "StopIteration"


def test_surrogates_in_a_message_are_escaped() -> None:
    assert exception_text(ValueError("\ud83d"), LIMIT) == "ValueError: \\ud83d"


def test_a_message_that_is_no_plain_text_is_not_used() -> None:
    class Text(str):
        __slots__ = ()

    class Odd(Exception):  # any name does
        def __str__(self) -> str:
            return Text("lies")

    assert exception_text(Odd(), LIMIT) == "Odd: <str failed>"


def test_the_name_of_an_exception_cannot_lie() -> None:
    class Meta(type):
        __name__ = "ValueError"

    class Honest(Exception, metaclass=Meta):  # any name does
        pass

    assert exception_text(Honest("x"), LIMIT) == "Honest: x"


def test_a_long_message_is_too_long() -> None:
    with pytest.raises(TooLong):
        exception_text(ValueError("x" * 9000), LIMIT)


def test_an_address_in_a_message_is_no_outcome() -> None:
    with pytest.raises(Unrepresentable):
        exception_text(ValueError(f"bad {object()!r}"), LIMIT)


def told(value: object, limit: int) -> tuple[str, str]:
    """Return what the recorder in Python tells, as the one in C does."""
    try:
        if isinstance(value, BaseException):
            return "exception", exception_text(value, limit)
        return "value", result_text(value, limit)
    except Unrepresentable:
        return "unrepresentable", ""
    except TooLong:
        return "truncated", ""


class Odd(Exception):
    def __str__(self) -> str:
        raise ValueError


class Shouting(Exception):
    def __str__(self) -> str:
        return Loud("!")


class Loud(str):
    __slots__ = ()


class Bag(dict[str, int]):
    pass


def nested(depth: int) -> list[Any]:
    found: list[Any] = []
    for _ in range(depth):
        found = [found]
    return found


ITSELF: list[Any] = [1]
ITSELF.append((ITSELF,))
TRICKY = (
    *(10**n - 1 for n in (0, 3, 17, 18, 19, 20, 100, 4299, 4300, 5000)),
    *(-(2**n) for n in (62, 63, 64, 65)),
    *map(nested, (0, 1, MAX_DEPTH - 1, MAX_DEPTH, MAX_DEPTH + 1)),
    ITSELF,
    float("nan"),
    float("-inf"),
    -0.0,
    1j,
    bytearray(b"x"),
    {(1, "a"): {"b", 2, b"c", (3,)}, None: frozenset([3, 1, "zz"])},
    [Bag()],
    Bag(),
    {1: Loud("x")},
    Loud("x"),
    object(),
    range(3),
    iter(()),
    "a function at 0x7f0012345678",
    ["object at 0x7f0012345678"],
    "data 0x7f0012345678",
    "\ud800",
    ["\ud800\xe9"],
    "\xe9" * 50,
    Odd("a"),
    Shouting("a"),
    KeyError("a"),
    OSError(2, "no"),
    Exception(),
    Exception("x" * 99),
    Exception("\ud800" * 20),
    Exception("it is at 0x7f0012345678"),
)


@given(st.sampled_from(TRICKY) | values, st.integers(0, 200) | st.just(LIMIT))
def test_both_recorders_tell_the_same_at_any_limit(value: object, limit: int) -> None:
    assert _recorder.result_text(value, limit) == told(value, limit)


@pytest.mark.parametrize("value", TRICKY, ids=lambda value: type(value).__name__)
def test_both_recorders_tell_the_same_of_what_is_tricky(value: object) -> None:
    for limit in (*range(120), 4300, LIMIT):
        assert _recorder.result_text(value, limit) == told(value, limit)
