import struct

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.sandbox.protocol import REPORT_BYTES, REPORT_FORMAT
from c2c_stream.sandbox.report import Report, Stop

words = st.integers(0, 2**32 - 1)


@given(st.sampled_from(Stop), st.integers(-64, 255), words, words, words)
def test_a_report_is_read_as_it_was_packed(
    stop: Stop, code: int, cpu: int, wall: int, rss: int
) -> None:
    data = struct.pack(REPORT_FORMAT, stop, code, cpu, wall, rss)

    assert Report.unpack(data) == Report(stop, code, cpu, wall, rss)


def test_a_report_of_another_size_is_none() -> None:
    with pytest.raises(ValueError, match=f"expected {REPORT_BYTES}"):
        Report.unpack(b"")
