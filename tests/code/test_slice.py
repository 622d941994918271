import sys
import textwrap
import types
from typing import Any

import pytest

from c2c_stream.code.bundle import Bundle, Bundler
from c2c_stream.code.module import Module
from c2c_stream.code.obstacles import SliceError, SliceLimits
from c2c_stream.code.parse import parse
from c2c_stream.code.slice import Slice, slice_out

LIMITS = SliceLimits()


def cut(source: str, name: str = "f", limits: SliceLimits = LIMITS) -> tuple[Slice, Bundle]:
    module = Module(parse(textwrap.dedent(source).encode()), frozenset({"own"}))
    (entry,) = (b.index for b in module.bindings[name] if b.kind == "function")
    found = slice_out(module, entry, limits)
    return found, Bundler(module, limits).bundle(found, name)


def code_of(source: str, name: str = "f") -> str:
    return cut(source, name)[1].code


def call(code: str, name: str, *arguments: object) -> Any:
    space: dict[str, Any] = {"__name__": "bundle"}
    exec(compile(code, "<bundle>", "exec", dont_inherit=True), space)  # noqa: S102  # our own text
    return space[name](*arguments)


def obstacle(source: str, limits: SliceLimits = LIMITS) -> str:
    with pytest.raises(SliceError) as caught:
        cut(source, limits=limits)
    return caught.value.obstacle.reason


def test_a_slice_takes_what_is_needed_in_source_order_with_its_text() -> None:
    source = """
        '''Module.'''
        import os, math as m
        from itertools import chain, count

        UNUSED = 1
        SCALE = 2  # twice


        def helper(x):
            # a comment inside stays
            return m.floor(x) * SCALE


        def unused(x):
            return os.getcwd()


        @staticmethod
        def f(a):
            return [helper(x) for x in chain(a)]
        """
    found, bundle = cut(source)
    assert found.dependencies == ("SCALE", "helper")
    assert found.modules == ("itertools", "math")
    assert bundle.code == textwrap.dedent(
        """\
        import math as m
        from itertools import chain

        SCALE = 2


        def helper(x):
            # a comment inside stays
            return m.floor(x) * SCALE


        @staticmethod
        def f(a):
            return [helper(x) for x in chain(a)]
        """
    )
    assert call(bundle.code, "f", [1.5, 2.5]) == [2, 4]


def test_dep_annotation_only_name() -> None:
    code = code_of("class Big:\n    pass\n\ndef f(a: Big) -> 'Big': return [a]")
    assert code.startswith("from __future__ import annotations\n\n\ndef f")
    assert "class" not in code
    assert call(code, "f", 1) == [1]


def test_an_import_that_an_annotation_names_travels_without_a_future_import() -> None:
    code = code_of("from typing import List, Set\ndef f(a: List[int]): return a[0]")
    assert code == "from typing import List\n\n\ndef f(a: List[int]): return a[0]\n"


def test_an_annotation_of_something_defined_later_is_made_lazy() -> None:
    code = code_of(
        "from __future__ import annotations\ndef f(a: Late): return Late()\nclass Late: pass"
    )
    assert code.startswith("from __future__")
    assert type(call(code, "f", 1)).__name__ == "Late"


def test_an_annotation_that_only_a_lazy_module_may_hold_stays_lazy() -> None:
    lazy = "from __future__ import annotations\n"
    assert code_of(f"{lazy}def f(a: 'int' | None): return [a]").startswith("from __future__")
    assert code_of(f"{lazy}def f(a: int | None): return [a]").startswith("def f")


def test_dataclass_future_annotations(monkeypatch: pytest.MonkeyPatch) -> None:
    code = code_of(
        """
        from __future__ import annotations
        from dataclasses import dataclass
        from typing import ClassVar

        @dataclass
        class Point:
            x: int
            y: int = 0
            count: ClassVar[int] = 3
            other: Point | None = None

        def f(a):
            return Point(a).x + Point.count
        """
    )
    assert "from typing import ClassVar" in code
    # dataclasses looks for the module of its class.
    module = types.ModuleType("bundle")
    monkeypatch.setitem(sys.modules, "bundle", module)
    exec(compile(code, "<bundle>", "exec", dont_inherit=True), vars(module))  # noqa: S102
    assert module.f(4) == 7


def test_type_checking_import() -> None:
    source = "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    import numpy as np\n"
    assert code_of(f"{source}def f(a: np.array): return [a]").startswith("from __future__")
    assert obstacle(f"{source}def f(a): return np.sum(a)") == "conditional_import"


def test_what_stands_under_the_else_of_a_typing_guard_always_runs() -> None:
    source = """
        from typing import TYPE_CHECKING
        if TYPE_CHECKING:
            import numpy
            Base = numpy.ndarray
        else:
            Base = list
        def f(a: numpy.ndarray): return Base(a)
        """
    assert call(code_of(source), "f", "ab") == ["a", "b"]


def test_try_import_fallback() -> None:
    source = "try:\n    import simplejson as json\nexcept ImportError:\n    import json\n"
    assert obstacle(f"{source}def f(a): return json.dumps(a)") == "conditional_import"
    nothing = "try:\n    import lxml\nexcept ImportError:\n    lxml = None\n"
    assert obstacle(f"{nothing}def f(a): return lxml") == "conditional_import"


def test_an_accelerator_below_a_plain_definition_is_left_out() -> None:
    source = """
        def f(a):
            return helper(a)
        def helper(a):
            return a + 1
        try:
            from _fast import f, helper
        except ImportError:
            pass
        """
    assert call(code_of(source), "f", 1) == 2


def test_global_rebound_twice() -> None:
    code = code_of("X = 1\nY = 5\nX = X + Y\ndef f(a): return a + X\nX += 1\n")
    assert call(code, "f", 0) == 7


def test_a_constant_brings_the_statements_that_fill_it() -> None:
    code = code_of(
        """
        total = 0
        TABLE = {}
        for i in range(4):
            TABLE[i] = total
            total += i
        del i, total
        TABLE['x'] = 'y'
        TABLE.update(z=1)
        OTHER = TABLE
        def f(a): return TABLE[a]
        """
    )
    assert call(code, "f", 3) == 3
    assert call(code, "f", "z") == 1
    assert "OTHER" not in code
    assert "del" not in code


def test_a_call_that_stands_alone_belongs_to_the_values_it_is_given() -> None:
    code = code_of(
        """
        TABLE = []
        def fill(table, n): table.append(n)
        def f(a): return TABLE[a]
        fill(TABLE, 4)
        print(TABLE, f)
        """
    )
    assert call(code, "f", 0) == 4
    assert "print" not in code


def test_a_deleted_name_is_not_there() -> None:
    assert obstacle("X = 1\ndef f(a): return X\ndel X") == "unresolved_name"


def test_what_depends_on_a_condition_is_not_certain() -> None:
    assert obstacle("import sys\nif sys.argv:\n X = 1\ndef f(a): return X") == "unresolved_name"
    changed = "import sys\nX = {}\nif sys.argv:\n X['a'] = 1\ndef f(a): return X"
    assert obstacle(changed) == "unresolved_name"


def test_what_stands_under_a_main_guard_is_never_bound() -> None:
    assert obstacle("def f(a): return X\nif __name__ == '__main__':\n X = 1") == "unresolved_name"


def test_mutual_recursion() -> None:
    source = """
        def f(n): return n == 0 or g(n - 1)
        def g(n): return n != 0 and f(n - 1)
        """
    _, even = cut(source, "f")
    _, odd = cut(source, "g")
    assert even.code == odd.code
    assert even.function_id != odd.function_id
    assert call(even.code, "f", 10) is True


def test_class_scope_comprehension() -> None:
    source = """
        x = [7]
        class C:
            x = [1, 2]
            y = [v for v in x]
            z = [len(x) for _ in range(1)]
        def f(a): return C.y + C.z
        """
    code = code_of(source)
    assert call(code, "f", 0) == [1, 2, 1]


def test_walrus_in_comprehension() -> None:
    assert call(code_of("def f(a): return [y := x for x in a], y"), "f", [1, 2]) == ([1, 2], 2)


def test_nonlocal_closure() -> None:
    source = """
        STEP = 3
        def f(a):
            n = a
            def inner():
                nonlocal n
                n += STEP
                return n
            return inner()
        """
    assert call(code_of(source), "f", 1) == 4


def test_match_capture() -> None:
    source = """
        DEFAULT = 9
        def f(a):
            match a:
                case [x, *rest]: return rest
                case {"k": v, **others}: return v, others
                case _ as whole: return DEFAULT, whole
        """
    code = code_of(source)
    assert call(code, "f", {"k": 1, "l": 2}) == (1, {"l": 2})
    assert call(code, "f", 5) == (9, 5)


def test_except_as_name() -> None:
    source = """
        class Odd(Exception): pass
        def f(a):
            try:
                raise Odd(a)
            except Odd as error:
                return str(error)
        """
    assert call(code_of(source), "f", 1) == "1"


def test_default_arg_global() -> None:
    code = code_of("LIMIT = 3\ndef f(a, n=LIMIT): return a[:n]\nLIMIT = 4")
    assert call(code, "f", "abcdef") == "abc"


def test_decorator_third_party() -> None:
    assert obstacle("import numba\n@numba.njit\ndef f(a): return a + 1") == "third_party"


def test_overload_redefinition() -> None:
    code = code_of(
        """
        from typing import overload
        @overload
        def f(a: int) -> int: ...
        @overload
        def f(a: str) -> str: ...
        def f(a): return a * 2
        """.replace("def f(a): return", "def f(a):\n            return")
    )
    assert code == "def f(a):\n    return a * 2\n"


def test_singledispatch_register() -> None:
    source = """
        import functools
        @functools.singledispatch
        def f(a): return 'any'
        @f.register(int)
        def _(a): return 'int'
        @f.register(str)
        def _(a): return 'str'
        """
    code = code_of(source)
    assert [call(code, "f", value) for value in (1, "a", 2.5)] == ["int", "str", "any"]


def test_local_import_third_party() -> None:
    assert obstacle("def f(a):\n    import numpy\n    return numpy.sum(a)") == "third_party"
    assert obstacle("def f(a):\n    from .x import y\n    return y(a)") == "self_import"
    found, _ = cut("def f(a):\n    import math, os.path\n    return math.sqrt(a)")
    assert found.modules == ("math", "os.path")


def test_shadowed_builtin() -> None:
    code = code_of("def sum(a): return 'mine'\ndef f(a): return sum(a)")
    assert call(code, "f", [1]) == "mine"


def test_star_import() -> None:
    assert obstacle("from os.path import *\ndef f(a): return join(a)") == "star_import"
    assert call(code_of("from os.path import *\ndef f(a): return len(a)"), "f", "ab") == 2


def test_semicolon_line() -> None:
    code = code_of("A = 1; B = 'é'; C = 3\ndef f(a): return [a, C, B]; x = 1")
    assert code == "B = 'é'\nC = 3\n\n\ndef f(a): return [a, C, B]; x = 1\n"


def test_formfeed_splitlines_offset() -> None:
    code = code_of(
        "A = 'x\\x0cy' \x0c\n\x0c\n\x0bB = 1\n".replace("\x0b", "")
        + "\x0cdef f(a):\n\x0c    return [a, B]\n"
    )
    assert call(code, "f", 1) == [1, 1]


def test_u2028_in_string() -> None:
    code = code_of(
        "A = 'x\u2028y'; B = '\u2029\x85'\n\n@(lambda g: g)\ndef f(a):\n    return A + B\n"
    )
    assert call(code, "f", 1) == "x\u2028y\u2029\x85"


def test_self_import() -> None:
    assert obstacle("from . import x\ndef f(a): return x") == "self_import"
    assert obstacle("import own.x\ndef f(a): return own.x") == "self_import"
    found, _ = cut("from own import g\nimport string\ndef f(a): return string.digits")
    assert found.modules == ("string",)


def test_stdlib_platform() -> None:
    assert obstacle("import winreg\ndef f(a): return winreg.X") == "stdlib_platform"
    assert (
        obstacle("from codecs import mbcs_decode as d\ndef f(a): return d(a)") == "stdlib_platform"
    )


def test_dep_async() -> None:
    assert obstacle("async def g(a): return a\ndef f(a): return g(a)") == "dep_async"


def test_limits_are_kept() -> None:
    small = SliceLimits(dependencies=1, bundle_lines=6, bundle_bytes=100, class_lines=3)
    large_class = "class C:\n    a = 1\n    b = 2\n    c = 3\ndef f(a): return C"
    assert obstacle(large_class, small) == "class_too_large"
    assert obstacle("A = 1\nB = 2\ndef f(a): return A, B", small) == "too_many_deps"
    assert obstacle("def f(a):\n" + "    a += 1\n" * 6 + "    return a", small) == "bundle_too_long"
    assert obstacle(f"def f(a):\n    return {'x' * 99!r}", small) == "bundle_too_long"


def test_the_worst_obstacle_is_named_with_its_helper() -> None:
    with pytest.raises(SliceError) as caught:
        cut("import numpy\ndef g(a): return missing, numpy\ndef f(a): return g(a)")
    assert caught.value.obstacle == ("third_party", "numpy (needed by g)")
