"""What is read in C is what code/literals.py reads, or it is left to it."""

from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from c2c_stream.code.literals import format_arguments, parse_arguments
from c2c_stream.execute._recorder import plain_arguments

scalars = st.none() | st.booleans() | st.integers() | st.floats() | st.text() | st.binary()
values = st.recursive(
    scalars | st.complex_numbers(),
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(scalars, inner),
    max_leaves=6,
)
named = st.dictionaries(st.from_regex(r"\A[a-z]{3}\Z").filter(str.isidentifier), values, max_size=2)
calls = st.builds(format_arguments, st.lists(values, max_size=3), named)
PIECES = r"""
' " b' b" \ \x41 \xe9 \n \N{DASH} \0 ( ) [ ] { } , : = == - + . .. 0 00 1 12 1.5 .5 5. 1e5 1e 1e400
2j 0x1 1_0 9999999999999999999 None True False a a= True= if= x y= # ; * ** lambda é f' r" not
"""
pieces = st.sampled_from([*PIECES.split(), " ", "\t", "\0", "\n", "'''"])
scraps = st.lists(pieces | st.text(max_size=2), max_size=8).map("".join)


def parsed(text: str) -> Any:
    try:
        return parse_arguments(text)
    except ValueError:
        return None


def is_left_or_what_it_says(text: str) -> bool:
    found = plain_arguments(text)
    return found is None or repr(found) == repr(parsed(text))


@given(scraps | st.text() | st.text("\"'(),#\\ \n[1a=:}b.e-") | calls)
@example("1)+call(2")
@example("(1)(2)")
@example("'\ud800'")
@example("b")
@example("-")
@example("1e")
@example("'\\")
@example("'\\x")
@example("'\\x4")
def test_any_text_is_left_or_is_what_it_says(text: str) -> None:
    assert is_left_or_what_it_says(text)


@given(calls, st.data())
def test_so_is_one_that_lost_or_got_a_character(text: str, data: st.DataObject) -> None:
    at = data.draw(st.integers(0, len(text)))
    behind = text[at + data.draw(st.integers(0, 2)) :]

    assert is_left_or_what_it_says(text[:at] + data.draw(pieces) + behind)
    assert is_left_or_what_it_says(text[:at] + behind)


@pytest.mark.parametrize(
    "text",
    [
        "",
        "1, -2.5, 'a'",
        "x=[(1,), {'k': None}], y = ()",
        r"b'x\x00', True,",
        "-0.0, 1e400, -1, 0, 10",
        "(((1))), ( 1 , ), [ ], { }",
        r"""'it\'s', "é \xe9 \\ \n" """,
        "{1: 2, 1: 3, (1, 'a'): [None], }",
        "12345678901234567890123",
    ],
)
def test_ordinary_arguments_are_read(text: str) -> None:
    assert repr(plain_arguments(text)) == repr(parse_arguments(text))


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
        "'''a'''",
        "'a' 'b'",
        "open('x')",
        "*[1]",
        "**{}",
        "{**{}}",
        "{[]: 1}",
        "a=1, a=2",
        "a=1, 2",
        "if=1",
        "x for x in ()",
        "1 # one",
        "1\n",
        "'" + "x" * 5000 + "'",
        "[" * 30 + "]" * 30,
    ],
)
def test_what_is_not_plain_is_left(text: str) -> None:
    assert plain_arguments(text) is None
