import pytest

from c2c_stream.execute.child import NEXT
from c2c_stream.execute.compare import Finding, Run, agreements, compare, read_run
from c2c_stream.execute.frames import Call
from c2c_stream.reasons import Reason
from c2c_stream.sandbox import Ended, Reply, Verdict

LOADED = "-1 value 0 "


def run_of(*texts: str, end: Verdict = Verdict.EXITED) -> Run:
    return Run({n: Call(n, Verdict.VALUE, text, 5) for n, text in enumerate(texts)}, end)


def frame(number: int, verdict: str = "value", text: str = "1") -> str:
    return f"{number} {verdict} 1 {text}"


def test_what_both_runs_gave_is_kept_in_order() -> None:
    finding = compare(run_of("1", "2"), run_of("1", "2"), 2, 1000)

    assert [call.text for call in finding.kept] == ["1", "2"]
    assert finding.reason == ""


def test_one_call_that_differs_makes_the_function_none() -> None:
    finding = compare(run_of("1", "2"), run_of("1", "3"), 2, 1000)

    assert finding == Finding(
        reason=Verdict.NOT_DETERMINISTIC, detail="the runs differ in 1 of 2 calls"
    )


def test_a_call_that_printed_something_else_differs_in_a_child_of_its_own_and_in_a_shared_one() -> (
    None
):
    first, second = (
        Run({0: Call(0, Verdict.VALUE, "None", 5, printed=text)}, Verdict.EXITED) for text in "ab"
    )
    shared = Reply((LOADED, "0 value 5+3 'b'None", NEXT), Ended.DONE)

    assert compare(first, first, 1, 1000).kept
    assert compare(first, second, 1, 1000).reason == Verdict.NOT_DETERMINISTIC
    assert agreements(shared, [first], 1000) == [False]
    assert agreements(shared, [second], 1000) == [True]


def test_a_call_missing_in_the_second_run_differs() -> None:
    assert compare(run_of("1", "2"), run_of("1"), 2, 1000).reason == Verdict.NOT_DETERMINISTIC


def test_calls_behind_a_crash_are_dropped_with_its_verdict() -> None:
    finding = compare(run_of("1", end=Verdict.CRASH), run_of("1"), 3, 1000)

    assert [call.text for call in finding.kept] == ["1"]
    assert finding.dropped == (Verdict.CRASH, Verdict.CRASH)


@pytest.mark.parametrize("verdict", [Verdict.TIMEOUT_CPU, Verdict.TIMEOUT_WALL])
def test_a_function_that_a_clock_stopped_is_turned_down_whole(verdict: Verdict) -> None:
    stopped = run_of("1", end=verdict)

    assert stopped.candidates() == []
    assert compare(stopped, None, 2, 1000).reason == verdict
    assert compare(run_of("1"), run_of(end=verdict), 1, 1000).reason == verdict


def test_a_function_without_cases_is_turned_down_for_its_most_frequent_verdict() -> None:
    verdicts = (Verdict.TRUNCATED, Verdict.STEP_LIMIT, Verdict.STEP_LIMIT)
    first = Run({n: Call(n, v, "", 0) for n, v in enumerate(verdicts)}, Verdict.EXITED)

    assert compare(first, None, 3, 1000).reason == Verdict.STEP_LIMIT


def test_a_function_without_inputs_has_too_few_cases() -> None:
    assert compare(run_of(), None, 0, 1000).reason == "too_few_cases"


def test_cases_beyond_the_limit_of_a_function_are_dropped() -> None:
    run = run_of("a" * 60, "b" * 60, "c" * 30)
    finding = compare(run, run, 3, 100)

    assert [call.number for call in finding.kept] == [0, 2]
    assert finding.dropped == (Verdict.TRUNCATED,)


def test_a_bundle_that_does_not_load_is_turned_down_with_its_error() -> None:
    reply = Reply((frame(-1, "load_error", "ImportError: x"),), Ended.DONE)
    run = read_run(reply, [0], 100)

    assert compare(run, None, 1, 100) == Finding(reason=Verdict.LOAD_ERROR, detail="ImportError: x")


@pytest.mark.parametrize(
    ("ended", "verdict"),
    [
        (Ended.CPU, "timeout_cpu"),
        (Ended.WALL, "timeout_wall"),
        (Ended.MEMORY, "memory"),
        (Ended.CRASH, "crash"),
        (Ended.EXITED, "exited"),
        (Ended.FORGED, "exited"),
    ],
)
def test_a_child_that_ended_while_loading_names_its_end(ended: Ended, verdict: str) -> None:
    run = read_run(Reply((), ended), [0], 100)

    assert compare(run, None, 1, 100).reason == verdict


def test_forged_frames_count_as_none() -> None:
    run = read_run(Reply((LOADED, frame(0), frame(0)), Ended.DONE), [0], 100)

    assert compare(run, None, 1, 100).reason == "exited"


def test_a_fault_tells_its_last_line() -> None:
    reply = Reply((), Ended.FAULT, fault="'Traceback\\n  File\\nKeyError: 1\\n'")

    assert read_run(reply, [0], 100).load_error == "KeyError: 1"


def test_candidates_are_the_values_and_exceptions() -> None:
    frames = (LOADED, frame(0), frame(1, "truncated", ""), frame(2, "exception", "E"))
    run = read_run(Reply(frames, Ended.CRASH, signal=11), [0, 1, 2, 3], 100)

    assert run.candidates() == [0, 2]
    assert run.verdict(3) == Verdict.CRASH


def test_the_reasons_are_a_closed_list_of_codes() -> None:
    assert {"timeout_cpu", "not_deterministic", "load_error", "too_few_cases"} <= set(Reason)
    assert not {"value", "exception"} & set(Reason)


FIRST = run_of("1", "2")
SAME = (LOADED, "1 value 5 2", "0 value 5 1", NEXT)
OTHER_STEPS = (LOADED, "1 value 6 2", "0 value 4 1", NEXT)


def agreed(*frames: str, ended: Ended = Ended.DONE) -> list[bool]:
    return agreements(Reply(frames, ended), [FIRST, FIRST], 100)


def test_mates_agree_where_all_calls_gave_the_same_whatever_they_took() -> None:
    assert agreed(*SAME, *OTHER_STEPS) == [True, True]


@pytest.mark.parametrize(
    "frames",
    [
        (LOADED, "1 value 5 2", "0 value 5 3", NEXT),
        (LOADED, "1 value 5 2", "0 exception 5 1", NEXT),
        (LOADED, "1 value 5 2", NEXT),
        (LOADED, "1 value 5 2", "1 value 5 2", NEXT),
        ("-1 load_error 0 E", NEXT),
        ("nonsense", NEXT),
        (NEXT,),
    ],
)
def test_a_mate_that_differs_or_is_not_as_agreed_does_not_agree(frames: tuple[str, ...]) -> None:
    assert agreed(*frames, *SAME) == [False, True]


@pytest.mark.parametrize("ended", [end for end in Ended if end is not Ended.DONE])
def test_no_mate_of_a_child_that_did_not_end_well_agrees(ended: Ended) -> None:
    assert agreed(*SAME, *SAME, ended=ended) == [False, False]


@pytest.mark.parametrize("count", [1, 3])
def test_no_mate_agrees_where_their_number_is_not_as_agreed(count: int) -> None:
    assert agreed(*SAME * count) == [False, False]
