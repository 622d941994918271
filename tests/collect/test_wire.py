import io
import json
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.code.obstacles import SliceLimits
from c2c_stream.collect.rules import Collected, Judgement, Limits, TurnedDown
from c2c_stream.collect.wire import (
    WireError,
    decode_answer,
    encode_answer,
    encode_request,
    limits_from_json,
    limits_to_json,
    read_frame,
)
from c2c_stream.reasons import Reason
from c2c_stream.records import Parameter

GOOD: dict[str, Any] = {
    "id": "0" * 32,
    "name": "f",
    "line": 1,
    "end": 2,
    "parameters": [["a", "keyword_only", "", "1"]],
    "code": "def f(): pass\n",
    "imports": ["math"],
    "dependencies": ["K"],
}
text = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
turned_down = st.builds(TurnedDown, st.sampled_from(Reason), text, text, st.integers(0, 10**6))
collected = st.builds(
    Collected,
    st.text("0123456789abcdef", min_size=32, max_size=32),
    text,
    st.integers(0, 10**6),
    st.integers(0, 10**6),
    st.lists(st.builds(Parameter, text, text, text, text), max_size=3).map(tuple),
    text,
    st.lists(text, max_size=3).map(tuple),
    st.lists(text, max_size=3).map(tuple),
)


@given(st.lists(turned_down | collected, max_size=5))
def test_judgements_come_back_as_they_were(judgements: list[Judgement]) -> None:
    stream = io.BytesIO(encode_answer(judgements))
    assert decode_answer(read_frame(stream.read, 1 << 20)) == judgements
    assert not stream.read()


@given(st.text(), st.binary())
def test_a_request_holds_any_path_and_any_bytes(path: str, content: bytes) -> None:
    stream = io.BytesIO(encode_request(path, content))
    assert json.loads(read_frame(stream.read, 1 << 20)) == path
    assert read_frame(stream.read, 1 << 20) == content


def test_limits_come_back_as_they_were() -> None:
    limits = Limits(7, SliceLimits(1, 2, 3, 4))
    assert limits_from_json(limits_to_json(limits)) == limits


def test_a_frame_that_is_too_long_is_not_read() -> None:
    with pytest.raises(WireError, match="4294967295 bytes"):
        read_frame(io.BytesIO(b"\xff" * 4).read, 1000)


def test_a_good_answer_is_believed() -> None:
    (found,) = decode_answer(json.dumps([GOOD]).encode())
    assert isinstance(found, Collected)
    assert found.parameters == (Parameter("a", "keyword_only", "", "1"),)


@pytest.mark.parametrize(
    "answer",
    [
        {},
        "text",
        [1],
        [["f"]],
        [{"reason": "no_such_reason", "detail": "", "name": "f", "line": 1}],
        [{"reason": ["method"], "detail": "", "name": "f", "line": 1}],
        [{"reason": "method", "detail": "", "name": "f"}],
        [{**GOOD, "id": "0" * 31}],
        [{**GOOD, "id": "g" * 32}],
        [{**GOOD, "line": -1}],
        [{**GOOD, "line": True}],
        [{**GOOD, "line": 2**31}],
        [{**GOOD, "line": 1.0}],
        [{**GOOD, "name": None}],
        [{**GOOD, "name": "n" * 70_000}],
        [{**GOOD, "name": "\ud800"}],
        [{**GOOD, "code": "c" * 1_100_000}],
        [{**GOOD, "parameters": [["a"]]}],
        [{**GOOD, "parameters": {"a": 1}}],
        [{**GOOD, "imports": [1]}],
        [{**GOOD, "dependencies": "K"}],
        [GOOD] * 5001,
    ],
)
def test_an_answer_of_another_shape_is_not_believed(answer: object) -> None:
    with pytest.raises(WireError):
        decode_answer(json.dumps(answer).encode())


@pytest.mark.parametrize("payload", [b"", b"{", b"\xff", b"[" * 200_000, b"9" * 5000, b"NaN"])
def test_bytes_that_are_no_answer_are_not_believed(payload: bytes) -> None:
    with pytest.raises(WireError):
        decode_answer(payload)
