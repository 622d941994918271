import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.sandbox.protocol import ORDER, REPORT, REPORT_BYTES, Order, Report, Stop

words = st.integers(0, 2**32 - 1)


@given(words, words, words)
def test_an_order_is_read_as_it_was_packed(size: int, cpu: int, wall: int) -> None:
    order = Order(size, cpu, wall)

    assert ORDER.unpack(order.pack()) == (size, cpu, wall)


@given(st.sampled_from(Stop), st.integers(-64, 255), words, words, words)
def test_a_report_is_read_as_it_was_packed(
    stop: Stop, code: int, cpu: int, wall: int, rss: int
) -> None:
    data = REPORT.pack(stop, code, cpu, wall, rss)

    assert Report.unpack(data) == Report(stop, code, cpu, wall, rss)


def test_a_report_of_another_size_is_none() -> None:
    with pytest.raises(ValueError, match=f"expected {REPORT_BYTES}"):
        Report.unpack(b"")
