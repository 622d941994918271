import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.code.literals import parse_arguments
from c2c_stream.records import Function, Parameter
from c2c_stream.write.arguments import MAX_INPUT_CHARS
from c2c_stream.write.model import lines
from c2c_stream.write.model.lines import MAX_LINES, MAX_TEXT_CHARS, Read
from tests.write.model.make import signatures


def inputs_in(
    text: str, parameters: tuple[Parameter, ...], most: int, *, cut: bool = False
) -> Read:
    return lines.inputs_in(text, Function(entry_point="f", parameters=parameters), most, cut=cut)


ANY = "positional_or_keyword"
TWO = (Parameter("n", ANY), Parameter("k", ANY, "", "2"))
REST = (Parameter("a", ANY), Parameter("rest", "var_positional"), Parameter("more", "var_keyword"))
ONLY = (Parameter("a", "positional_only"), Parameter("b", "positional_only", "", "1"))


@pytest.mark.parametrize(
    ("text", "inputs"),
    [
        ("n=1\nn=2, k=3\n", ["n=1", "n=2, k=3"]),
        ("1\n1, 2\n1, k=2", ["n=1", "n=1, k=2"]),
        ("- n=1\n* n=2\n3. n=3\n4) n=4", ["n=1", "n=2", "n=3", "n=4"]),
        ("```python\nf(n=1)\nmodule.f(2, k='a'),\n```", ["n=1", "n=2, k='a'"]),
        ("dict(n=[1, 2])", ["n=[1, 2]"]),
        ("`n=1`;\r\nn = 2 ", ["n=1", "n=2"]),
        ("n=1  # the usual one", ["n=1"]),
        ("n='#'", ["n='#'"]),
        ("k=1\nm=1\nn=1, n=2\nn=1, m=2\n1, 2, 3\n1, n=2", []),
        ("n=x\nn=f()\nn=[i for i in range(3)]\nn=1+1\nn=-2", ["n=-2"]),
        ("n=1\nn=1\n n=1", ["n=1"]),
        ("", []),
    ],
)
def test_what_is_a_call_with_literals_is_read(text: str, inputs: list[str]) -> None:
    assert list(inputs_in(text, TWO, 99).inputs) == inputs


@pytest.mark.parametrize(
    "text",
    [
        '__import__("os").system("true")',
        'n=__import__("os")',
        "n=open('/etc/passwd').read()",
        "n=(lambda: 1)()",
        "n=f'{1}'",
        "n=1) + call(2",
        "n=1\x00",
        "**{'n': 1}",
        "*[1]",
        "n=...",
        "def f(n):\n    return n\n",
        "I am sorry, but I cannot help with that.",
        "Here are some inputs:",
        "import os\nos.remove('n')",
        "n=" + "[" * 200 + "]" * 200,
        "n='" + "a" * MAX_INPUT_CHARS + "'",
        "n=" + "9" * 5000,
    ],
)
def test_nothing_but_literals_passes(text: str) -> None:
    assert inputs_in(text, TWO, 99).inputs == ()


def test_useless_lines_are_counted() -> None:
    assert inputs_in("Sure!\nn=1\nn=x", TWO, 9) == Read(("n=1",), 2)


def test_what_is_cut_is_dropped_and_what_is_whole_is_kept() -> None:
    assert inputs_in("n=12\nn=34", TWO, 9).inputs == ("n=12", "n=34")
    assert inputs_in("n=12\nn=34", TWO, 9, cut=True).inputs == ("n=12",)
    assert inputs_in("n=12\nn=[1, ", TWO, 9).inputs == ("n=12",)


def test_a_text_without_end_is_read_no_further_than_its_bound() -> None:
    assert inputs_in("n=1\n" * 1000, TWO, 9) == Read(("n=1",), 0)
    many = "\n".join(f"n={n}" for n in range(MAX_LINES * 3))
    assert len(inputs_in(many, TWO, 10_000).inputs) == MAX_LINES
    assert len(inputs_in(many, TWO, 7).inputs) == 7
    assert inputs_in(" " * MAX_TEXT_CHARS + "\nn=1", TWO, 9).inputs == ()


@pytest.mark.parametrize(
    ("parameters", "line", "written"),
    [
        (REST, "a=1, rest=[2, 3]", "1, 2, 3"),
        (REST, "1, 2, 3", "1, 2, 3"),
        (REST, "a=1, rest=[]", "a=1"),
        (REST, "a=1, more={'b': 2, 'if': 3, 'a': 4}", "a=1, b=2"),
        (REST, "rest=[1]", None),
        (REST, "a=1, rest=2", None),
        (REST, "a=1, more=2", None),
        (REST, "1, 2, rest=[3]", None),
        (ONLY, "a=1, b=2", "1, 2"),
        (ONLY, "a=1", "1"),
        (ONLY[1:] + ONLY[1:], "b=1", "1, 1"),
        ((Parameter("a", "positional_only", "", "1"), *ONLY[1:]), "b=1", None),
    ],
)
def test_values_are_passed_as_the_signature_takes_them(
    parameters: tuple[Parameter, ...], line: str, written: str | None
) -> None:
    assert inputs_in(line, parameters, 9).inputs == (() if written is None else (written,))


@pytest.mark.parametrize(
    ("answer", "inputs"),
    [
        ({"cases": [{"n": "1", "k": None}, {"n": "'a'", "k": "[2]"}]}, ["n=1", "n='a', k=[2]"]),
        ({"cases": [{"n": 1}, {"n": "x"}, {"n": "1, 2"}, {"n": "m=1"}, {"m": "1"}, 7]}, []),
        ({"cases": [{"n": "1" * 9000}]}, []),
        ({"cases": 3}, []),
    ],
)
def test_an_answer_in_json_is_read(answer: object, inputs: list[str]) -> None:
    assert list(inputs_in(json.dumps(answer), TWO, 9).inputs) == inputs


def test_a_call_with_a_dict_alone_is_no_json_answer() -> None:
    assert inputs_in("{'a': 1}", TWO, 9).inputs == ("n={'a': 1}",)
    assert inputs_in('{"cases": ' + "[" * 100_000, TWO, 9).inputs == ()


@given(signatures(), st.text(max_size=300))
def test_whatever_a_model_writes_only_calls_of_literals_come_out(
    parameters: tuple[Parameter, ...], text: str
) -> None:
    for call in inputs_in(text, parameters, 5).inputs:
        parse_arguments(call)
        call.encode()
