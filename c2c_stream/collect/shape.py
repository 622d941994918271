"""Find every function of a file and judge its shape, cheapest question first."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from c2c_stream.code.bindings import NESTING, statements_in
from c2c_stream.code.definitions import usable
from c2c_stream.code.module import Module
from c2c_stream.code.scope import FunctionNode, arguments_of, root_name
from c2c_stream.reasons import Reason

_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class Found:
    """One function, and where it stands. `place` is the reason that its place alone gives."""

    node: FunctionNode
    qualified_name: str
    index: int
    place: Reason | None


def functions_in(tree: ast.Module) -> Iterator[Found]:
    """Yield every function and method, of all levels, in source order."""
    for index, statement in enumerate(tree.body):
        todo: list[tuple[ast.stmt, str, Reason | None]] = [(statement, "", None)]
        while todo:
            node, prefix, place = todo.pop()
            inside = place
            if isinstance(node, _DEFINITIONS):
                name = f"{prefix}{node.name}"
                prefix = f"{name}."
                if isinstance(node, ast.ClassDef):
                    inside = Reason.METHOD
                else:
                    inside = Reason.NESTED
                    yield Found(node, name, index, place)
            elif place is None:
                inside = Reason.CONDITIONAL_DEF
            nested = [each for each in statements_in(node) if each.__class__ in NESTING]
            todo.extend((child, prefix, inside) for child in reversed(nested))


def shape_reason(module: Module, found: Found, max_lines: int) -> tuple[Reason, str] | None:
    """Return why the shape of a module-level function is not wanted, if so, with the detail."""
    node = found.node
    if _is_redefined(module, node):
        return Reason.REDEFINED, f"{node.name} is bound more than once"
    reason = _signature_reason(node) or _body_reason(module, found)
    if reason is not None:
        return reason, ""
    trivial = _trivial(_undocumented(node.body), {arg.arg for arg in arguments_of(node.args)})
    if trivial:
        return Reason.TRIVIAL, trivial
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    return (Reason.TOO_LONG, f"{lines} lines") if lines > max_lines else None


def _is_redefined(module: Module, node: FunctionNode) -> bool:
    """Return whether the name may stand for something else than this definition."""
    return [binding.node for binding in usable(module, node.name)] != [node]


def _signature_reason(node: FunctionNode) -> Reason | None:
    if isinstance(node, ast.AsyncFunctionDef):
        return Reason.ASYNC
    return Reason.NO_ARGS if next(arguments_of(node.args), None) is None else None


def _body_reason(module: Module, found: Found) -> Reason | None:
    if all(map(_says_nothing, _undocumented(found.node.body))):
        return Reason.STUB
    names = module.names(found.index)
    if names.has_yield:
        return Reason.GENERATOR
    return None if names.returns_value or _prints(module, found.node) else Reason.NO_RETURN


def _prints(module: Module, node: FunctionNode) -> bool:
    """Return whether something is printed where it can be seen: what a call gives, then."""
    calls = (one for one in ast.walk(node) if isinstance(one, ast.Call))
    return any(_is_print(call) for call in calls) and "print" not in module.bindings


def _is_print(call: ast.Call) -> bool:
    match call:
        case ast.Call(func=ast.Name(id="print"), keywords=keywords):
            return all(keyword.arg not in {"file", None} for keyword in keywords)
    return False


def _undocumented(body: list[ast.stmt]) -> list[ast.stmt]:
    first = body[0]
    documented = isinstance(first, ast.Expr) and isinstance(first.value, ast.Constant)
    return body[1:] if documented else body


def _says_nothing(statement: ast.stmt) -> bool:
    match statement:
        case ast.Pass() | ast.Expr(value=ast.Constant()):
            return True
        case ast.Raise(exc=ast.Name(id=name)) | ast.Raise(exc=ast.Call(func=ast.Name(id=name))):
            return name == "NotImplementedError"
        case ast.Return(value=ast.Name(id="NotImplemented")):
            return True
    return False


def _trivial(body: list[ast.stmt], parameters: set[str]) -> str:
    """Return what a function of one statement returns, or prints, if trivial, else nothing."""
    match body:
        case [ast.Return(value=ast.expr() as value)]:
            pass
        case [ast.Expr(value=ast.Call() as value)]:
            return "prints its parameters" if _passes_on(value, parameters) else ""
        case _:
            return ""
    if _is_constant(value):
        return "returns a constant"
    if isinstance(value, ast.Name) and value.id in parameters:
        return "returns a parameter"
    return "passes its parameters on" if _passes_on(value, parameters) else ""


def _is_constant(value: ast.expr) -> bool:
    match value:
        case ast.Constant():
            return True
        case ast.UnaryOp(operand=operand):
            return _is_constant(operand)
        case ast.Tuple(elts=elements) | ast.List(elts=elements) | ast.Set(elts=elements):
            return all(map(_is_constant, elements))
        case ast.Dict(keys=keys, values=values):
            return all(key is not None and _is_constant(key) for key in keys) and all(
                map(_is_constant, values)
            )
    return False


def _passes_on(value: ast.expr, parameters: set[str]) -> bool:
    if not isinstance(value, ast.Call) or root_name(value.func) is None:
        return False
    arguments = [each.value if isinstance(each, ast.Starred) else each for each in value.args]
    arguments += [keyword.value for keyword in value.keywords]
    return all(isinstance(each, ast.Name) and each.id in parameters for each in arguments)
