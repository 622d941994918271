import ast
import textwrap

import pytest

from c2c_stream.code.normalise import digest, function_id

PLAIN = """
def f(a, b=(1, 2)):
    '''Doc.'''
    # comment
    if a == 'x':
        return {'k': 0x10, "l": -1.50}
    return (a +
            b)
"""
REFORMATTED = """
def f(
    a,
    b=(
        1,
        2,
    ),
):


        if (a == \"x\"):  # another
            return {"k": 16, 'l': -1.5,}
        return a + b
"""


def identity(source: str) -> str:
    return function_id("f", textwrap.dedent(source))


def test_layout_comments_and_docstrings_do_not_matter() -> None:
    assert identity(PLAIN) == identity(REFORMATTED)


@pytest.mark.parametrize(
    "other",
    [
        PLAIN.replace("a == 'x'", "a != 'x'"),
        PLAIN.replace("'x'", "b'x'"),
        PLAIN.replace("0x10", "16.0"),
        PLAIN.replace("return (a", "yield (a"),
        PLAIN.replace("def f(a, b", "def f(b, a"),
        PLAIN.replace("def f(a", "async def f(a"),
        PLAIN.replace("(a, b=(1, 2))", "(a, *, b=(1, 2))"),
        PLAIN.replace("# comment", "'no docstring, a statement'"),
    ],
)
def test_whatever_the_interpreter_sees_matters(other: str) -> None:
    assert identity(PLAIN) != identity(other)


def test_the_entry_point_matters() -> None:
    assert function_id("f", PLAIN) != function_id("g", PLAIN)


def test_a_future_import_does_not_matter() -> None:
    assert identity("from __future__ import annotations\n" + PLAIN) == identity(PLAIN)


@pytest.mark.parametrize(
    "text",
    [
        pytest.param("x = " + "1+" * 1000 + "1", id="binop_1k_unparse"),
        pytest.param("x = 0x" + "f" * 1_000_000, id="hexint_1M_unparse"),
        pytest.param("x = 'a" + "\\ud800" + "'", id="lone_surrogate"),
    ],
)
def test_what_unparse_cannot_write_has_an_identity(text: str) -> None:
    assert len(digest(ast.parse(text).body[0])) == 32


def test_tokens_of_different_trees_do_not_run_together() -> None:
    pairs = [
        ("f(a, b)", "f(a)(b)"),
        ("a[b, c]", "a[b][c]"),
        ("'a' 'b'", "'a', 'b'"),
        ("a.b", "a; b"),
    ]
    for one, other in pairs:
        assert digest(ast.parse(one).body[0]) != digest(ast.parse(other).body[0])
