"""Judge the definitions of a name: which of its bindings count, and whether a slice may use it."""

import ast
import builtins

from c2c_stream.code.bindings import Binding
from c2c_stream.code.module import Module
from c2c_stream.code.obstacles import Obstacle, ObstacleReason, SliceLimits

# Put there by the site module, or about the file that the function came from.
_NOT_EVERYWHERE = frozenset(
    {"__doc__", "__loader__", "__package__", "__spec__", "copyright", "credits", "license"}
)
BUILTINS = frozenset(dir(builtins)) - _NOT_EVERYWHERE


def usable(module: Module, name: str) -> list[Binding]:
    """Return the bindings of a top-level name that count.

    Not what only a type checker sees; not the overloads before an implementation; not the
    accelerator that replaces, where there is one, a definition in Python.
    """
    found = [binding for binding in module.bindings[name] if not binding.typing_only]
    if len(found) < 2:  # noqa: PLR2004  # one binding has no rival
        return found
    if any(binding.kind == "function" for binding in found):
        found = [binding for binding in found if binding.kind != "overload"]
    return [binding for binding in found if not _is_accelerator(module, binding, found)]


def _is_accelerator(module: Module, binding: Binding, bindings: list[Binding]) -> bool:
    """Return whether a binding is `try: from _fast import f` below a plain `def f`.

    A `del f` in the same statement belongs to it.
    """
    block = module.body[binding.index]
    return (
        isinstance(binding.node, ast.Import | ast.ImportFrom | ast.Delete)
        and isinstance(block, ast.Try)
        and all(isinstance(each, ast.Import | ast.ImportFrom) for each in block.body)
        and any(
            (other.kind in {"function", "class"} or isinstance(binding.node, ast.Delete))
            and not other.conditional
            and other.index < binding.index
            for other in bindings
        )
    )


def bindings_for(module: Module, name: str, user: int) -> list[Binding]:
    """Return the bindings of a name that count for the top-level statement `user`.

    A statement that runs once, where it stands, does not see what is deleted further down.
    """
    found = usable(module, name)
    if isinstance(module.body[user], ast.FunctionDef | ast.ClassDef):
        return found
    return [b for b in found if not (isinstance(b.node, ast.Delete) and b.index > user)]


def obstacle_in(
    module: Module, name: str, found: list[Binding], limits: SliceLimits
) -> Obstacle | None:
    """Return why the definitions of a top-level name cannot go into a slice, if so."""
    if not found:
        return Obstacle("conditional_import", f"{name} is there for type checkers only")
    if any(binding.conditional for binding in found):
        imported = any(binding.kind == "import" for binding in found)
        reason: ObstacleReason = "conditional_import" if imported else "unresolved_name"
        return Obstacle(reason, f"{name} is bound under a condition")
    for index in module.touched.get(name, ()):
        if isinstance(module.body[index], ast.If | ast.Try | ast.TryStar | ast.Match):
            return Obstacle("unresolved_name", f"{name} is changed under a condition")
    return next(filter(None, (_obstacle_in_binding(name, each, limits) for each in found)), None)


def _obstacle_in_binding(name: str, binding: Binding, limits: SliceLimits) -> Obstacle | None:
    node = binding.node
    if isinstance(node, ast.Delete):
        return Obstacle("unresolved_name", f"{name} is deleted")
    if isinstance(node, ast.AsyncFunctionDef):
        return Obstacle("dep_async", name)
    lines = (node.end_lineno or node.lineno) - node.lineno + 1
    if isinstance(node, ast.ClassDef) and lines > limits.class_lines:
        return Obstacle("class_too_large", f"{name} has {lines} lines")
    return None
