"""A smaller form of `python -m benchmarks.fuzz_frames`, and that it would see what it looks for."""

import pytest

from benchmarks import fuzz_frames
from benchmarks.fuzz_frames import Forger, fuzz, is_agreed, reading_of
from c2c_stream.execute import frames
from c2c_stream.sandbox import Verdict, arena


def test_forged_frames_are_accepted_only_where_they_are_as_agreed() -> None:
    found = fuzz(frames=6000, seed=1)

    assert min(found[end] for end in ("accepted", "forged frames", "malformed arena")) > 100


def test_the_same_seed_forges_the_same() -> None:
    one, again, other = (Forger(seed) for seed in (3, 3, 4))

    assert [one.round() for _ in range(9)] == [again.round() for _ in range(9)]
    assert one.round() != other.round()


def test_a_parser_that_accepts_too_much_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(frames._FROM_CHILD, "crash", Verdict.CRASH)
    monkeypatch.setattr(frames, "_is_told", lambda *_: True)

    with pytest.raises(AssertionError, match="accepted"):
        fuzz(frames=6000, seed=1)


def test_an_arena_that_is_read_too_far_is_seen(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(fuzz_frames, "read_frames", lambda left: arena._split(bytes(left[8:])))

    with pytest.raises(AssertionError):
        fuzz(frames=600, seed=1)


@pytest.mark.parametrize(
    ("texts", "agreed"),
    [
        ((), True),
        (("-1 value 0 ",), True),
        (("P00ff", "-1 load_error 0 E: x"), True),
        (("-1 value 0 ", "0 value 1 'a\nb'", "3 memory 9 "), True),
        (("-1 value 0 ", "0 value 1 "), False),
        (("-1 value 0 ", "4 value 1 'x'"), False),
        (("-1 value 0 ", "0 value 1 1", "0 value 1 1"), False),
        (("0 value 1 1",), False),
        (("P0", "-1 value 0 "), False),
    ],
)
def test_the_grammar_that_forged_frames_are_held_against(
    texts: tuple[str, ...], *, agreed: bool
) -> None:
    assert is_agreed(texts) is agreed


def test_the_reading_that_arenas_are_held_against() -> None:
    assert reading_of(b"\2\0\0\0\7\0\0\0" + b"\3\0\0\0abc" + b"rest") == ("abc",)
    assert reading_of(b"\2\0\0\0\6\0\0\0" + b"\3\0\0\0abc") is None
    assert reading_of(b"\2\0\0\0\5\0\0\0" + b"\1\0\0\0\xff") is None
