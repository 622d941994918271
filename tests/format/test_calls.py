import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.format.calls import call_key
from c2c_stream.records import Parameter

PARAMETERS = (
    Parameter("n", "positional_or_keyword"),
    Parameter("s", "positional_or_keyword", default="'a'"),
    Parameter("rest", "var_positional"),
    Parameter("key", "keyword_only", default="None"),
)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("1", "n=1"),
        ("n=1, s='b'", 's="b", n=1'),
        ("1", "1, 'a'"),
        ("1", "1, key=None"),
        ("{1, 2}", "{2, 1}"),
        ("{'x': 1, 'y': 2}", "{'y': 2, 'x': 1}"),
        ("0x10", "16"),
        ("1, 'a', 5", "1, 'a', 5, key=None"),
    ],
)
def test_equal_calls_have_one_key_however_they_are_spelled(left: str, right: str) -> None:
    assert call_key(PARAMETERS, left) == call_key(PARAMETERS, right)


@pytest.mark.parametrize(
    ("left", "right"),
    [
        ("1", "True"),
        ("1", "1.0"),
        ("1, 'a', 5", "1, 'a', 6"),
        ("[1, 2]", "[2, 1]"),
        ("1, **{'key': 2}", "1, **{'key': 3}"),
    ],
)
def test_different_calls_have_different_keys(left: str, right: str) -> None:
    assert call_key(PARAMETERS, left) != call_key(PARAMETERS, right)


@pytest.mark.parametrize("text", ["1 +", ") + (", "(" * 5000, "-" * 200_000 + "1", "\0"])
def test_text_that_is_no_call_is_its_own_key(text: str) -> None:
    assert call_key(PARAMETERS, text) == text.strip()


def test_an_odd_escape_in_a_default_warns_nobody() -> None:
    pattern = (Parameter("pattern", "positional_or_keyword", default=r"'\d'"),)

    assert call_key(pattern, "") == call_key(pattern, r"'\\d'")


@given(st.text())
def test_any_text_has_a_key(text: str) -> None:
    assert isinstance(call_key(PARAMETERS, text), str)
