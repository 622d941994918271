import ast
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from c2c_stream.code.bundle import Bundler
from c2c_stream.code.module import Module
from c2c_stream.code.normalise import function_id
from c2c_stream.code.obstacles import SliceError, SliceLimits
from c2c_stream.code.parse import parse
from c2c_stream.code.slice import slice_out

LIMITS = SliceLimits(dependencies=50, bundle_lines=1000)
NAMES = [f"n{number}" for number in range(6)]
# How a statement at the top level may look; {n} is what it binds, {a} and {b} come earlier.
CONSTANTS = [
    "{n} = 1",
    "{n} = {{'k': {number}}}  # a comment",
    "{n} = [len(str({a})), {number}]; {n} = ({n}, 'é')",
    "{n} = {{}}\nfor i in range(3):\n    {n}[i] = str({a})",
    "{n} = sorted(math.floor(v) for v in (1.5, {number}))",
]
FUNCTIONS = [
    "def {n}(x):\n    '''Doc.'''\n    return x",
    "def {n}(x, y={a}):\n    # why\n    return [z for z in [{b}] if (w := z)]",
    "@functools.lru_cache\ndef {n}(x: 'T', *r: {a}) -> Unknown:\n    return {b}, r",
    "def {n}(x):\n    def inner(q): return q, {a}\n    return inner({b})",
    "class {n}:\n    a = {a}\n    b = [v for v in range(2) if {b}]\n    def m(self): return {b}",
]
HEAD = "import functools, os\nimport math\nfrom typing import Any as T\n"


@st.composite
def modules(draw: st.DrawFn) -> str:
    """Draw a module that executes: what runs while it is read comes from further up."""
    lines = ["n = 0"]
    known = ["n"]
    for name in draw(st.permutations(NAMES)):
        template = draw(st.sampled_from(CONSTANTS + FUNCTIONS))
        a, b = draw(st.sampled_from(known)), draw(st.sampled_from(known))
        lines.append(template.format(n=name, a=a, b=b, number=draw(st.integers(0, 9))))
        known.append(name)
    return HEAD + "\n".join(lines) + "\n"


def bundles(source: str) -> dict[str, tuple[str, str]]:
    module = Module(parse(source.encode()))
    bundler = Bundler(module, LIMITS)
    found = {}
    for index, statement in enumerate(module.body):
        if isinstance(statement, ast.FunctionDef):
            try:
                bundle = bundler.bundle(slice_out(module, index, LIMITS), statement.name)
            except SliceError:  # pragma: no cover
                raise AssertionError(source) from None
            found[statement.name] = (bundle.function_id, bundle.code)
    return found


@given(modules())
@settings(max_examples=60, deadline=None)
def test_every_bundle_of_a_module_runs_alone(source: str) -> None:
    for name, (identity, code) in bundles(source).items():
        space: dict[str, Any] = {"__name__": "bundle"}
        exec(compile(code, "<bundle>", "exec", dont_inherit=True), space)  # noqa: S102  # our own
        assert callable(space[name])
        assert function_id(name, code) == identity


@given(modules())
@settings(max_examples=30, deadline=None)
def test_slicing_a_bundle_gives_the_same_bundle(source: str) -> None:
    found = bundles(source)
    assert bundles(source) == found
    for name, (identity, code) in found.items():
        assert bundles(code)[name] == (identity, code)


@given(modules())
@settings(max_examples=30, deadline=None)
def test_function_id_outlives_reformatting(source: str) -> None:
    reformatted = ast.unparse(ast.parse(source)).replace("'''Doc.'''", "'''Another.'''")
    again = bundles(reformatted)
    assert {name: identity for name, (identity, _) in bundles(source).items()} == {
        name: identity for name, (identity, _) in again.items()
    }
