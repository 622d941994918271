import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.execute.frames import (
    Call,
    ForgedError,
    parse_frames,
    spelled,
    split_mates,
    split_prepared,
)
from c2c_stream.sandbox import Verdict

LOADED = "-1 value 3 "


def test_frames_are_the_load_and_then_the_calls() -> None:
    load, call = parse_frames([LOADED, "1 exception 7 E: x"], [0, 1], 100)

    assert load.number == -1
    assert call == Call(1, Verdict.EXCEPTION, "E: x", 7)


@pytest.mark.parametrize(
    ("frames", "why"),
    [
        (["nonsense"], "other fields"),
        ([""], "other fields"),
        (["-1 value 3"], "other fields"),
        ([LOADED, "0 value 1.0 x"], "impossible number"),
        ([LOADED, "\u0661 value 1 x"], "impossible number"),
        ([LOADED, " value 1 x"], "impossible number"),
        ([LOADED, "0x1 value 1 x"], "impossible number"),
        ([LOADED, "0 value -1 x"], "impossible number"),
        ([LOADED, "0 value 9999999999999 x"], "impossible number"),
        ([LOADED, "-2 value 1 x"], "impossible number"),
        ([LOADED, "00 value 1 x"], "impossible number"),
        ([LOADED, "0 value m x"], "impossible number"),
        ([LOADED, "0 value 1mm x"], "impossible number"),
        ([LOADED, "0m value 1 x"], "impossible number"),
        ([LOADED, "0 memory 1m "], "impossible number"),
        (["-1 value 3m "], "impossible number"),
        ([LOADED, "0 value 01 x"], "impossible number"),
        ([LOADED, "0 value 1 "], "does not belong"),
        ([LOADED, "0 memory 1 x"], "does not belong"),
        ([LOADED, "0 load_error 1 x"], "does not belong"),
        (["-1 memory 3 "], "does not belong"),
        (["-1 value 3 x"], "does not belong"),
        ([LOADED, "0 crash 1 x"], "unknown verdict"),
        ([LOADED, "0 value 1 \ud800"], "cannot be encoded"),
        ([LOADED, "0 value 1 " + "x" * 101], "longer than agreed"),
        ([LOADED, "0 value 1 " + "\u00e9" * 51], "longer than agreed"),
        ([LOADED, "0 value 1 x", "0 value 1 x"], "twice"),
        ([LOADED, "2 value 1 x"], "never asked for"),
        (["0 value 1 x"], "not about loading"),
        ([LOADED, "0 value 1+3 'a'"], "does not belong"),
        ([LOADED, "0 value 1+2 ''x"], "not as the recorder"),
        ([LOADED, "0 value 1+0 x"], "no literal"),
        ([LOADED, "0 value 1+9 'a'x"], "no literal"),
        ([LOADED, "0 value 1+4 b'a'x"], "no literal"),
        ([LOADED, "0 value 1+5 'a'b'x"], "no literal"),
        ([LOADED, '0 value 1+3 "a"x'], "not as the recorder"),
        ([LOADED, "0 value 1+6 '\\x61'x"], "not as the recorder"),
        ([LOADED, "0 value 1+8 '\\ud800'x"], "no literal"),
        ([LOADED, "0 value 1+12 '\\U99999999'x"], "no literal"),
        ([LOADED, "0 value 1+3+3 'a''a'x"], "impossible number"),
        ([LOADED, "0 value 1+m 'a'x"], "impossible number"),
        ([LOADED, "0 memory 1+3 'a'"], "belongs to no case"),
        (["-1 value 3+3 'a'"], "belongs to no case"),
    ],
)
def test_a_frame_that_is_not_as_agreed_is_forged(frames: list[str], why: str) -> None:
    with pytest.raises(ForgedError, match=why):
        parse_frames(frames, [0, 1], 100)


@given(st.lists(st.from_regex(r"[0-5] (value|memory) \d+ .*") | st.text(), max_size=4))
def test_any_text_is_calls_or_forged(frames: list[str]) -> None:
    try:
        calls = parse_frames([LOADED, *frames], range(5), 100)
    except ForgedError:
        return
    assert len(calls) == len(frames) + 1


@given(
    st.integers(0, 99), st.text(st.characters(exclude_categories=["Cs"]), min_size=1, max_size=9)
)
def test_a_call_is_spelled_as_its_frame(number: int, text: str) -> None:
    for steps in ("7", "7m"):
        frame = f"{number} value {steps} {text}"
        assert [spelled(c) for c in parse_frames([LOADED, frame], [number], 100)][1:] == [frame]


def test_mates_are_split_where_each_ends() -> None:
    assert split_mates(["a", "b", "N", "N", "c", "N", "d"]) == [["a", "b"], [], ["c"]]
    assert split_mates([]) == []


def test_what_was_compiled_stands_apart() -> None:
    assert split_prepared(["P00ff", LOADED]) == (b"\x00\xff", [LOADED])
    assert split_prepared([LOADED]) == (b"", [LOADED])


@pytest.mark.parametrize(
    "frame",
    ["P0g", "P\u0661", "P" + "0" * (1 << 20), "P00 ff", "P00FF", "P0"],
    ids=["g", "u", "long", "space", "upper", "odd"],
)
def test_what_was_compiled_is_hexadecimal_and_bounded(frame: str) -> None:
    with pytest.raises(ForgedError, match="what was compiled"):
        split_prepared([frame])
