import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.execute.frames import Call, ForgedError, parse_frames, split_prepared
from c2c_stream.sandbox import Verdict

LOADED = '[-1, "value", "", 3]'
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)


def test_frames_are_the_load_and_then_the_calls() -> None:
    load, call = parse_frames([LOADED, '[1, "exception", "E: x", 7]'], [0, 1], 100)

    assert load.number == -1
    assert call == Call(1, Verdict.EXCEPTION, "E: x", 7)


@pytest.mark.parametrize(
    ("frames", "why"),
    [
        (["nonsense"], "not JSON"),
        (["[" * 100_000], "not JSON"),
        ([LOADED + ",1"], "not one value"),
        ([""], "not one value"),
        (["{}"], "other fields"),
        (["[0]"], "other fields"),
        ([LOADED, '[0, "value", "x", 1.0]'], "other fields"),
        ([LOADED, '[true, "value", "x", 1]'], "other fields"),
        ([LOADED, '[0, "crash", "x", 1]'], "unknown verdict"),
        ([LOADED, '[0, "value", "x", -1]'], "impossible steps"),
        ([LOADED, '[0, "value", "\\ud800", 1]'], "cannot be encoded"),
        ([LOADED, json.dumps([0, "value", "x" * 101, 1])], "longer than agreed"),
        ([LOADED, '[0, "value", "x", 1]', '[0, "value", "x", 1]'], "twice"),
        ([LOADED, '[2, "value", "x", 1]'], "never asked for"),
        (['[0, "value", "x", 1]'], "not about loading"),
    ],
)
def test_a_frame_that_is_not_as_agreed_is_forged(frames: list[str], why: str) -> None:
    with pytest.raises(ForgedError, match=why):
        parse_frames(frames, [0, 1], 100)


@given(st.lists(json_values.map(json.dumps) | st.text(), max_size=4))
def test_any_text_is_calls_or_forged(frames: list[str]) -> None:
    try:
        calls = parse_frames([LOADED, *frames], range(5), 100)
    except ForgedError:
        return
    assert len(calls) == len(frames) + 1


def test_what_was_compiled_stands_apart() -> None:
    assert split_prepared(["P00ff", LOADED]) == (b"\x00\xff", [LOADED])
    assert split_prepared([LOADED]) == (b"", [LOADED])


@pytest.mark.parametrize("frame", ["P0g", "P\u0661", "P" + "0" * (1 << 20)], ids=["g", "u", "long"])
def test_what_was_compiled_is_hexadecimal_and_bounded(frame: str) -> None:
    with pytest.raises(ForgedError, match="what was compiled"):
        split_prepared([frame])
