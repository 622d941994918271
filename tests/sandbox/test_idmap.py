import os

import pytest

from c2c_stream.sandbox.idmap import free_pair, map_users


def test_the_pair_lies_above_the_uids_that_are_in_use() -> None:
    assert free_pair("         0          0 4294967295\n") == 0x70000000


def test_the_pair_fits_into_a_small_range() -> None:
    assert free_pair("0 1000 1\n1 100000 65536\n") == 65535


@pytest.mark.parametrize("table", ["", "0 1000 1\n", "0 1000 2\n"])
def test_where_nothing_is_free_nothing_is_given(table: str) -> None:
    with pytest.raises(ValueError, match="no two uids"):
        free_pair(table)


def test_a_map_that_cannot_be_written_is_refused_with_its_reason() -> None:
    answer = map_users(os.getpid())

    assert "uid_map" in str(answer["refused"])
