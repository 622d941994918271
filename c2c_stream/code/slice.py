"""Slice a function out of its module with all that it needs, so that the slice runs alone.

Backwards: a needed name brings every top-level statement that binds it or changes its value, and
each of these brings the names that it needs. Statements keep their order and their source text.
"""

import ast
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from c2c_stream.code.bindings import Binding, import_target, stored_in
from c2c_stream.code.definitions import BUILTINS, bindings_for, obstacle_in
from c2c_stream.code.module import Module
from c2c_stream.code.obstacles import Obstacle, SliceError, SliceLimits, worst
from c2c_stream.code.scope import ImportNode, bound_by
from c2c_stream.code.stdlib import is_portable, is_stdlib


@dataclass(frozen=True, slots=True)
class Slice:
    """The top-level statements that a function needs, by their index; imports name by name."""

    entry: int
    statements: tuple[int, ...]
    imports: tuple[tuple[int, ast.alias], ...]
    dependencies: tuple[str, ...]
    # What imported names stand for, and the modules that they come from.
    targets: dict[str, str]
    modules: tuple[str, ...]


def slice_out(module: Module, entry: int, limits: SliceLimits) -> Slice:
    """Return the slice of the function at top-level statement `entry`. Raises SliceError."""
    slicer = _Slicer(module, entry, limits)
    slicer.grow()
    slicer.soften()
    return slicer.result()


class _Slicer:
    """One slice while it grows."""

    def __init__(self, module: Module, entry: int, limits: SliceLimits) -> None:
        self.module = module
        self.entry = entry
        self.limits = limits
        self.statements = {entry}
        self.imports: set[tuple[int, ast.alias]] = set()
        self.dependencies: set[str] = set()
        self.targets: dict[str, str] = {}
        self.modules: set[str] = set()
        self.seen: set[str] = set()
        self.todo = deque([entry])

    def result(self) -> Slice:
        return Slice(
            self.entry,
            tuple(sorted(self.statements)),
            tuple(sorted(self.imports, key=lambda each: (each[0], each[1].name))),
            tuple(sorted(self.dependencies)),
            self.targets,
            tuple(sorted(self.modules)),
        )

    def grow(self) -> None:
        """Follow the names until there are no new ones. Raises SliceError."""
        name = getattr(self.module.body[self.entry], "name", "")
        self.seen.add(name)
        # Its own name too: `f.register(int)` further down makes f what it is.
        self._stop_at(worst(self._need(name, self.entry)), self.entry)
        while self.todo:
            index = self.todo.popleft()
            self._stop_at(worst(self._needs_of(index)), index)

    def _stop_at(self, obstacle: Obstacle | None, index: int) -> None:
        if obstacle is not None:
            raise SliceError(self._in_context(obstacle, index))

    def _in_context(self, obstacle: Obstacle, index: int) -> Obstacle:
        if index == self.entry:
            return obstacle
        statement = self.module.body[index]
        where = getattr(statement, "name", f"line {statement.lineno}")
        return Obstacle(obstacle.reason, f"{obstacle.detail} (needed by {where})")

    def _needs_of(self, index: int) -> Iterator[Obstacle]:
        names = self.module.names(index)
        for node in names.local_imports:
            for alias in node.names:
                yield from self._import(node, alias)
        for name in sorted(names.loads - self.seen - _bound_first(self.module.body[index])):
            self.seen.add(name)
            yield from self._need(name, index)

    def _need(self, name: str, user: int) -> Iterator[Obstacle]:
        if name not in self.module.bindings:
            if name not in BUILTINS:
                star = self.module.has_star_import
                yield Obstacle("star_import" if star else "unresolved_name", name)
            return
        bindings = bindings_for(self.module, name, user)
        obstacle = obstacle_in(self.module, name, bindings, self.limits)
        if obstacle is not None:
            yield obstacle
            return
        yield from self._bind(name, bindings)
        self._add(self.module.touched.get(name, ()))

    def _bind(self, name: str, bindings: list[Binding]) -> Iterator[Obstacle]:
        for binding in bindings:
            if binding.alias is not None and isinstance(binding.node, ImportNode):
                yield from self._import(binding.node, binding.alias)
                self.imports.add((binding.index, binding.alias))
                self.targets[name] = import_target(binding.node, binding.alias)
            else:
                self._add([binding.index])
                if binding.index != self.entry:
                    self.dependencies.add(name)
        if len(self.dependencies) > self.limits.dependencies:
            yield Obstacle("too_many_deps", f"more than {self.limits.dependencies}")

    def _add(self, indexes: Iterable[int]) -> None:
        for index in indexes:
            if index not in self.statements:
                self.statements.add(index)
                self.todo.append(index)

    def _import(self, node: ImportNode, alias: ast.alias) -> Iterator[Obstacle]:
        """Judge one imported name, and remember its module."""
        relative = isinstance(node, ast.ImportFrom) and node.level
        module = alias.name if isinstance(node, ast.Import) else node.module or ""
        if relative:
            yield Obstacle("self_import", f"{'.' * relative}{module}")
        elif bound_by(alias) == "*":
            yield Obstacle("star_import", module)
        elif is_stdlib(module):
            self.modules.add(module)
            if not is_portable(module, alias.name):
                yield Obstacle("stdlib_platform", module)
        elif module.partition(".")[0] in self.module.own_packages:
            yield Obstacle("self_import", module)
        else:
            yield Obstacle("third_party", module)

    def soften(self) -> None:
        """Bring the imports that annotations name: without them a reader would miss something."""
        for index in sorted(self.statements):
            for name in sorted(self.module.names(index).annotations - self.seen):
                self.seen.add(name)
                bindings = self.module.bindings.get(name, [])
                if bindings and all(map(_is_sure_import, bindings)):
                    list(self._bind(name, bindings))


def _bound_first(statement: ast.stmt) -> frozenset[str]:
    """Names that a loop binds before it reads them."""
    return frozenset(stored_in(statement.target)) if isinstance(statement, ast.For) else frozenset()


def _is_sure_import(binding: Binding) -> bool:
    """Return whether a binding imports from the standard library, wherever it runs."""
    node, alias = binding.node, binding.alias
    if alias is None or binding.conditional or getattr(node, "level", False):
        return False
    module = (node.module or "") if isinstance(node, ast.ImportFrom) else alias.name
    return is_stdlib(module) and is_portable(module, alias.name)
