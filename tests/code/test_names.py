import ast
import dis
import sysconfig
import textwrap
import types
import warnings
from collections.abc import Iterator
from pathlib import Path

import pytest

from c2c_stream.code.names import Names, names_of

FOLDER = Path(sysconfig.get_path("stdlib"))


def names(source: str) -> Names:
    return names_of(ast.parse(textwrap.dedent(source)).body[0])


def compiled_names(statement: ast.stmt) -> tuple[set[str], bool]:
    """Return what the compiler loads from the module, and whether a class makes that vague."""
    future = ast.parse("from __future__ import annotations").body
    module = ast.Module([*future, statement], [])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        code = compile(module, "<statement>", "exec", dont_inherit=True)
    todo, loaded, vague = [code], set[str](), False
    while todo:
        code = todo.pop()
        todo += [const for const in code.co_consts if isinstance(const, types.CodeType)]
        instructions = list(dis.get_instructions(code))
        stored = {i.argval for i in instructions if i.opname == "STORE_NAME"}
        in_class = "__qualname__" in stored
        vague |= in_class
        for instruction in instructions:
            hidden = in_class and instruction.argval in stored
            if instruction.opname in {"LOAD_GLOBAL", "LOAD_NAME", "LOAD_CLASSDEREF"} and not hidden:
                loaded.add(instruction.argval)
    return loaded - {"__name__", "__annotations__"}, vague


def statements() -> Iterator[ast.stmt]:
    for name in ("argparse.py", "difflib.py", "inspect.py", "statistics.py", "typing.py"):
        yield from ast.parse((FOLDER / name).read_text(encoding="utf-8")).body


def test_the_names_are_those_that_the_compiler_loads() -> None:
    compared = 0
    for statement in statements():
        if not isinstance(statement, ast.FunctionDef | ast.ClassDef):
            continue
        loaded, vague = compiled_names(statement)
        # A recursive function loads its own name from the module, as the walk says too.
        found = names_of(statement).loads - {"__name__"}
        assert loaded <= found | {statement.name, "__class__"}, statement.name
        if not vague:
            assert found <= loaded, statement.name
        compared += 1
    assert compared > 200


@pytest.mark.parametrize(
    ("source", "loads"),
    [
        ("def f(a, b=D): return a + b + c", {"D", "c"}),
        ("def f(a): return [x for x in a if y]", {"y"}),
        ("def f(a): return [x for x in x]", {"x"}),
        ("def walrus_in_comprehension(a): return [y := x for x in a], y", set()),
        ("def match_capture(a):\n match a:\n  case {'k': v, **rest}: return v, rest", set()),
        ("def match_capture(a):\n match a:\n  case [x, *y] | (K() as x, *y): return x, y", {"K"}),
        ("def except_as_name(a):\n try: a()\n except E as e: return e", {"E"}),
        ("def nonlocal_closure(a):\n n = 0\n def g():\n  nonlocal n\n  n += k\n return g", {"k"}),
        ("def f(a):\n global G\n G = a\n return G", {"G"}),
        ("def f(a):\n import os as o, sys\n return o, sys", set()),
        ("def f(a):\n with a as (b, [c]): return b, c, d", {"d"}),
        ("def f(a):\n for b in a: pass\n return b", set()),
        ("def f(a):\n del a\n return lambda x, *y, z=w, **k: (x, y, z, k)", {"w"}),
        ("def f(a):\n x += 1\n return x", set()),
        ("def f(a):\n x: T = 1\n y: U\n return x", set()),
        ("@d.e(k=v)\ndef f(a): return 1", {"d", "v"}),
        (
            "class C(B, metaclass=M):\n x = 1\n y = x\n def g(self): return x, C",
            {"B", "M", "x", "C"},
        ),
        ("class C:\n x = x", {"x"}),
        (
            "class class_scope_comprehension:\n x = 1\n y = [x for _ in z]\n w = [v for v in x]",
            {"x", "z"},
        ),
        ("def f(\uff41): return a", set()),
    ],
)
def test_a_statement_needs(source: str, loads: set[str]) -> None:
    assert names(source).loads == loads


def test_annotations_are_told_apart_from_what_runs() -> None:
    found = names("def f(a: A, *b: 'B', c: x.C = D) -> list[E]: return a")
    assert found.loads == {"D"}
    assert found.annotations == {"A", "x", "list", "E"}


def test_what_is_rebound_and_changed_in_place_is_told() -> None:
    found = names(
        """
        def f(a):
            global G
            G = a
            CACHE[a] = a
            SEEN.add(a)
            box.field = a
            a.append(1)
            local = {}
            local[a] = 1
            return a
        """
    )
    assert found.rebinds == {"G"}
    assert found.mutates == {"CACHE", "SEEN", "box"}


def test_a_parameter_s_uses_end_where_an_inner_scope_hides_it() -> None:
    found = names(
        """
        def f(p, q):
            g = lambda p: p.hidden()
            return [q.hidden for q in p.shown()], q()
        """
    )
    uses = {(use.name, use.tail, use.called) for use in found.parameter_uses}
    assert uses == {("p", ".shown", True), ("q", "", True)}


def test_a_yield_or_a_return_in_an_inner_function_is_not_its_own() -> None:
    found = names("def f(a):\n def g():\n  yield 1\n def h():\n  return 1\n g()")
    assert not found.has_yield
    assert not found.returns_value
    assert names("def f(a): yield a").has_yield
    assert names("def f(a): return a").returns_value
    assert not names("def f(a): return None").returns_value


def test_deep_expressions_need_no_deep_stack() -> None:
    source = "def f(a): return a" + ".b" * 900 + "".join(f" + g{n}" for n in range(900))
    assert len(names(source).loads) == 900
