"""What runs in a child, run here on harmless bundles, so that its lines are seen."""

import builtins
import gc
import string
import sys
import warnings
from collections.abc import Iterator
from typing import Any

import pytest

from c2c_stream.execute import _recorder, child
from c2c_stream.execute import run as chosen
from c2c_stream.execute.child import NEXT, main, warm_up
from c2c_stream.execute.frames import parse_frames, spelled
from c2c_stream.execute.prepare import PREPARED
from c2c_stream.execute.run import MODULE, MUTATED, run_in_python

CODE = """
import random
seen = []
def f(n, deep=()):
    seen.append(n)
    if n == 1:
        raise ValueError("one")
    if n == 2:
        raise MemoryError
    if n == 3:
        return object()
    if n == 4:
        return "x" * 1000
    while n == 5:
        pass
    return random.random() if n == 6 else (n, deep)
"""


@pytest.fixture(autouse=True, params=[_recorder.run, run_in_python])
def either(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(child, "run", request.param)
    monkeypatch.setattr(child, "_AT_FIRST", [])
    yield
    sys.modules.pop(MODULE, None)


def request_of(*arguments: str, **changes: Any) -> dict[str, Any]:
    return {
        "code": CODE,
        "entry_point": "f",
        "calls": list(arguments),
        "order": list(range(len(arguments))),
        "prepared": b"",
        "steps": 1000,
        "function_steps": 10_000,
        "endless_calls": 0,
        "call_cpu_ns": 10**10,
        "max_result_bytes": 100,
        "max_bytes": 1000,
        "seed": 1,
        "elsewhere": False,
        "prints": False,
        **changes,
    }


def run(request: dict[str, Any]) -> tuple[bytes, list[list[Any]]]:
    """Return what was compiled and the other frames."""
    frames: list[str] = []
    main(request, frames.append)
    prepared = frames.pop(0) if frames[0].startswith(PREPARED) else ""
    return bytes.fromhex(prepared.removeprefix(PREPARED)), [fields(frame) for frame in frames]


def fields(frame: str) -> list[Any]:
    number, verdict, steps, text = frame.split(" ", 3)
    return [int(number), verdict, text, int(steps)]


def verdicts(request: dict[str, Any]) -> list[str]:
    return [verdict for _, verdict, _, _ in run(request)[1]]


def test_each_outcome_has_its_verdict() -> None:
    found = verdicts(request_of("0", "1", "2", "3", "4", "5", "import os"))

    assert found == [
        "value",
        "value",
        "exception",
        "memory",
        "unrepresentable",
        "truncated",
        "step_limit",
        "bad_arguments",
    ]


def test_the_order_asked_for_is_the_order_of_the_calls() -> None:
    _, frames = run(request_of("7", "8", order=[1, 0]))

    assert [frame[0] for frame in frames] == [-1, 1, 0]


def test_what_was_compiled_once_runs_again_as_it_did() -> None:
    prepared, frames = run(request_of("7", "1", "8, deep=[{2: 'x'}]"))
    again = run(
        request_of("7", "1", "8, deep=[{2: 'x'}]", code="not even python", prepared=prepared)
    )

    assert again == (b"", frames)


def test_randomness_depends_on_the_seed_alone() -> None:
    first, same, other = (run(request_of("6", seed=seed)) for seed in (1, 1, 2))

    assert first == same
    assert first[1] != other[1]


def test_where_all_of_the_first_calls_are_endless_the_rest_has_no_steps() -> None:
    _, frames = run(request_of("5", "5", "7", endless_calls=2))

    assert frames[3][1:] == ["step_limit", "", 0]


@pytest.mark.parametrize("arguments", [("5", "7", "5", "5"), ("7", "5", "5", "5"), ("5", "5")])
def test_where_one_of_the_first_calls_ends_the_rest_is_tried(arguments: tuple[str, ...]) -> None:
    assert verdicts(request_of(*arguments, "7", endless_calls=3))[-1] == "value"


def test_a_call_that_takes_too_much_cpu_is_not_kept() -> None:
    assert verdicts(request_of("7", call_cpu_ns=0)) == ["value", "timeout_cpu"]


@pytest.mark.parametrize(
    ("body", "argument", "mutates"),
    [
        ("a.append(1)", "[]", True),
        ("a[0].update(x=1)", "({},)", True),
        ("a.add(2)", "{1}", True),
        ("a.append(a)", "[1]", True),
        ("a.append(f)", "[1]", True),
        ("a.sort()", "[2, 1]", True),
        ("a.pop(); 1 / 0", "[2]", True),
        ("a.sort()", "[1, 2]", False),
        ("a = a + [1]", "[1]", False),
        ("a += 'x'", "'x'", False),
        ("a.append(a.pop())", "[1, 2]", False),
    ],
)
def test_a_call_that_changes_its_arguments_says_so(
    body: str, argument: str, *, mutates: bool
) -> None:
    frames: list[str] = []
    main(request_of(argument, code=f"def f(a):\n    {body}\n"), frames.append)

    assert frames[-1].split(" ")[2].endswith(MUTATED) is mutates


def test_arguments_that_are_too_long_to_compare_are_not() -> None:
    frames: list[str] = []
    main(request_of(f"[{'0,' * 32_000}]", code="def f(a):\n    a.clear()\n"), frames.append)

    assert frames[-1] == "0 value 1 None"


def test_all_results_together_are_bounded() -> None:
    assert verdicts(request_of("'a' * 0", "7", "8", max_bytes=8))[2:] == ["value", "truncated"]


@pytest.mark.parametrize(
    ("code", "text"),
    [
        ("def f(:", "SyntaxError"),
        ("import no_such_module", "ModuleNotFoundError"),
        ("g = 1", "KeyError: 'f'"),
        ("while True: pass", "StepLimit"),
        (f"raise ValueError('x' * {10**6})", "a message that cannot be kept"),
    ],
)
def test_a_bundle_that_does_not_load_says_why(code: str, text: str) -> None:
    _, ((number, verdict, found, _),) = run(request_of("1", code=code))

    assert (number, verdict) == (-1, "load_error")
    assert text in found


def test_warming_up_leaves_no_bundle_behind() -> None:
    warm_up()

    assert MODULE not in sys.modules


def mates_of(*codes: str) -> dict[str, Any]:
    mates = [request_of("1", "2", code=code, order=[1, 0]) for code in codes]
    return {"sources": [], "mates": mates}


def told_by(request: dict[str, Any]) -> list[str]:
    frames: list[str] = []
    main(request, frames.append)
    sys.modules.pop(MODULE, None)
    return [frame for frame in frames if not frame.startswith(PREPARED)]


def test_functions_that_share_a_child_give_what_they_give_alone() -> None:
    counts = "seen = []\ndef f(n):\n    seen.append(n)\n    return len(seen)\n"
    alone = [told_by(request_of("1", "2", code=code, order=[1, 0])) for code in (counts, CODE)]

    together = told_by(mates_of(counts, CODE, counts))

    assert together == [*alone[0], NEXT, *alone[1], NEXT, *alone[0], NEXT]


@pytest.fixture
def restored() -> Iterator[None]:
    limit, path = sys.getrecursionlimit(), sys.path[:]
    with warnings.catch_warnings():
        yield
    sys.setrecursionlimit(limit)
    sys.path[:] = path
    sys.modules["string"] = string
    gc.callbacks.clear()
    vars(builtins).pop("leak", None)


@pytest.mark.usefixtures("restored")
@pytest.mark.parametrize(
    "change",
    [
        "import builtins; builtins.leak = n",
        "import sys; sys.setrecursionlimit(sys.getrecursionlimit() + 1)",
        "import sys; sys.modules['string'] = n",
        "import sys; sys.path.append('x')",
        "import warnings; warnings.simplefilter('always')",
        "import gc; gc.callbacks.append(lambda phase, info: None)",
    ],
)
def test_a_function_that_changes_what_it_shares_ends_its_batch(change: str) -> None:
    frames: list[str] = []

    with pytest.raises(RuntimeError, match="shares"):
        main(mates_of(f"def f(n):\n    {change}\n", CODE), frames.append)

    assert NEXT not in frames


def test_sources_are_compiled_and_none_is_run() -> None:
    frames: list[str] = []

    main({"sources": [CODE, "1/0", "def f(:"], "mates": []}, frames.append)

    prepared = bytes.fromhex(frames[0].removeprefix(PREPARED))
    assert told_by(request_of("7", code="", prepared=prepared)) == told_by(request_of("7"))
    assert frames[1] != PREPARED
    assert frames[2] == PREPARED


PRINTING = """
print("while it is loaded")
def f(n):
    print("seen", n, end="|")
    if n == 1:
        raise ValueError("one")
    if n == 2:
        print(object())
    if n == 3:
        print("x" * 2000)
    if n == 4:
        import sys
        sys.stdout = None
    if n == 5:
        print("it's \\ud800 \u00e9\\0\\n")
    if n == 6:
        import contextlib, io
        with contextlib.redirect_stdout(io.StringIO()) as kept:
            print("kept")
        return kept.getvalue()
"""


@pytest.fixture
def as_in_a_child(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let a bundle run as it does in a child: one that prints, in Python."""
    monkeypatch.setattr(child, "run", chosen.run)


@pytest.mark.usefixtures("as_in_a_child")
def test_what_a_call_prints_is_told_with_it() -> None:
    numbers = ("0", "1", "2", "3", "4", "5", "6", "0")
    kept = sys.stdout
    frames = told_by(request_of(*numbers, code=PRINTING, prints=True))
    assert sys.stdout is kept

    load, *calls = parse_frames(frames, range(len(numbers)), 1000)
    assert load.verdict == "value"
    assert [(str(call.verdict), call.text, call.printed) for call in calls] == [
        ("value", "None", "seen 0|"),
        ("exception", "ValueError: one", "seen 1|"),
        ("unrepresentable", "", ""),
        ("truncated", "", ""),
        ("value", "None", "seen 4|"),
        ("value", "None", "seen 5|it's \\ud800 \u00e9\0\n\n"),
        ("value", "'kept\\n'", "seen 6|"),
        ("value", "None", "seen 0|"),
    ]
    assert [spelled(call) for call in calls] == frames[1:]


@pytest.mark.usefixtures("as_in_a_child")
def test_where_nothing_is_said_of_printing_nothing_is_told_of_it(
    capsys: pytest.CaptureFixture[str],
) -> None:
    frames = told_by(request_of("0", code=PRINTING))
    assert frames[-1].endswith(" None")
    assert "seen 0" in capsys.readouterr().out
