"""Put a slice into text that runs alone, and give it its identity."""

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from c2c_stream.code.definitions import BUILTINS
from c2c_stream.code.module import Module
from c2c_stream.code.normalise import digest, function_id_of
from c2c_stream.code.obstacles import Obstacle, SliceError, SliceLimits
from c2c_stream.code.scope import FunctionNode, bound_by
from c2c_stream.code.slice import Slice

_FUTURE = "from __future__ import annotations"
_SPACED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


@dataclass(frozen=True, slots=True)
class Bundle:
    """A function with all that it needs, as text."""

    function_id: str
    code: str


@dataclass(frozen=True, slots=True)
class _Part:
    statement: ast.stmt
    text: str
    digest: str


class Bundler:
    """Writes the bundles of one module; each statement is read once."""

    def __init__(self, module: Module, limits: SliceLimits) -> None:
        self.module = module
        self.limits = limits
        self._parts: dict[int, _Part] = {}

    def bundle(self, cut: Slice, entry_point: str) -> Bundle:
        """Return the slice as text. Raises SliceError where it is too long."""
        parts = [part for _, part in sorted(self._all(cut), key=lambda each: each[0])]
        code = _joined(parts, lazy=_needs_lazy_annotations(self.module, cut))
        self._check(code)
        return Bundle(function_id_of(entry_point, (part.digest for part in parts)), code)

    def _check(self, code: str) -> None:
        lines, size = code.count("\n"), len(code.encode())
        if lines > self.limits.bundle_lines:
            raise SliceError(Obstacle("bundle_too_long", f"{lines} lines"))
        if size > self.limits.bundle_bytes:
            raise SliceError(Obstacle("bundle_too_long", f"{size} bytes"))

    def _all(self, cut: Slice) -> Iterator[tuple[int, _Part]]:
        for index in cut.statements:
            part = self._parts.get(index)
            if part is None:
                part = self._parts[index] = self._part(self.module.body[index])
            yield index, part
        needed: dict[int, list[ast.alias]] = {}
        for index, alias in cut.imports:
            needed.setdefault(index, []).append(alias)
        written = set()
        for index, aliases in sorted(needed.items()):
            for part in self._imports(index, aliases):
                if part.digest not in written:
                    written.add(part.digest)
                    yield index, part

    def _part(self, statement: ast.stmt) -> _Part:
        return _Part(statement, statement_text(self.module, statement), digest(statement))

    def _imports(self, index: int, aliases: list[ast.alias]) -> Iterator[_Part]:
        """Write an import again with the needed names only, so that copies stay alike."""
        for node in ast.walk(self.module.body[index]):
            if isinstance(node, ast.Import | ast.ImportFrom):
                kept = [alias for alias in node.names if alias in aliases]
                if kept:
                    again = _narrowed(node, kept)
                    yield _Part(again, ast.unparse(again), digest(again))


def _narrowed(node: ast.Import | ast.ImportFrom, names: list[ast.alias]) -> ast.stmt:
    names = sorted(names, key=lambda alias: (alias.name, alias.asname or ""))
    if isinstance(node, ast.Import):
        return ast.Import(names)
    return ast.ImportFrom(node.module, names, 0)


def statement_text(module: Module, statement: ast.stmt) -> str:
    """Return the source text of a top-level statement, decorators and inner comments included."""
    text = module.source.text(statement)
    decorators = getattr(statement, "decorator_list", ())
    if not decorators:
        return text
    first = module.source.offset(decorators[0].lineno, decorators[0].col_offset)
    start = module.source.data.rindex(b"@", 0, first)
    end = module.source.offset(statement.lineno, statement.col_offset)
    return module.source.data[start:end].decode() + text


def _joined(parts: list[_Part], *, lazy: bool) -> str:
    text = f"{_FUTURE}\n\n" if lazy else ""
    if lazy and isinstance(parts[0].statement, _SPACED):
        text += "\n"
    previous: ast.stmt | None = None
    for part in parts:
        if previous is not None:
            imports = isinstance(previous, ast.Import | ast.ImportFrom)
            spaced = isinstance(previous, _SPACED) or isinstance(part.statement, _SPACED)
            text += "\n\n" if spaced else ""
            text += "\n" if imports and not spaced and not _is_import(part.statement) else ""
        text += f"{part.text}\n"
        previous = part.statement
    return text


def _is_import(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Import | ast.ImportFrom)


def _needs_lazy_annotations(module: Module, cut: Slice) -> bool:
    """Return whether an annotation names what the bundle does not define before it."""
    defined_at = {bound_by(alias): index for index, alias in reversed(cut.imports)}
    for name in cut.dependencies:
        for binding in module.bindings[name]:
            defined_at.setdefault(name, binding.index)
    for index in cut.statements:
        names = module.names(index)
        if module.lazy_annotations and not names.plain_annotations:
            return True
        for name in names.annotations:
            if defined_at.get(name, index) >= index and name not in BUILTINS:
                return True
    return False


def parameters_of(node: FunctionNode) -> Iterator[tuple[ast.arg, str, ast.expr | None]]:
    """Yield each parameter with its kind and default, in the order of the signature."""
    args = node.args
    positional = [*args.posonlyargs, *args.args]
    defaults = [None] * (len(positional) - len(args.defaults)) + list(args.defaults)
    for place, (arg, default) in enumerate(zip(positional, defaults, strict=True)):
        only = place < len(args.posonlyargs)
        yield arg, "positional_only" if only else "positional_or_keyword", default
    if args.vararg is not None:
        yield args.vararg, "var_positional", None
    for arg, default in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        yield arg, "keyword_only", default
    if args.kwarg is not None:
        yield args.kwarg, "var_keyword", None
