"""Both recorders tell the same of the same bundles, in every interpreter that is found here."""

import json
import subprocess
import textwrap
from pathlib import Path
from typing import Any

import pytest

from c2c_stream.sandbox.interpreter import own_interpreter
from tests import interpreters

ROOT = Path(__file__).resolve().parents[2]
PROGRAM = Path(__file__).parent / "programs" / "both_recorders.py"

# Guests that recurse without end, through frames of Python and of C, and what they see of it.
RECURSING = {
    "plain": """
        def f(n):
            return f(n + 1)
    """,
    "caught": """
        def f(n):
            try:
                return f(n + 1)
            except RecursionError:
                return n
    """,
    "by keyword": """
        def f(n, *, more=0):
            try:
                return f(n, more=more + 1)
            except RecursionError as error:
                return more, str(error)
    """,
    "through max": """
        def f(n):
            try:
                return max([n], key=lambda x: f(n + 1))
            except RecursionError:
                return n
    """,
    "through map": """
        def f(n):
            try:
                return sum(map(f, [n + 1]))
            except RecursionError:
                return n
    """,
    "through sorted": """
        def by(n):
            return f(n + 1)
        def f(n):
            try:
                return sorted([n], key=by)
            except RecursionError:
                return n
    """,
    "through eval": """
        def f(n):
            try:
                return eval("f(n + 1)", {"f": f, "n": n})
            except RecursionError:
                return n
    """,
    "through a class": """
        class Box:
            def __init__(self, n):
                self.n = n
            def __eq__(self, other):
                return Box(self.n + 1) == other
        def f(n):
            try:
                return Box(0) == Box(1)
            except RecursionError as error:
                return str(error)
    """,
    "through an attribute": """
        class Box:
            seen = 0
            def __getattr__(self, name):
                Box.seen += 1
                return getattr(self, name + "x")
        def f(n):
            try:
                return Box().y
            except RecursionError:
                return Box.seen
    """,
    "a generator": """
        def more(n):
            try:
                yield from more(n + 1)
            except RecursionError:
                yield n
        def f(n):
            return list(more(n))
    """,
    "what is no function of Python": """
        import functools
        @functools.lru_cache(None)
        def f(n):
            try:
                return f(n + 1)
            except RecursionError:
                return n
    """,
    "a partial": """
        import functools
        def more(n, step):
            try:
                return f(n + step)
            except RecursionError:
                return n
        f = functools.partial(more, step=1)
    """,
    "a deep list": """
        def f(n):
            nested = []
            for _ in range(970 + n):
                nested = [nested]
            try:
                return len(repr(nested))
            except RecursionError:
                return "too deep"
    """,
    "while it loads": """
        def more(n):
            try:
                return more(n + 1)
            except RecursionError:
                return n
        DEPTH = more(0)
        def f(n):
            return DEPTH
    """,
    "until it does not load": """
        def f(n):
            return f(n)
        f(0)
    """,
    "frames": """
        import sys
        def f(n):
            frame, count = sys._getframe(), 0
            while frame:
                frame, count = frame.f_back, count + 1
            return count
    """,
}
# The other ways in which a call ends, and what it may be given and give.
ENDING = {
    "outcomes": """
        import random
        seen = []
        def f(n, *more, **named):
            seen.append(n)
            if n == 1:
                raise ValueError("one")
            if n == 2:
                raise MemoryError
            if n == 3:
                return object()
            if n == 4:
                return "x" * 10_000
            while n == 5:
                pass
            if n == 6:
                return random.random()
            return n, more, named, seen
    """,
    "values": """
        class Loud(Exception):
            def __str__(self):
                raise self
        GIVEN = [10**n for n in (0, 3, 18, 19, 20, 100, 4000, 5000)]
        GIVEN += [None, True, -0.0, 1e300, float("nan"), 1j, b"x", bytearray(b"y")]
        GIVEN += ["\\ud800\\xe9", "\\x00"]
        def f(n):
            if n == 9:
                raise Loud("x")
            if n == 10:
                raise KeyError("missing")
            if n == 11:
                return {"a": {1, 2, "b"}, (1, (2,)): frozenset([3]), None: [[], {}]}
            return GIVEN[n:], dict.fromkeys(GIVEN[:n], n)
    """,
    "changes": """
        def f(n, given=None):
            if given is None:
                given = [n]
            given.append(n)
            given.sort(key=str)
            return sum(x for x in given if isinstance(x, int)) // n
    """,
    "no code": "def f(:",
    "no function": "g = 1",
    "fails to load": "raise SystemExit('it does not want to')",
}
CALLS = [*map(str, range(30)), "1, [3, 'a', 2]", "5, given=[]", "n=7", "7, x=[1]", "", "open('x')"]


def told_in(python: str, sources: list[str]) -> tuple[str, list[tuple[list[str], list[str]]]]:
    """Return the version of an interpreter, and what its two recorders tell of each source."""
    requests: list[dict[str, Any]] = [
        {
            "code": textwrap.dedent(source),
            "entry_point": "f",
            "calls": CALLS,
            "order": list(range(len(CALLS))),
            "steps": 10_000,
            "function_steps": 200_000,
            "endless_calls": 3,
            "call_cpu_ns": 10**11,
            "max_result_bytes": 8192,
            "max_bytes": 100_000,
            "seed": 1,
            "prints": False,
        }
        for source in sources
    ]
    done = subprocess.run(
        [python, "-B", "-s", "-S", "-P", str(PROGRAM), str(ROOT)],
        check=True,
        input=json.dumps(requests),
        stdout=subprocess.PIPE,
        text=True,
        env={"PYTHONHASHSEED": "0"},
    )
    found = json.loads(done.stdout)
    return found["version"], [(c, python) for c, python in found["told"]]


@pytest.mark.parametrize("version", [interpreters.OWN, *interpreters.OTHERS])
@pytest.mark.parametrize("sources", [RECURSING, ENDING], ids=["recursing", "ending"])
def test_both_recorders_tell_the_same_in_every_interpreter(
    version: str, sources: dict[str, str]
) -> None:
    own = version == interpreters.OWN
    interpreter = own_interpreter() if own else interpreters.found(version)

    ran, told = told_in(interpreter.path, list(sources.values()))

    assert ran == interpreter.version
    for name, (compiled, python) in zip(sources, told, strict=True):
        assert compiled == python, name
        assert compiled, name


def test_a_guest_that_recurses_gets_as_deep_by_both_recorders() -> None:
    """So the test above compares what it should: depths, not one and the same refusal."""
    _, [(compiled, _)] = told_in(own_interpreter().path, [RECURSING["caught"]])

    _, first, second, *_ = compiled
    number, verdict, steps, text = first.split(" ")
    assert (number, verdict) == ("0", "value")
    assert 900 < int(text) == int(steps) - 1 < 1000
    assert second.endswith(f" {int(text) + 1}")
