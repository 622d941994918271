import pytest
from hypothesis import given
from hypothesis import strategies as st

from c2c_stream.format.calls import call_key
from c2c_stream.format.stage import Formatter
from c2c_stream.records import (
    Case,
    Cases,
    Execution,
    Function,
    Origin,
    Parameter,
    Sample,
    Writing,
)
from c2c_stream.settings import FormatSettings

CODE = "def double(n):\n    return n * 2\n"
PARAMETERS = (Parameter("n", "positional_or_keyword"),)


def cases_of(*cases: Case, function_id: str = "f1", code: str = CODE) -> Cases:
    return Cases(
        function=Function(
            function_id=function_id,
            occurrence_id="o1",
            origin=Origin("repo", "c0ffee", "a/b.py", "b10b", "MIT"),
            qualified_name="double",
            entry_point="double",
            line=7,
            parameters=PARAMETERS,
            code=code,
        ),
        writing=Writing("search", "1", seed=5),
        execution=Execution("3.11.7", 200_000),
        cases=cases,
    )


def doubles(count: int) -> list[Case]:
    return [Case(str(n), "value", str(2 * n)) for n in range(count)]


def sample_of(record: Cases, **settings: int) -> Sample:
    (outcome,) = Formatter(FormatSettings(**settings)).process([record])
    assert not isinstance(outcome, Exception)
    (sample,) = outcome.outputs
    assert isinstance(sample, Sample)
    return sample


def reason_of(record: Cases, **settings: int) -> str:
    (outcome,) = Formatter(FormatSettings(**settings)).process([record])
    assert not isinstance(outcome, Exception)
    assert not outcome.outputs
    (item,) = outcome.rejected
    assert (item.function_id, item.occurrence_id, item.line) == ("f1", "o1", 7)
    return item.reason


ANY_CASES = st.lists(
    st.builds(
        Case,
        arguments=st.one_of(
            st.integers(0, 30).map(str),
            st.integers(0, 30).map("n={}".format),
            st.text(max_size=300).map(repr),
        ),
        verdict=st.sampled_from(["value", "value", "value", "exception"]),
        result=st.one_of(st.integers(0, 9).map(str), st.text(max_size=2000)),
    ),
    max_size=30,
)


def test_a_sample_carries_its_whole_trail() -> None:
    sample = sample_of(cases_of(*doubles(12)))

    assert sample.id == "f1-case2code"
    assert sample.completion == f"```python\n{CODE}```"
    assert (sample.code, sample.entry_point) == (CODE, "double")
    assert (sample.repository, sample.commit, sample.path) == ("repo", "c0ffee", "a/b.py")
    assert (sample.line, sample.license) == (7, "MIT")
    assert (sample.writer.seed, sample.runtime.python) == (5, "3.11.7")
    assert len(sample.visible_cases) + len(sample.hidden_cases) == 12
    assert len(sample.hidden_cases) >= len(sample.visible_cases) >= 3


def test_code_with_a_fence_in_it_gets_a_longer_one() -> None:
    code = 'def double(n):\n    """```python"""\n    return n * 2'

    assert sample_of(cases_of(*doubles(5), code=code)).completion == (f"````python\n{code}\n````")


@pytest.mark.parametrize(
    ("cases", "reason"),
    [
        ([], "too_few_cases"),
        (doubles(2), "too_few_cases"),
        ([*doubles(2), Case("'a'", "exception", "TypeError: x")], "too_few_cases"),
        ([*doubles(2), Case("n=1", "value", "2")], "too_few_cases"),
        ([Case(str(n), "value", "None") for n in range(20)], "constant"),
    ],
)
def test_what_cannot_teach_is_rejected(cases: list[Case], reason: str) -> None:
    assert reason_of(cases_of(*cases)) == reason


def test_a_check_that_returns_nothing_or_raises_is_no_constant() -> None:
    passed = [Case(str(n), "value", "None") for n in range(3)]

    sample = sample_of(cases_of(*passed, Case("-1", "exception", "ValueError: negative")))

    assert {c.outcome for c in sample.visible_cases} == {"value", "exception"}


def test_three_cases_are_enough_and_one_of_them_is_hidden() -> None:
    sample = sample_of(cases_of(*doubles(3)))

    assert (len(sample.visible_cases), len(sample.hidden_cases)) == (2, 1)


def test_cases_that_cannot_fit_are_rejected() -> None:
    long = [Case(repr("x" * 900 + str(n)), "value", str(n)) for n in range(8)]

    assert reason_of(cases_of(*long), max_prompt_chars=1000) == "prompt_too_long"


def test_a_long_case_makes_room_for_short_ones() -> None:
    long = [Case(repr(letter * 1000), "value", letter) for letter in "abcdefgh"]

    for number in range(20):
        record = cases_of(*doubles(3), *long, function_id=str(number))
        sample = sample_of(record, max_prompt_chars=1000)
        assert {c.arguments for c in sample.visible_cases} == {"0", "1", "2"}
        assert len(sample.hidden_cases) == 8


def test_a_function_that_prints_its_own_source_is_no_puzzle() -> None:
    record = cases_of(*[Case(str(n), "value", repr(CODE + str(n))) for n in range(5)])

    assert reason_of(record) == "tells_answer"


@given(ANY_CASES, st.text(max_size=8), st.integers(1000, 6000))
def test_whatever_the_cases_the_sample_keeps_its_promises(
    cases: list[Case], function_id: str, limit: int
) -> None:
    record = cases_of(*cases, function_id=function_id)
    settings = FormatSettings(max_prompt_chars=limit)
    first, second = (Formatter(settings).process([record])[0] for _ in range(2))

    assert first == second
    assert not isinstance(first, Exception)
    assert len(first.outputs) + len(first.rejected) == 1
    for sample in first.outputs:
        assert isinstance(sample, Sample)
        visible = {call_key(PARAMETERS, c.arguments) for c in sample.visible_cases}
        hidden = {call_key(PARAMETERS, c.arguments) for c in sample.hidden_cases}
        assert visible.isdisjoint(hidden)
        assert len(visible) == len(sample.visible_cases) >= 2
        assert len(hidden) == len(sample.hidden_cases) >= 1
        assert len(sample.prompt) <= limit
        assert CODE.strip() not in sample.prompt


def test_other_functions_get_other_prompts() -> None:
    prompts = {sample_of(cases_of(*doubles(12), function_id=str(n))).prompt for n in range(200)}

    assert len(prompts) == 200
