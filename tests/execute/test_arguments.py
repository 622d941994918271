from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.code.literals import format_arguments, parse_arguments
from c2c_stream.execute.arguments import read_plain

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
values = st.recursive(
    scalars | st.complex_numbers(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(scalars, inner),
    max_leaves=6,
)
named = st.dictionaries(st.from_regex(r"\A[a-z]{3}\Z").filter(str.isidentifier), values, max_size=2)
calls = st.builds(format_arguments, st.lists(values, max_size=3), named)


def parsed(text: str) -> Any:
    try:
        return parse_arguments(text)
    except ValueError:
        return None


@given(st.lists(calls, max_size=5))
def test_values_are_what_the_text_says(texts: list[str]) -> None:
    for text, found in zip(texts, read_plain(texts), strict=True):
        assert found == text or repr(found) == repr(parse_arguments(text))


@given(st.lists(st.text() | st.text("\"'(),#\\ \n[1a=:}") | calls, max_size=4))
def test_any_text_is_left_or_is_what_it_says_alone(texts: list[str]) -> None:
    for text, found in zip(texts, read_plain(texts), strict=True):
        assert found == text or repr(found) == repr(parsed(text))


def test_ordinary_arguments_are_read() -> None:
    texts = ["1, -2.5, 'a'", "x=[(1,), {'k': None}]", "", "b'x', True # end", "-0.0, 2j,"]

    assert repr(read_plain(texts)) == repr([parse_arguments(text) for text in texts])


@pytest.mark.parametrize(
    "text",
    [
        "{1, 2}",
        "[{1}]",
        "frozenset()",
        "float('nan')",
        "1 + 2j",
        "-True",
        "+1",
        "...",
        "f''",
        "open('x')",
        "*[1]",
        "**{}",
        "{**{}}",
        "{[]: 1}",
        "a=1, a=2",
        "x for x in ()",
        "1\n",
        "'" + "x" * 5000 + "'",
        "[" * 30 + "]" * 30,
    ],
)
def test_what_is_not_plain_is_left_and_spoils_no_other(text: str) -> None:
    assert read_plain(["1", text, "2"]) == [([1], {}), text, ([2], {})]


@pytest.mark.parametrize(
    "texts",
    [
        ["1)+call(2", "3"],
        ["1); call(2", "3"],
        ["1", "'", "3"],
        ["'''", "'''", "1); call(2"],
        ["1).x(2", "3"],
        ["\ud800", "'"],
    ],
)
def test_texts_that_spill_over_are_all_left_alone(texts: list[str]) -> None:
    found = read_plain(texts)

    assert found == texts
