from random import Random
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.code.literals import parse_arguments
from c2c_stream.records import Function, Parameter
from c2c_stream.write.arguments import MAX_INPUT_CHARS
from c2c_stream.write.model.grammar import BASE, grammar_of, is_optional, schema_of
from c2c_stream.write.model.lines import inputs_in
from tests.write.model.gbnf import drawn, rules_of
from tests.write.model.make import signatures

VALUES: dict[str, tuple[type, ...]] = {
    "int": (int,),
    "float": (int, float),
    "str": (str,),
    "bytes": (bytes,),
    "bool": (bool,),
    "list[list[int]]": (list,),
    "dict[str, list[float]]": (dict,),
    "tuple[int, str | None]": (tuple,),
    "Optional[int]": (int, type(None)),
    "set[int]": (set,),
}


def named(line: str, parameters: tuple[Parameter, ...]) -> list[str]:
    """Return the names that a line of the grammar gives."""
    _, kwargs = parse_arguments(line)
    assert [p.name for p in parameters if p.name in kwargs] == list(kwargs)
    return list(kwargs)


@given(signatures(), st.integers(0, 1 << 30))
def test_what_the_grammar_accepts_are_calls_with_the_right_names(
    parameters: tuple[Parameter, ...], seed: int
) -> None:
    random = Random(seed)
    text = drawn(rules_of(grammar_of(parameters, 1, 4)), random)
    lines = text.split("\n")
    assert lines.pop() == ""
    assert 1 <= len(lines) <= 4
    required = [p.name for p in parameters if not is_optional(p)]
    for line in lines:
        names = named(line, parameters)
        assert set(required) <= set(names)
        if len(line) <= MAX_INPUT_CHARS // 2:
            assert fits(line, parameters) == len(
                inputs_in(line, Function(parameters=parameters), 9).inputs
            )


def fits(line: str, parameters: tuple[Parameter, ...]) -> bool:
    """Tell whether Python can pass what a line gives: not by position behind what is left out."""
    names = parse_arguments(line)[1]
    order = ("positional_only", "positional_or_keyword")
    rest = next((p.name for p in parameters if p.kind == "var_positional"), None)
    kinds = order if rest and names.get(rest) else order[:1]
    given_ = [p.name in names for p in parameters if p.kind in kinds]
    if rest and names.get(rest) and not all(given_):
        return False
    return given_ == sorted(given_, reverse=True)


@pytest.mark.parametrize(("annotation", "types"), VALUES.items())
def test_an_annotation_says_which_values_there_are(
    annotation: str, types: tuple[type, ...]
) -> None:
    rules = rules_of(grammar_of((Parameter("x", KIND, annotation),), 1, 1))
    random = Random(7)
    found = {type(value_of(drawn(rules, random))) for _ in range(60)}
    assert found == set(types)


KIND = "positional_or_keyword"


def value_of(line: str) -> Any:
    return parse_arguments(line.strip())[1]["x"]


def test_parameters_with_a_default_may_be_left_out_wherever_they_stand() -> None:
    parameters = (
        Parameter("a", KIND, "int", "1"),
        Parameter("b", KIND, "int", "2"),
        Parameter("c", "keyword_only", "int", ""),
        Parameter("d", "keyword_only", "int", "3"),
    )
    rules = rules_of(grammar_of(parameters, 1, 1))
    random = Random(1)
    found = {tuple(named(drawn(rules, random).strip(), parameters)) for _ in range(200)}
    assert found == {
        tuple(n for n in "abcd" if n == "c" or n in given_)
        for given_ in ("", "a", "b", "d", "ab", "ad", "bd", "abd")
    }


def test_a_line_is_never_empty() -> None:
    rules = rules_of(grammar_of((Parameter("a", KIND, "int", "1"),), 1, 1))
    assert {drawn(rules, Random(seed))[:2] for seed in range(20)} == {"a="}


@given(signatures(), st.integers(0, 1 << 30))
def test_the_grammar_bounds_depth_and_number(parameters: tuple[Parameter, ...], seed: int) -> None:
    text = drawn(rules_of(grammar_of(parameters, 2, 3)), Random(seed))
    assert 2 <= text.count("\n") <= 3
    assert all(depth(value) <= 6 for value in parse_arguments(text.split("\n")[0])[1].values())


@pytest.mark.parametrize("rule", ["single", "double", "octet"])
def test_the_characters_of_a_string_cost_no_look_at_each_token(rule: str) -> None:
    bodies = dict(line.split(" ::= ") for line in BASE.strip().splitlines())
    uses = [text for text in bodies.values() if rule in text]
    assert uses
    assert all(f"{rule}*" in text for text in uses)
    alone = rules_of(f"{rule} ::= {bodies[rule]}")  # drawing from it fails where it names a rule
    assert {len(drawn(alone, Random(seed), rule)) for seed in range(20)} >= {1}


def depth(value: object) -> int:
    if isinstance(value, dict):
        return 1 + max(map(depth, [*value, *value.values()]), default=0)
    if isinstance(value, list | tuple | set):
        return 1 + max(map(depth, value), default=0)
    return 0


def test_the_schema_names_each_parameter_and_lets_null_leave_one_out() -> None:
    parameters = (Parameter("n", KIND), Parameter("k", KIND, "", "2"))
    schema = schema_of(parameters, 5)
    assert schema["properties"]["cases"]["maxItems"] == 5
    case = schema["properties"]["cases"]["items"]
    assert case["required"] == ["n", "k"]
    assert not case["additionalProperties"]
    assert case["properties"] == {"n": {"type": "string"}, "k": {"type": ["string", "null"]}}
