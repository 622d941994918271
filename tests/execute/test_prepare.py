import pytest

from c2c_stream.execute.prepare import (
    MAX_PREPARED_CHARS,
    PREPARED,
    compiled,
    packed,
    prepare_all,
    unpacked,
)


def prepared(*sources: str) -> list[str]:
    frames: list[str] = []
    prepare_all(sources, frames.append)
    return [frame.removeprefix(PREPARED) for frame in frames]


def test_what_is_packed_unpacks_to_the_same_code() -> None:
    code = compiled("def f(n):\n    return n + 1\n")

    assert unpacked(bytes.fromhex(packed(code))) == code


def test_each_source_has_its_frame_in_order() -> None:
    one, none, two = prepared("x = 1", "x = ", "x = 2")

    assert (one, none, two) == (packed(compiled("x = 1")), "", packed(compiled("x = 2")))


@pytest.mark.parametrize("source", ["for x in {2, 1}: pass", "def f(n):\n    return n in {1, 2}"])
def test_code_that_holds_a_set_is_left_to_its_own_child(source: str) -> None:
    assert prepared(source) == [""]


def test_code_that_is_too_long_is_not_packed() -> None:
    code = compiled(f"x = {'a' * MAX_PREPARED_CHARS!r}")

    assert packed(code) == ""
