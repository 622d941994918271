import ast
import sys
import textwrap
import types
from pathlib import Path
from typing import Any

import pytest

from c2c_stream.code.probes import Counter, Probed, StepLimit, probe

LIMIT = 10_000


class Loaded:
    """A probed module, as a child runs it."""

    def __init__(self, source: str, *, limit: int = LIMIT) -> None:
        self.probed: Probed = probe(textwrap.dedent(source))
        self.counter = Counter(self.probed.edges)
        module = types.ModuleType("bundle")
        vars(module).update(self.counter.namespace())
        self.counter.begin(limit)
        exec(self.probed.code, vars(module))  # noqa: S102  # what probes are for
        self.names: dict[str, Any] = vars(module)

    def call(self, name: str, *args: object, limit: int = LIMIT) -> Any:
        """Call a function of the module."""
        self.counter.begin(limit)
        return self.names[name](*args)

    def edges_of(self, name: str, *args: object) -> int:
        """Return how many edges one call marks."""
        self.counter.hits[:] = bytes(len(self.counter.hits))
        self.call(name, *args)
        return sum(self.counter.hits)


def plain(source: str) -> dict[str, Any]:
    names: dict[str, Any] = {"__name__": "bundle"}
    exec(compile(textwrap.dedent(source), "<bundle>", "exec", dont_inherit=True), names)  # noqa: S102  # the same
    return names


# Each program ends with `answer`, which probes must not change.
PROGRAMS = {
    "docstrings and future import": '''
        """Module text."""
        from __future__ import annotations
        def f(x: (lambda: 1)) -> [i for i in y]:
            """Text of f."""
        class C:
            """Text of C."""
            z: (a if b else c) = 1
            def m(self):
                """Text of m."""
        answer = (__doc__, f.__doc__, C.__doc__, C.m.__doc__, f(1), f.__annotations__,
                  C.__annotations__)
        ''',
    "global and nonlocal": """
        total = 0
        def f(n):
            global total
            total += n
            def g():
                nonlocal n
                n += 1
                return n
            return g() + g(), total
        answer = [f(1), f(2)]
        """,
    "generators": """
        def f(n):
            for i in range(n):
                got = yield i
                if got:
                    yield got
        def g():
            yield from f(3)
            return 5
        def empty():
            return
            yield
        it = f(3)
        answer = (list(g()), list(empty()), next(it), it.send("x"), list(it))
        """,
    "comprehensions": """
        def f(rows):
            a = [x * y for x in rows if x if x > 1 for y in rows if y != x]
            b = {x: -x for x in rows}
            c = {x % 3 for x in rows}
            d = sum(x for x in rows if not x % 2)
            return a, b, c, d, [[y for y in range(x)] for x in rows]
        class C:
            size = 2
            rows = [i for i in range(size)]
        answer = (f([1, 2, 3, 4]), C.rows)
        """,
    "match": """
        def f(x):
            match x:
                case 0 | 1:
                    return "small"
                case {"k": v} if v or x.get("z"):
                    return v
                case [a, *rest]:
                    return rest
                case str() as s:
                    return s
            return "none"
        def g(x):
            match x:
                case 1: return 1
                case _: return 2
        def h(x):
            match x:
                case (y): return y
        answer = [f(0), f({"k": 3}), f({"k": 0, "z": 0}), f([1, 2, 3]), f("s"), f(2.5),
                  g(1), g(3), h(4)]
        """,
    "walrus, lambda, and/or, conditional": """
        def f(xs):
            if (n := len(xs)) > 2 and (m := n + 1):
                return m
            pick = lambda a, b=(lambda: 7): a or b()
            return [pick(0), pick(3), 0 or [] or {}, 1 and "" and 5, "a" if xs else None,
                    (lambda: (yield))().__next__()]
        answer = [f([1, 2, 3]), f([]), f([1])]
        """,
    "decorators, classes, dataclasses": """
        import dataclasses, functools
        def twice(g):
            @functools.wraps(g)
            def inner(*a, **k):
                return g(g(*a, **k))
            return inner
        @twice
        def f(x):
            return x + 1
        @dataclasses.dataclass(order=True)
        class P:
            x: int
            ys: list = dataclasses.field(default_factory=lambda: [1])
            @property
            def __secret(self):
                return [y for y in self.ys if y] or None
            def get(self):
                return self.__secret
        answer = [f(1), P(1) < P(2), P(3).get(), repr(P(1))]
        """,
    "loops": """
        def f(n):
            out = []
            while n:
                n -= 1
                if n == 7: continue
                if n == 3: break
                out.append(n)
            else:
                out.append("else")
            for i in []:
                pass
            else:
                out.append("empty")
            while True:
                return out
        answer = [f(2), f(9)]
        """,
    "exceptions": """
        def f(x):
            try:
                y = 1 / x
            except (ZeroDivisionError, TypeError) as error:
                return type(error).__name__
            else:
                y += 1
            finally:
                x = None
            return y
        def g():
            try:
                raise ExceptionGroup("g", [ValueError(1), KeyError(2)])
            except* ValueError as e:
                one = len(e.exceptions)
            except* KeyError:
                pass
            return one
        answer = [f(0), f("a"), f(2), g()]
        """,
    "async": """
        async def f(n):
            return [i async for i in g(n) if i]
        async def g(n):
            for i in range(n):
                yield i
        def run(c):
            try:
                c.send(None)
            except StopIteration as e:
                return e.value
        answer = run(f(4))
        """,
    "strings": """
        def f(x):
            return f"{x if x else 'none'!r:>{8 if x else 10}}"
        answer = [f(1), f(0)]
        """,
}


@pytest.mark.parametrize("name", PROGRAMS)
def test_probes_keep_the_meaning(name: str) -> None:
    assert repr(Loaded(PROGRAMS[name]).names["answer"]) == repr(plain(PROGRAMS[name])["answer"])


@pytest.mark.parametrize("name", PROGRAMS)
def test_observing_comparisons_keeps_the_meaning(name: str) -> None:
    probed = probe(textwrap.dedent(PROGRAMS[name]), observe=True)
    counter = Counter(probed.edges)
    names = counter.namespace() | {"__name__": "bundle"}
    counter.begin(LIMIT)
    exec(probed.code, names)  # noqa: S102  # the same
    assert repr(names["answer"]) == repr(plain(PROGRAMS[name])["answer"])


def test_tracebacks_name_the_same_lines() -> None:
    loaded = Loaded("""
        def f(xs):
            for x in xs:
                if x:
                    y = 1
                    raise ValueError(y)
        """)
    with pytest.raises(ValueError, match="1") as caught:
        loaded.call("f", [0, 5])
    assert caught.traceback[-1].lineno == 5


@pytest.mark.parametrize(
    ("body", "steps"),
    [
        ("return 1", 1),
        ("for _ in range(5): pass", 6),
        ("while n: n -= 1", 5),
        ("return [i for i in range(n)]", 5),
        ("return sum(1 for i in range(n) for j in range(2))", 13),
        ("return list(map(lambda x: x, range(n)))", 5),
        ("return f(n - 1) if n else 0", 5),
    ],
)
def test_entries_and_iterations_are_steps(body: str, steps: int) -> None:
    loaded = Loaded(f"def f(n):\n    {body}")
    loaded.call("f", 4)
    assert loaded.counter.steps == steps
    assert not loaded.counter.exhausted


def test_the_code_of_the_module_counts() -> None:
    loaded = Loaded("total = 0\nfor i in range(20):\n    total += i\nrows = [0 for _ in range(3)]")
    assert loaded.counter.steps == 23
    assert loaded.probed.edges == 0
    with pytest.raises(StepLimit):
        Loaded("while True: pass")


def test_a_call_may_take_exactly_its_limit() -> None:
    loaded = Loaded("def f(n):\n    for _ in range(n): pass")
    loaded.call("f", 9, limit=10)
    assert (loaded.counter.steps, loaded.counter.exhausted) == (10, False)
    with pytest.raises(StepLimit):
        loaded.call("f", 10, limit=10)
    assert (loaded.counter.steps, loaded.counter.exhausted) == (10, True)


def test_swallowing_the_limit_does_not_help() -> None:
    loaded = Loaded("""
        def f():
            try:
                while True: pass
            except BaseException:
                return "free"
        def g():
            while True:
                try:
                    f()
                except BaseException:
                    pass
        """)
    assert loaded.call("f") == "free"
    assert loaded.counter.exhausted
    with pytest.raises(StepLimit):
        loaded.call("g")


def test_each_call_begins_anew() -> None:
    loaded = Loaded("def f(n):\n    for _ in range(n): pass")
    with pytest.raises(StepLimit):
        loaded.call("f", 100, limit=10)
    loaded.call("f", 3, limit=10)
    assert (loaded.counter.steps, loaded.counter.exhausted) == (4, False)


def test_probes_take_no_depth_of_recursion() -> None:
    source = "def f(n):\n    return 1 + f(n - 1) if n > 0 and True else 0"
    depth = sys.getrecursionlimit() // 2

    def deepest(f: Any) -> int:
        low, high = depth // 2, depth * 2
        while high - low > 1:
            middle = (low + high) // 2
            try:
                f(middle)
            except RecursionError:
                high = middle
            else:
                low = middle
        return low

    loaded = Loaded(source)
    loaded.counter.begin(1_000_000)
    assert deepest(plain(source)["f"]) - deepest(loaded.names["f"]) <= 2


@pytest.mark.parametrize(
    ("body", "calls", "edges"),
    [
        ("if x: return 1", [1, 0], 3),
        ("if x > 1: return 1\n    elif x: return 2\n    else: return 3", [2, 1, 0], 5),
        ("return 1 if x else 2", [1, 0], 3),
        ("return x and x + 1", [1, 0], 2),
        ("for i in range(x):\n        if i: break", [3, 0], 5),
        ("while x:\n        x -= 1", [1], 3),
        ("while True:\n        return x", [1], 2),
        ("return [i for i in range(x) if i > 1]", [3], 3),
        ("try:\n        return 1 / x\n    except ZeroDivisionError: return 0", [1, 0], 2),
        ("match x:\n        case 1: return 1", [1, 2], 3),
    ],
)
def test_each_branch_has_an_edge(body: str, calls: list[int], edges: int) -> None:
    loaded = Loaded(f"def f(x):\n    {body}")
    assert loaded.probed.edges == edges
    for x in calls:
        assert 0 < loaded.edges_of("f", x) <= edges
    loaded.counter.hits[:] = bytes(edges)
    for x in calls:
        loaded.call("f", x)
    assert all(loaded.counter.hits)


def test_a_branch_not_taken_is_not_marked() -> None:
    loaded = Loaded("def f(x):\n    if x and x > 3:\n        return 1\n    return 2")
    assert loaded.edges_of("f", 0) == 2
    assert loaded.edges_of("f", 1) == 3
    assert loaded.edges_of("f", 9) == 3


def test_comparisons_show_their_operands() -> None:
    probed = probe("def f(a, b):\n    return a < b <= 9 or a in b", observe=True)
    seen: list[tuple[int, int, object]] = []

    def observer(site: int, position: int, value: object) -> object:
        seen.append((site, position, value))
        return value

    counter = Counter(probed.edges, observer)
    names: dict[str, Any] = counter.namespace()
    exec(probed.code, names)  # noqa: S102  # the same
    counter.begin(LIMIT)
    assert names["f"](1, 5) is True
    assert seen == [(0, 0, 1), (0, 1, 5), (0, 2, 9)]
    assert probed.comparisons == (("Lt", "LtE"), ("In",))


def test_what_does_not_compile_says_so() -> None:
    with pytest.raises(SyntaxError):
        probe("def f(:")
    with pytest.raises(SyntaxError):
        probe("def f():\n    x = 1\n    global x")
    with pytest.raises((SyntaxError, ValueError), match="null"):
        probe("x = '\0'")
    with pytest.raises((RecursionError, MemoryError, SyntaxError)):
        probe("x = " + "-" * 100_000 + "1")


def test_edges_are_numbered_as_the_code_reads() -> None:
    loaded = Loaded("""
        def f(x):
            if x:
                return 1
            for _ in range(2):
                x += 1
            return x
        """)
    loaded.edges_of("f", 1)
    assert list(loaded.counter.hits) == [1, 1, 0, 0, 0]
    assert loaded.edges_of("f", 0) == 4


def test_a_large_module_compiles_with_probes() -> None:
    probed = probe(Path(ast.__file__).read_text(encoding="utf-8"))
    assert probed.edges > 500
