"""What runs in a child, run here on harmless bundles, so that its lines are seen."""

import sys
from collections.abc import Iterator
from typing import Any

import pytest

from c2c_stream.execute.child import MODULE, PREPARED, main, warm_up

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


@pytest.fixture(autouse=True)
def module() -> Iterator[None]:
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
        "call_cpu_ns": 10**10,
        "max_result_bytes": 100,
        "max_bytes": 1000,
        "seed": 1,
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


def test_values_are_called_with_as_their_text_would_be() -> None:
    texts = run(request_of("7", "8, deep=[{2: 'x'}]"))
    values = run(request_of(calls=[([7], {}), ([8], {"deep": [{2: "x"}]})], order=[0, 1]))

    assert values == texts


def test_randomness_depends_on_the_seed_alone() -> None:
    first, same, other = (run(request_of("6", seed=seed)) for seed in (1, 1, 2))

    assert first == same
    assert first[1] != other[1]


def test_a_call_that_takes_too_much_cpu_is_not_kept() -> None:
    assert verdicts(request_of("7", call_cpu_ns=0)) == ["value", "timeout_cpu"]


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
