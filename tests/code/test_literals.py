import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.code.literals import format_arguments, is_literal, parse_arguments

scalars = (
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.complex_numbers()
    | st.text(max_size=9)
    | st.binary(max_size=9)
)
hashable = st.recursive(
    scalars, lambda inner: st.tuples(inner, inner) | st.frozensets(inner, max_size=3), max_leaves=4
)
values = st.recursive(
    hashable,
    lambda inner: (
        st.lists(inner, max_size=3)
        | st.dictionaries(hashable, inner, max_size=3)
        | st.sets(hashable, max_size=3)
        | st.tuples(inner)
    ),
    max_leaves=6,
)
names = st.sampled_from(["n", "text", "größe", "_x"])


@given(st.lists(values, max_size=3), st.dictionaries(names, values, max_size=3))
def test_what_is_formatted_is_read_back_to_the_same_text(
    args: list[object], kwargs: dict[str, object]
) -> None:
    text = format_arguments(args, kwargs)
    again_args, again_kwargs = parse_arguments(text)
    assert repr(again_args) == repr(args) or any(map(_holds_sets, [*args, *kwargs.values()]))
    assert format_arguments(again_args, again_kwargs) == text


def _holds_sets(value: object) -> bool:
    return "set(" in repr(value) or "{" in repr(value)


@given(values)
def test_every_plain_value_is_a_literal(value: object) -> None:
    assert is_literal(value)


def test_arguments_are_read_as_a_call_would_take_them() -> None:
    assert parse_arguments("3, 'a', k=[1, (2,)], s=set()") == (
        [3, "a"],
        {"k": [1, (2,)], "s": set()},
    )


def test_sets_are_formatted_in_one_order() -> None:
    assert format_arguments([{"b", "a", "c"}], {}) == "{'a', 'b', 'c'}"
    assert format_arguments([frozenset({2, 1})], {}) == "frozenset({1, 2})"


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (float("inf"), "float('inf')"),
        (float("-inf"), "float('-inf')"),
        (float("nan"), "float('nan')"),
        (-0.0, "-0.0"),
        ((), "()"),
        ((1,), "(1,)"),
        (frozenset(), "frozenset()"),
        (complex(-0.0, 2), "complex(-0.0, 2.0)"),
        ({"a": {}}, "{'a': {}}"),
    ],
)
def test_values_without_a_plain_spelling_have_one(value: object, text: str) -> None:
    assert format_arguments([value], {}) == text
    assert repr(parse_arguments(text)[0][0]) == repr(value)


@pytest.mark.parametrize(
    "text",
    [
        "__import__('os')",
        "1)+call(2",
        "1), call(2",
        "x",
        "*[1]",
        "**{'a': 1}",
        "a=1, a=2",
        "{**{}}",
        "{[]}",
        "{[]: 1}",
        "lambda: 0",
        "[x for x in []]",
        "f'{1}'",
        "1 + 2",
        "2 ** 99999999",
        "'a' * 9",
        "...",
        "float('1')",
        "set([1])",
        "frozenset([1])",
        "set(x=1)",
        "-'a'",
        "not 1",
        "-True",
        "1j + 1j + 1j",
        "(" * 5000,
        "[" * 45 + "]" * 45,
        "-" * 10_000 + "1",
        "\0",
        "9" * 5000,
        "1 if 1 else 2",
        "(yield)",
        "a.b",
        "a[0]",
        "'" + "a" * 70_000 + "'",
    ],
)
def test_what_is_no_plain_literal_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r"literal|argument|holds|dict|expression"):
        parse_arguments(text)


def test_a_comment_cannot_swallow_the_end() -> None:
    assert parse_arguments("1 # one") == ([1], {})


def test_odd_escapes_do_not_warn() -> None:
    assert parse_arguments(r"'\d'") == (["\\d"], {})


class _Int(int):
    pass


@pytest.mark.parametrize("value", [_Int(1), [_Int(1)], {1: object()}, range(3), bytearray(), ...])
def test_other_types_are_no_literals(value: object) -> None:
    assert not is_literal(value)
    with pytest.raises(ValueError, match="no literal"):
        format_arguments([value], {})


def test_a_list_inside_itself_is_no_literal() -> None:
    endless: list[object] = []
    endless.append(endless)
    assert not is_literal(endless)
    with pytest.raises(ValueError, match="deeper"):
        format_arguments([endless], {})


def test_a_value_that_unfolds_without_bound_is_no_literal() -> None:
    value: list[object] = [0]
    for _ in range(35):
        value = [value, value]
    assert not is_literal(value)
