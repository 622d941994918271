"""Judge the definitions of a name: which of its bindings count, and whether a slice may use it."""

import ast
import builtins

from c2c_stream.code.module import Binding, Module
from c2c_stream.code.obstacles import Obstacle, ObstacleReason, SliceLimits

# Put there by the site module, or about the file that the function came from.
_NOT_EVERYWHERE = frozenset(
    {"__doc__", "__loader__", "__package__", "__spec__", "copyright", "credits", "license"}
)
BUILTINS = frozenset(dir(builtins)) - _NOT_EVERYWHERE


def usable(bindings: list[Binding]) -> list[Binding]:
    """Return the bindings that count.

    Not what only a type checker sees; not the overloads before an implementation; not the
    accelerator that is imported, where there is one, over a definition in Python.
    """
    found = [binding for binding in bindings if not binding.typing_only]
    if any(binding.kind == "function" for binding in found):
        found = [binding for binding in found if binding.kind != "overload"]
    return [binding for binding in found if not _is_accelerator(binding, found)]


def _is_accelerator(binding: Binding, bindings: list[Binding]) -> bool:
    return (
        binding.kind == "import"
        and binding.conditional
        and any(
            other.kind in {"function", "class"}
            and not other.conditional
            and other.index < binding.index
            for other in bindings
        )
    )


def obstacle_in(module: Module, name: str, limits: SliceLimits) -> Obstacle | None:
    """Return why the definitions of a top-level name cannot go into a slice, if so."""
    found = usable(module.bindings[name])
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
