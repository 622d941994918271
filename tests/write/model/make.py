"""Signatures and functions for the tests of the model writers."""

import ast

from hypothesis import strategies as st

from c2c_stream.records import Candidate, Curation, Function, Origin, Parameter

NAMES = ("n", "text", "rows", "if_", "value", "int", "str", "größe", "line", "x1", "_", "call")
ANNOTATIONS = (
    "",
    "int",
    "float",
    "str",
    "bytes",
    "bool",
    "list",
    "dict",
    "set",
    "tuple",
    "object",
    "np.ndarray",
    "'list[int]'",
    "list[list[int]]",
    "typing.Sequence[str]",
    "dict[str, list[float]]",
    "dict[tuple[int, int], str]",
    "set[int]",
    "tuple[int, ...]",
    "tuple[str]",
    "tuple[int, str | None]",
    "Optional[int]",
    "Union[str, bytes, None]",
    "int | None",
    "Literal['a', 'b']",
    "Callable[[int], str]",
    "list[dict[str, set[int]]]",
    "Dict[str, Any]",
    "not an annotation",
    "[" * 150,
)
KINDS = ("positional_only", "positional_or_keyword", "keyword_only")


@st.composite
def signatures(draw: st.DrawFn) -> tuple[Parameter, ...]:
    """Return the parameters of a function that Python would accept."""
    names = draw(st.lists(st.sampled_from(NAMES), min_size=1, max_size=5, unique=True))
    kinds = sorted(draw(st.sampled_from(KINDS)) for _ in names)
    ordered = [kind for kind in KINDS for _ in range(kinds.count(kind))]
    required = draw(st.integers(0, len(names)))
    parameters = [
        Parameter(
            name,
            kind,
            draw(st.sampled_from(ANNOTATIONS)),
            "1" if number >= required and draw(st.booleans() | st.just(True)) else "",
        )
        for number, (name, kind) in enumerate(zip(names, ordered, strict=True))
    ]
    if draw(st.booleans()):
        at = ordered.index("keyword_only") if "keyword_only" in ordered else len(ordered)
        parameters.insert(
            at, Parameter("rest", "var_positional", draw(st.sampled_from(("", "int"))))
        )
    if draw(st.booleans()):
        parameters.append(Parameter("more", "var_keyword"))
    return tuple(parameters)


def parameters_of(code: str) -> tuple[Parameter, ...]:
    """Return the parameters of the last function of a source."""
    arguments = [n for n in ast.parse(code).body if isinstance(n, ast.FunctionDef)][-1].args
    plain = [*arguments.posonlyargs, *arguments.args]
    missing: list[ast.expr | None] = [None] * (len(plain) - len(arguments.defaults))
    found = [
        _parameter(a, KINDS[a not in arguments.posonlyargs], default)
        for a, default in zip(plain, missing + list(arguments.defaults), strict=True)
    ]
    if arguments.vararg:
        found.append(_parameter(arguments.vararg, "var_positional", None))
    named = zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    found += [_parameter(a, "keyword_only", default) for a, default in named]
    if arguments.kwarg:
        found.append(_parameter(arguments.kwarg, "var_keyword", None))
    return tuple(found)


def _parameter(argument: ast.arg, kind: str, default: ast.expr | None) -> Parameter:
    annotation = ast.unparse(argument.annotation) if argument.annotation else ""
    return Parameter(argument.arg, kind, annotation, ast.unparse(default) if default else "")


def candidate(code: str = "def f(n):\n    return n + 1\n", function_id: str = "f00d") -> Candidate:
    """Return a candidate whose function is called f."""
    function = Function(
        function_id=function_id,
        occurrence_id="0cc",
        origin=Origin(path="a.py"),
        qualified_name="f",
        entry_point="f",
        line=3,
        parameters=parameters_of(code),
        code=code,
    )
    return Candidate(function, Curation(license_policy="any"))
