import json
from random import Random

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.format.fence import fenced
from c2c_stream.format.prompt import Layout, draw_layout, one_line, signature_of, write_prompt
from c2c_stream.format.templates import (
    CASE_HEADERS,
    CASE_STYLES,
    FUNCTION_HEADERS,
    INSTRUCTIONS,
    CaseStyle,
)
from c2c_stream.records import Case, Function, Parameter

FUNCTION = Function(
    entry_point="scale",
    parameters=(
        Parameter("value", "positional_only"),
        Parameter("factor", "positional_or_keyword", "int", "2"),
        Parameter("digits", "keyword_only", default="None"),
        Parameter("more", "var_keyword"),
    ),
    code="def scale(value, /, factor=2, *, digits=None, **more):\n    return value * factor\n",
)
CASES = [Case("3", "value", "6"), Case("{}", "exception", "TypeError: bad\noperand")]


def test_there_is_the_breadth_that_was_asked_for() -> None:
    assert len(set(INSTRUCTIONS)) >= 28
    assert len(set(CASE_HEADERS)) >= 20
    assert len(set(FUNCTION_HEADERS)) >= 8
    assert len(set(CASE_STYLES)) >= 13


def test_layouts_use_every_template() -> None:
    layouts = [draw_layout(Random(seed)) for seed in range(3000)]

    assert {one.instruction for one in layouts} == set(INSTRUCTIONS)
    assert {one.case_header for one in layouts} == {None, *CASE_HEADERS}
    assert {one.function_header for one in layouts} == {None, *FUNCTION_HEADERS}
    assert {one.style for one in layouts} == set(CASE_STYLES)
    assert len({one.order for one in layouts}) == 6


def test_headers_stand_in_four_of_five_prompts() -> None:
    layouts = [draw_layout(Random(seed)) for seed in range(3000)]

    assert 0.77 < sum(one.case_header is not None for one in layouts) / 3000 < 0.83
    assert 0.77 < sum(one.function_header is not None for one in layouts) / 3000 < 0.83


@given(st.integers())
def test_every_prompt_names_the_function_and_hides_its_body(seed: int) -> None:
    prompt = write_prompt(draw_layout(Random(seed)), FUNCTION, CASES)

    assert "scale" in prompt
    assert "return value" not in prompt


@pytest.mark.parametrize("style", CASE_STYLES)
def test_every_style_shows_arguments_and_outcome_of_every_case(style: CaseStyle) -> None:
    layout = Layout("Do it.", None, None, style, (0, 1, 2))

    prompt = write_prompt(layout, FUNCTION, CASES)

    assert prompt.startswith("Do it.\n\n")
    for shown in ("3", "6", "{}", "TypeError: bad\\"):
        assert shown in prompt


@pytest.mark.parametrize("style", CASE_STYLES)
def test_every_style_shows_what_was_printed_and_only_where_something_was(
    style: CaseStyle,
) -> None:
    layout = Layout("Do it.", None, None, style, (0, 1, 2))
    cases = [Case("n=1", "value", "None"), Case("n=2", "value", "None", printed="a {b}\n")]
    cases.append(Case("n=3", "exception", "E: x", printed="c"))

    silent, *printing = (write_prompt(layout, FUNCTION, [case]) for case in cases)

    for word in ("print", "stdout"):
        assert word not in silent.lower()
    assert "a {b}\\n" in printing[0]
    assert "c" in printing[1].partition("Do it.")[2]
    assert all("print" in one.lower() or "stdout" in one for one in printing)


def test_the_json_style_is_json_where_something_is_printed() -> None:
    style = next(s for s in CASE_STYLES if s.fence == "json")
    case = Case("3", "value", "None", printed='say "x"\n')
    prompt = write_prompt(Layout("Do it.", None, None, style, (0, 1, 2)), FUNCTION, [case])

    [line] = [json.loads(line) for line in prompt.splitlines() if line.startswith("{")]
    assert line == {"call": "scale(3)", "value": "None", "printed": 'say "x"\n'}


def test_the_json_style_is_json() -> None:
    style = next(s for s in CASE_STYLES if s.fence == "json")
    prompt = write_prompt(Layout("Do it.", None, None, style, (0, 1, 2)), FUNCTION, CASES)

    lines = [json.loads(line) for line in prompt.splitlines() if line.startswith("{")]

    assert lines[0] == {"call": "scale(3)", "value": "6"}
    assert lines[1] == {"call": "scale({})", "exception": "TypeError: bad\\noperand"}


def test_braces_in_a_case_are_not_template_fields() -> None:
    layout = Layout("Do it.", None, None, CASE_STYLES[0], (0, 1, 2))

    assert "scale('{name}') -> '{0}'" in write_prompt(
        layout, FUNCTION, [Case("'{name}'", "value", "'{0}'")]
    )


def test_a_signature_reads_as_it_was_written() -> None:
    assert signature_of(FUNCTION) == "def scale(value, /, factor: int = 2, *, digits=None, **more)"


def test_no_star_of_its_own_stands_behind_a_starred_parameter() -> None:
    function = Function(
        entry_point="f",
        parameters=(
            Parameter("rest", "var_positional"),
            Parameter("a", "keyword_only"),
            Parameter("b", "keyword_only"),
        ),
    )

    assert signature_of(function) == "def f(*rest, a, b)"


@given(st.text())
def test_one_line_is_one_printable_line(text: str) -> None:
    assert one_line(text).isprintable()


@given(st.text(alphabet="`~ \nab"))
def test_text_cannot_close_the_fence_around_it(text: str) -> None:
    block = fenced(text, "python")
    fence = block.partition("python")[0]

    assert fence not in block.removeprefix(fence).removesuffix(fence)
    assert len(fence) >= 3
