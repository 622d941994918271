import textwrap

import pytest

from c2c_stream.code.obstacles import SliceLimits
from c2c_stream.collect import rules
from c2c_stream.collect.rules import Collected, Limits, TurnedDown, collect
from c2c_stream.reasons import Reason
from c2c_stream.records import Parameter

LIMITS = Limits()


def judged(source: str, limits: Limits = LIMITS) -> dict[str, str]:
    """Return the reason of each function; nothing for one that passes."""
    found = collect(textwrap.dedent(source).encode(), "pkg/m.py", limits)
    return {
        each.qualified_name: each.reason.value if isinstance(each, TurnedDown) else ""
        for each in found
    }


def test_every_function_of_every_level_is_judged_once_in_source_order() -> None:
    source = """
        def f(a):
            def inner(b):
                class Local:
                    def method(self): return b
                return Local
            return inner(a), a
        class C:
            def m(self, x):
                def deep(): return x
                return deep
            class D:
                async def n(self): return 1
        if f:
            def g(a): return a + 1
            class E:
                def o(self): pass
        for _ in []:
            def h(a): return a + 1
        try:
            pass
        except ValueError:
            def i(a): return a
        match f:
            case 1:
                def j(a): return a
        """
    assert judged(source) == {
        "f": "",
        "f.inner": "nested",
        "f.inner.Local.method": "method",
        "C.m": "method",
        "C.m.deep": "nested",
        "C.D.n": "method",
        "g": "conditional_def",
        "E.o": "method",
        "h": "conditional_def",
        "i": "conditional_def",
        "j": "conditional_def",
    }


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("def f(a): return a + 1", ""),
        ("def f(*a): return len(a) + 1", ""),
        ("def f(*, a=1): return -a", ""),
        ("def f(a): return a\ndef f(a): return a + 1", Reason.REDEFINED),
        ("def f(a): return a + 1\nf = print", Reason.REDEFINED),
        ("async def f(a): return a + 1", Reason.ASYNC),
        ("def f(): return 1", Reason.NO_ARGS),
        ("def f(a): yield a", Reason.GENERATOR),
        ("def f(a):\n x = yield from a\n return x", Reason.GENERATOR),
        ("def f(a): pass", Reason.STUB),
        ("def f(a): ...", Reason.STUB),
        ("def f(a):\n '''Doc.'''", Reason.STUB),
        ("def f(a):\n '''Doc.'''\n raise NotImplementedError('later')", Reason.STUB),
        ("def f(a): return NotImplemented", Reason.STUB),
        ("def f(a):\n print(a, file=a)", Reason.NO_RETURN),
        ("def f(a):\n print(*a, **a)", Reason.NO_RETURN),
        ("def f(a):\n a.print(a)", Reason.NO_RETURN),
        ("def f(a):\n print(a)\ndef print(a): a.x()", Reason.NO_RETURN),
        ("def f(a):\n if a: return\n return None", Reason.NO_RETURN),
        ("def f(a):\n def g(): return 1\n g()", Reason.NO_RETURN),
        ("def f(a): return 'constant'", Reason.TRIVIAL),
        ("def f(a): return -1", Reason.TRIVIAL),
        ("def f(a): print(a)", Reason.TRIVIAL),
        ("def f(a): print('-', a)", ""),
        ("def f(a):\n for b in a: print(b)", ""),
        ("def f(a): return {'k': [1, (2,)]}", Reason.TRIVIAL),
        ("def f(a):\n '''Doc.'''\n return a", Reason.TRIVIAL),
        ("def f(a, *b, **c): return g(a, *b, k=a, **c)\ndef g(*a, **k): return 1", Reason.TRIVIAL),
        ("def f(a): return a.strip()", Reason.TRIVIAL),
        ("def f(a): return sorted(a, reverse=True)", ""),
        ("def f(a): return a.strip('x')", ""),
        ("def f(a): return len(a) + 1", ""),
        ("def f(a):\n" + " a += 1\n" * 99 + " return a", Reason.TOO_LONG),
        ("def f(a):\n" + " a += 1\n" * 98 + " return a", ""),
    ],
)
def test_the_shape_of_a_function_is_judged(source: str, reason: str) -> None:
    assert judged(source)["f"] == reason


def test_overload_redefinition() -> None:
    source = """
        from typing import overload
        @overload
        def f(a: int) -> int: ...
        def f(a): return a + a
        """
    found = collect(textwrap.dedent(source).encode(), "m.py", LIMITS)
    assert [each.reason for each in found if isinstance(each, TurnedDown)] == [Reason.REDEFINED]
    assert [each.line for each in found if isinstance(each, Collected)] == [5]


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ("import numpy\ndef f(a): return numpy.sum(a) + 1", Reason.THIRD_PARTY),
        ("from . import x\ndef f(a): return x(a) + 1", Reason.SELF_IMPORT),
        ("import pkg\ndef f(a): return pkg.x + a", Reason.SELF_IMPORT),
        ("from x import *\ndef f(a): return y + a", Reason.STAR_IMPORT),
        ("if E:\n import json\ndef f(a): return json, a", Reason.CONDITIONAL_IMPORT),
        ("def f(a): return missing + a", Reason.UNRESOLVED_NAME),
        ("import winreg\ndef f(a): return winreg.X + a", Reason.STDLIB_PLATFORM),
        ("async def g(a): return a\ndef f(a): return g, a", Reason.DEP_ASYNC),
        ("class C:\n" + " x = 1\n" * 80 + "def f(a): return C, a", Reason.CLASS_TOO_LARGE),
        ("\n".join(f"X{n} = 1" for n in range(13))
         + "\ndef f(a): return " + "+".join(f"X{n}" for n in range(13)), Reason.TOO_MANY_DEPS),
        ("X = [\n" + "1,\n" * 200 + "]\ndef f(a): return X, a", Reason.BUNDLE_TOO_LONG),
    ],
)  # fmt: skip
def test_what_a_function_needs_is_judged(source: str, reason: str) -> None:
    assert judged(source)["f"] == reason


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return open(a).read() + ''", Reason.IMPURE_FILE),
        ("import os.path\n return os.path.exists(a) + 1", Reason.IMPURE_FILE),
        ("import os.path as p\n return p.join(a, 'b')", ""),
        ("import os\n return os.path.join(a, os.sep)", ""),
        ("import os\n return os.environ['x'] + a", Reason.IMPURE_ENV),
        ("import sys\n return sys.maxsize + a", ""),
        ("import sys\n return sys.argv + a", Reason.IMPURE_ENV),
        ("return input(a) + ''", Reason.IMPURE_INPUT),
        ("return eval(a) + 1", Reason.IMPURE_DYNAMIC),
        ("g = globals\n return g()[a]", Reason.IMPURE_DYNAMIC),
        ("import subprocess as s\n return s.run([a, 1])", Reason.IMPURE_PROCESS),
        ("if a: exit()\n return 1", Reason.IMPURE_PROCESS),
        ("from random import choice\n return choice([a, 1])", Reason.IMPURE_RANDOM),
        ("from random import Random\n return Random(a).random() + 1", ""),
        ("from datetime import datetime as d\n return d.now() - a", Reason.IMPURE_TIME),
        ("from datetime import datetime as d\n return d(a, 1, 1).year", ""),
        ("import time\n return time.time() + a", Reason.IMPURE_TIME),
        ("from urllib.request import urlopen\n return urlopen(a).read(1)", Reason.IMPURE_NETWORK),
        ("from urllib.parse import quote\n return quote(a, '')", ""),
        ("print(a, hash(a), id(a))\n return a + 1", ""),
        ("open = len\n return open(a) + 1", ""),
    ],
)
def test_what_a_function_touches_is_judged(body: str, reason: str) -> None:
    assert judged(f"def f(a):\n {body}")["f"] == reason


def test_mutable_global_cache() -> None:
    source = """
        CACHE = {}
        LIST = []
        COUNT = 0
        def store(a):
            CACHE[a] = a
            return a + 1
        def append(a):
            LIST.append(a)
            return a + 1
        def count(a):
            global COUNT
            COUNT += 1
            return a + COUNT
        def read(a): return CACHE.get(a, LIST)
        """
    assert judged(source) == {
        "store": "impure_global_write",
        "append": "impure_global_write",
        "count": "impure_global_write",
        "read": "",
    }


def test_the_impurity_of_a_helper_is_its_user_s() -> None:
    source = "import time\nSTART = time.time()\ndef g(): return START\ndef f(a): return g() + a"
    (_, found) = collect(source.encode(), "m.py", LIMITS)
    assert isinstance(found, TurnedDown)
    assert (found.reason, found.detail) == (Reason.IMPURE_TIME, "time.time (in line 2)")


@pytest.mark.parametrize(
    ("body", "reason"),
    [
        ("return a.next + 1", Reason.FOREIGN_ATTR),
        ("return [x for x in a.nodes()]", Reason.FOREIGN_ATTR),
        ("a.value = 1\n return a", Reason.FOREIGN_ATTR),
        ("while a:\n  a = a.next\n return 1", Reason.FOREIGN_ATTR),
        ("a = make(a)\n return a.next + 1", ""),
        ("return a.items(), a.real, a.upper().foreign", ""),
        ("return a(1) + 1", Reason.CALLABLE_PARAM),
        ("return [a(x) for x in b]", Reason.CALLABLE_PARAM),
        ("a = make(a)\n return a(1) + 1", ""),
        ("return (lambda a: a(1), b)", ""),
    ],
)
def test_what_a_function_asks_of_its_parameters_is_judged(body: str, reason: str) -> None:
    assert judged(f"def make(x): return [x]\ndef f(a, b=None):\n {body}")["f"] == reason


def test_a_function_that_passes_comes_with_all_that_the_record_holds() -> None:
    source = '''
        import math
        K = 2
        @staticmethod
        def f(a, /, b: "int" = 1, *c, d=(1,
                2), e: float = 1 +
                2, **g):
            """Doc."""
            return math.floor(a) * K
        '''.replace("1 +\n                2", "(1 +\n                2)")
    (found,) = collect(textwrap.dedent(source).encode(), "m.py", LIMITS)
    assert isinstance(found, Collected)
    assert (found.qualified_name, found.line, found.end_line) == ("f", 5, 9)
    assert found.imports == ("math",)
    assert found.dependencies == ("K",)
    assert found.parameters == (
        Parameter("a", "positional_only"),
        Parameter("b", "positional_or_keyword", '"int"', "1"),
        Parameter("c", "var_positional"),
        Parameter("d", "keyword_only", "", "((1,\n        2))"),
        Parameter("e", "keyword_only", "float", "(1 +\n        2)"),
        Parameter("g", "var_keyword"),
    )


def test_a_file_that_cannot_be_parsed_is_turned_down_as_a_whole() -> None:
    (found,) = collect(b"def f(a): return a +", "m.py", LIMITS)
    assert isinstance(found, TurnedDown)
    assert (found.reason, found.qualified_name, found.line) == (Reason.SYNTAX_ERROR, "", 0)


def test_what_parses_but_does_not_compile_is_no_bundle() -> None:
    assert judged("def f(a, a): return a + 1") == {"f": "syntax_error"}
    assert judged("def f(a):\n nonlocal b\n return a + 1") == {"f": "syntax_error"}


@pytest.mark.parametrize(
    "source",
    [
        pytest.param("def f(a):\n if a: pass\n" + " elif a: pass\n" * 3000, id="elif_3k"),
        pytest.param("def f(a): return a" + ".b" * 5000, id="attr_chain_5k"),
        pytest.param("def f(a): return a" + "+1" * 3000, id="binop_3k"),
        pytest.param("def f(a): return " + "lambda: " * 2000 + "a", id="lambdas"),
        pytest.param("def f(a): return " + "(" * 190 + "a" + ")" * 190 + " + 1", id="brackets"),
        pytest.param("def f(a): return " + "[x for x in " * 90 + "a" + "]" * 90, id="loops"),
    ],
)  # fmt: skip
def test_a_deep_source_is_judged_or_a_parse_limit(source: str) -> None:
    (found,) = collect(source.encode(), "m.py", LIMITS)
    if isinstance(found, TurnedDown):
        shallow = {Reason.PARSE_LIMIT, Reason.FOREIGN_ATTR, Reason.SYNTAX_ERROR, Reason.NO_RETURN}
        assert found.reason in shallow


def test_binop_1k_unparse() -> None:
    assert judged("def f(a): return a" + "+1" * 1000) == {"f": ""}


def test_hexint_1m_unparse() -> None:
    source = f"X = 0x{'f' * 400_000}\ndef f(a): return X + a"
    assert judged(source) == {"f": "bundle_too_long"}


def test_a_file_of_too_many_functions_is_turned_down_as_a_whole() -> None:
    (found,) = collect(b"def f(a):a\n" * (rules.MAX_FUNCTIONS + 1), "m.py", LIMITS)
    assert isinstance(found, TurnedDown)
    assert found.reason is Reason.PARSE_LIMIT


def test_bundles_of_one_file_do_not_multiply_what_they_share(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(rules, "MAX_FILE_BYTES", 10_000)
    source = f"X = '{'x' * 3000}'\n" + "".join(f"def f{n}(a): return X + a\n" for n in range(9))
    reasons = list(judged(source).values())
    assert reasons == [""] * 3 + ["bundle_too_long"] * 6


def test_names_of_any_length_fit_into_a_record() -> None:
    long = "n" * 10_000
    nested = f"class {long}:\n    def {long}(self): return 1\ndef {long}(a): return a + 1"
    names = list(judged(nested))
    assert len(set(names)) == 2
    assert all(len(name) < 400 for name in names)


def test_the_limits_are_the_caller_s() -> None:
    limits = Limits(max_lines=2, slice=SliceLimits(dependencies=0))
    assert judged("X = 1\ndef f(a): return X + a", limits)["f"] == "too_many_deps"
    assert judged("def f(a):\n a += 1\n return a", limits)["f"] == "too_long"


def test_each_reason_has_a_meaning() -> None:
    assert all(reason.meaning for reason in Reason)
