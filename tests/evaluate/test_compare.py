import asyncio
from collections.abc import Sequence
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.errors import Unavailable
from c2c_stream.evaluate.compare import (
    Difference,
    Ending,
    Verification,
    chosen,
    compare,
    total,
    verify,
)
from c2c_stream.records import Execution, Sample, SampleCase

CASES = (SampleCase("1", "value", "2"), SampleCase("'a'", "exception", "TypeError: no"))


def row(number: int) -> Sample:
    return Sample(
        id=f"{number}-case2code",
        entry_point="f",
        visible_cases=CASES[:1],
        hidden_cases=CASES[1:],
    )


async def as_recorded(_: Sample, cases: Sequence[SampleCase]) -> list[Ending]:
    return [Ending(case.outcome, case.result) for case in cases]


def test_cases_that_end_as_recorded_make_no_difference() -> None:
    found = asyncio.run(verify(map(row, range(7)), as_recorded, at_once=3))

    assert found == Verification(7, 14, 14)


def test_each_difference_is_told_in_the_order_of_the_rows() -> None:
    async def rerun(sample: Sample, _: Sequence[SampleCase]) -> list[Ending]:
        for _turn in range(9 - int(sample.id[0])):
            await asyncio.sleep(0)
        return [Ending("value", "3"), Ending("exception", "TypeError: no")]

    found = asyncio.run(verify(map(row, range(9)), rerun, at_once=4))

    assert (found.rows, found.cases, found.as_recorded) == (9, 18, 9)
    assert [one.id for one in found.differences] == [f"{n}-case2code" for n in range(9)]
    assert found.differences[0] == Difference("0-case2code", "f", "1", "value: 2", "value: 3")


@pytest.mark.parametrize(
    "endings",
    [
        [],
        [Ending("exception", "2"), Ending("value", "TypeError: no")],
        [Ending("timeout_cpu"), Ending("timeout_cpu")],
    ],
)
def test_what_did_not_end_or_ended_otherwise_is_a_difference(endings: list[Ending]) -> None:
    found = compare(row(1), CASES, endings)

    assert found.as_recorded == 0
    assert len(found.differences) == 2


def test_an_outage_is_no_difference() -> None:
    async def rerun(_: Sample, __: Sequence[SampleCase]) -> list[Ending]:
        raise Unavailable("no jail can be built")

    with pytest.raises(Unavailable, match="no jail"):
        asyncio.run(verify(map(row, range(3)), rerun, at_once=2))


def test_nothing_verified_is_all_zero() -> None:
    assert total([]) == Verification()


def test_rows_of_another_version_are_counted_and_told() -> None:
    made_by = ("3.12.1", "3.11.7", "3.12.1", "", "3.13.0")
    rows = [replace(row(0), runtime=Execution(python)) for python in made_by]

    found = asyncio.run(verify(rows, as_recorded, at_once=1))
    assert found.made_by == {"3.12.1": 2, "3.11.7": 1, "3.13.0": 1}
    assert found.by_another() == ""
    told = replace(found, python="3.11.7").by_another()
    assert told.startswith("rows of another version: 2 by Python 3.12.1, 1 by Python 3.13.0; ")
    assert "verified here by Python 3.11.7" in told
    assert replace(found, made_by={"3.11.7": 4}, python="3.11.7").by_another() == ""


@given(st.integers(0, 40), st.integers(1, 50))
def test_some_rows_are_always_the_same_and_in_order(rows: int, count: int) -> None:
    first, second = (list(chosen(map(row, range(rows)), count)) for _ in range(2))

    numbers = [int(one.id.partition("-")[0]) for one in first]
    assert first == second
    assert len(first) == min(rows, count)
    assert numbers == sorted(set(numbers))


def test_some_rows_are_spread_over_the_dataset() -> None:
    numbers = [int(one.id.partition("-")[0]) for one in chosen(map(row, range(1000)), 50)]

    assert min(numbers) < 200
    assert max(numbers) > 800


def test_without_a_count_all_rows_are_chosen() -> None:
    assert len(list(chosen(map(row, range(12)), None))) == 12
