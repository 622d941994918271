"""Says whether two argument lists are the same call of a function. Parses, never evaluates."""

import ast
import warnings
from collections.abc import Sequence

from c2c_stream.records import Parameter

_POSITIONAL = ("positional_only", "positional_or_keyword")
# What ast.parse raises on text that is no call, or is nested too deep.
_UNPARSABLE = (SyntaxError, ValueError, RecursionError, MemoryError)


class _Canonical(ast.NodeTransformer):
    """Brings the elements of sets and the items of dictionaries into one order."""

    def visit_Set(self, node: ast.Set) -> ast.AST:
        self.generic_visit(node)
        node.elts.sort(key=ast.dump)
        return node

    def visit_Dict(self, node: ast.Dict) -> ast.AST:
        self.generic_visit(node)
        items = sorted(
            zip(node.keys, node.values, strict=True),
            key=lambda item: "" if item[0] is None else ast.dump(item[0]),
        )
        node.keys = [key for key, _ in items]
        node.values = [value for _, value in items]
        return node


def call_key(parameters: Sequence[Parameter], arguments: str) -> str:
    """Return a text that is equal for equal calls, however their arguments are spelled.

    `f(1, k=2)` and `f(k=2, n=1)` are one call; so is one that spells out a default.
    """
    try:
        bound = _bind(parameters, _parse_call(arguments))
        filled = {p.name: _dump(p.default) for p in parameters if p.default} | bound
    except _UNPARSABLE:
        return arguments.strip()
    return repr(sorted(filled.items()))


def _parse_call(arguments: str) -> ast.Call:
    match _parse(f"f({arguments}\n)"):
        case ast.Call() as call:
            return call
    raise SyntaxError(f"no list of arguments: {arguments[:80]!r}")


def _bind(parameters: Sequence[Parameter], call: ast.Call) -> dict[str, str]:
    names = [p.name for p in parameters if p.kind in _POSITIONAL]
    names += [f"*{index}" for index in range(len(names), len(call.args))]
    bound = dict(zip(names, map(_canonical, call.args), strict=False))
    bound |= {keyword.arg or "**": _canonical(keyword.value) for keyword in call.keywords}
    return bound


def _dump(source: str) -> str:
    return _canonical(_parse(source))


def _parse(source: str) -> ast.expr:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a stranger's escape sequences are no news
        return ast.parse(source, mode="eval").body


def _canonical(node: ast.AST) -> str:
    return ast.dump(_Canonical().visit(node))
