import sys
import types
from typing import Any

import pytest

from c2c_stream.code.probes import probe
from c2c_stream.code.steps import Counter, StepLimit, compile_counted

# Each defines f(n); together they hold all that is counted, nested in all that may hold it.
PROGRAMS = {
    "loops": """
def f(n):
    "Text."
    for i in range(n):
        for j in range(i):
            if j > 2:
                break
        else:
            continue
    while n:
        n -= 1
    else:
        n = 5
    return n
""",
    "comprehensions": """
def f(n):
    a = [x * y for x in range(n) if x % 2 if x for y in range(x)]
    return a, {x for x in a}, {x: [y for y in range(x)] for x in a}, sum(x for x in a if x)
""",
    "lambdas and defaults": """
def f(n, key=lambda x: [-y for y in range(x)]):
    pick = lambda a, b=(lambda: 7): a or b()
    return sorted(range(n), key=key), pick(n), (lambda *a, **k: a)(1, 2), f"{(lambda: n)()}"
""",
    "classes and decorators": """
def twice(g):
    return lambda x: g(g(x))
class C:
    "Text."
    rows = [i for i in range(3)]
    for i in range(2):
        rows.append(i)
    @staticmethod
    @twice
    def m(x): return x + 1
def f(n):
    return C.m(n), C.rows, C.__doc__
""",
    "generators": """
def f(n):
    def g():
        for i in range(n):
            yield i
    async def h():
        return [i async for i in k()]
    async def k():
        for i in range(n):
            yield i
    it = h().__await__()
    try:
        next(it)
    except StopIteration as stop:
        return list(g()), stop.value
""",
    "match, with, try": """
import contextlib
def f(n):
    match [n, [i for i in range(n)]]:
        case [0, _] if any(x for x in (1, 2)):
            return "zero"
        case [k, [*rest]] if k:
            with contextlib.suppress(ValueError, *(i for i in ())) as none:
                for i in rest:
                    raise ValueError
    try:
        return [1 / x for x in rest]
    except ZeroDivisionError as error:
        return [str(error) for _ in range(2)]
    finally:
        n = {**{i: i for i in range(2)}}
""",
    "future import and globals": """
"Text."
from __future__ import annotations
total = 0
def f(n: (lambda: 1)) -> [i for i in y]:
    global total
    total += n
    return total, __doc__, f.__annotations__
""",
}


class Loaded:
    """A module that counts, ready to call."""

    def __init__(self, code: types.CodeType, edges: int) -> None:
        self.counter = Counter(edges)
        self.names: dict[str, Any] = {"__name__": "bundle", **self.counter.namespace()}
        self.counter.begin(1000)
        exec(code, self.names)  # noqa: S102  # what probes are for
        self.at_load = self.counter.steps

    def call(self, n: int, limit: int) -> tuple[object, int, bool]:
        self.counter.begin(limit)
        try:
            result = self.names["f"](n)
        except StepLimit:
            result = StepLimit
        return result, self.counter.steps, self.counter.exhausted


@pytest.mark.parametrize("name", PROGRAMS)
@pytest.mark.parametrize("limit", [1000, 5])
def test_steps_alone_are_the_steps_of_full_probes(name: str, limit: int) -> None:
    probed = probe(PROGRAMS[name])
    full = Loaded(probed.code, probed.edges)
    steps = Loaded(compile_counted(PROGRAMS[name], "<bundle>"), 0)
    assert steps.at_load == full.at_load
    for n in (0, 1, 4):
        assert steps.call(n, limit) == full.call(n, limit)


def test_the_line_of_an_error_stays() -> None:
    loaded = Loaded(compile_counted("def f(n):\n    for i in [n]:\n        1 / i\n", "b"), 0)
    with pytest.raises(ZeroDivisionError) as raised:
        loaded.call(0, 10)
    assert raised.traceback[-1].lineno == 2


@pytest.mark.parametrize("source", ["def f(", "x = 1\0", "(" * 300 + ")" * 300])
def test_what_does_not_compile_raises_what_compile_raises(source: str) -> None:
    with pytest.raises((SyntaxError, ValueError, MemoryError)):
        compile_counted(source, "b")


def test_deep_code_does_not_exhaust_the_walk() -> None:
    source = f"x = {'-' * (sys.getrecursionlimit() // 20)}1"
    assert compile_counted(source, "b").co_consts
