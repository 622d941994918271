from collections import Counter

from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.format.choose import by_information, distinct_calls, most_visible, tells
from c2c_stream.records import Case, Parameter

CASES = st.lists(
    st.builds(
        Case,
        arguments=st.integers(-5, 5).map(str),
        verdict=st.sampled_from(["value", "exception"]),
        result=st.sampled_from(["1", "2", "'long enough'", "KeyError: 1", "TypeError: no"]),
    )
)


def test_a_new_outcome_comes_before_a_shorter_known_one() -> None:
    cases = [Case("1", "value", "0"), Case("2", "value", "0"), Case("12345", "value", "678")]

    assert [c.arguments for c in by_information(cases)] == ["1", "12345", "2"]


def test_among_new_outcomes_what_was_written_first_comes_first() -> None:
    cases = [
        Case("1000", "value", "'a long result'"),
        Case("1", "exception", "KeyError: 1"),
        Case("2", "value", "0"),
    ]

    assert by_information(cases) == cases


def test_exceptions_of_one_type_do_not_crowd_out_values() -> None:
    raised = [Case(str(n), "exception", f"KeyError: {n}") for n in range(9)]
    values = [Case(str(n), "value", "1") for n in (10, 11, 12)]

    first = by_information([*raised, *values])[:3]

    assert [c.verdict for c in first] == ["exception", "value", "exception"]


@given(CASES)
def test_an_outcome_that_occurs_twice_is_in_both_halves(cases: list[Case]) -> None:
    ranked = by_information(cases)
    shown, hidden = ranked[: len(cases) // 2], ranked[len(cases) // 2 :]
    values = Counter(c.result for c in cases if c.verdict == "value")

    for result, count in values.items():
        if count > 1:
            assert result in {c.result for c in hidden if c.verdict == "value"}
    if len(set(map(outcome_of, cases))) <= len(shown):
        assert {outcome_of(c) for c in shown} == {outcome_of(c) for c in cases}


def outcome_of(case: Case) -> tuple[str, str]:
    shown = case.result if case.verdict == "value" else case.result.partition(":")[0]
    return case.verdict, shown


@given(CASES)
def test_ranking_keeps_every_case(cases: list[Case]) -> None:
    assert sorted(map(repr, by_information(cases))) == sorted(map(repr, cases))


@given(CASES)
def test_a_prefix_shows_as_many_distinct_outcomes_as_it_can(cases: list[Case]) -> None:
    occurs = Counter(map(outcome_of, cases))
    ranked = by_information(cases)

    assert len(set(map(outcome_of, ranked[: len(occurs)]))) == len(occurs)


@given(CASES)
def test_no_two_distinct_calls_are_equal(cases: list[Case]) -> None:
    kept = distinct_calls([Parameter("n", "positional_or_keyword")], cases)

    assert len({c.arguments for c in kept}) == len(kept)
    assert {c.arguments for c in kept} == {c.arguments for c in cases}


@given(st.integers(2, 100), st.integers(1, 10), st.integers(1, 20))
def test_one_case_is_always_hidden(cases: int, fewest: int, most: int) -> None:
    assert 1 <= most_visible(cases, fewest, most) < cases


def test_half_of_many_cases_are_hidden() -> None:
    assert [most_visible(n, 3, 10) for n in (3, 4, 6, 8, 19, 40)] == [2, 3, 3, 4, 9, 10]


def test_a_program_that_returns_itself_tells_the_answer() -> None:
    code = "def f(x):\n    return open(x).read()\n"

    assert tells(Case("1", "value", repr(code)), code)
    assert tells(Case(repr(code), "value", "1"), code)
    assert not tells(Case("1", "value", "'def f(x)'"), code)
