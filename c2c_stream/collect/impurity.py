"""Judge what a bundle touches beyond its arguments: a table of names, longest prefix first.

What is not in the table is taken for pure; the executor's second run judges the rest.
"""

import ast
from collections.abc import Iterable, Iterator

from c2c_stream.code.bindings import import_target
from c2c_stream.code.module import Module
from c2c_stream.code.names import Names
from c2c_stream.code.scope import ImportNode, bound_by
from c2c_stream.code.slice import Slice
from c2c_stream.collect.impure_names import IMPURE, PURE
from c2c_stream.reasons import Reason

_REASON_OF: dict[str, Reason | None] = {
    **{name: reason for reason, names in IMPURE.items() for name in names.split()},
    **dict.fromkeys(PURE.split()),
}
_ORDER = {reason: rank for rank, reason in enumerate(Reason)}


def reason_of_name(dotted: str) -> Reason | None:
    """Return why using a dotted name is impure, if it is."""
    while dotted:
        if dotted in _REASON_OF:
            return _REASON_OF[dotted]
        dotted = dotted.rpartition(".")[0]
    return None


def impurity(module: Module, cut: Slice) -> tuple[Reason, str] | None:
    """Return why a slice is impure, if it is, with the name: first its own, then its helpers'."""
    helpers = [index for index in cut.statements if index != cut.entry]
    for index in (cut.entry, *helpers):
        found = min(_in_statement(module, cut, index), key=_rank, default=None)
        if found is not None:
            reason, name = found
            return reason, name if index == cut.entry else f"{name} ({_place(module, index)})"
    return None


def _rank(found: tuple[Reason, str]) -> tuple[int, str]:
    return _ORDER[found[0]], found[1]


def _place(module: Module, index: int) -> str:
    statement = module.body[index]
    return f"in {getattr(statement, 'name', f'line {statement.lineno}')}"


def _in_statement(module: Module, cut: Slice, index: int) -> Iterator[tuple[Reason, str]]:
    names = module.names(index)
    targets = {**cut.targets, **_local_targets(names.local_imports)}
    for dotted in _dotted(names, module, targets):
        reason = reason_of_name(dotted)
        if reason is not None:
            yield reason, dotted.removeprefix("builtins.")
    if isinstance(module.body[index], ast.FunctionDef | ast.ClassDef):
        for name in names.rebinds:
            yield Reason.IMPURE_GLOBAL_WRITE, name
        for name in names.mutates:
            if name in module.bindings and not module.is_import(name):
                yield Reason.IMPURE_GLOBAL_WRITE, name


def _dotted(names: Names, module: Module, targets: dict[str, str]) -> Iterator[str]:
    for name, tail in names.dotted:
        if name in targets:
            yield targets[name] + tail
        elif name not in module.bindings:
            yield f"builtins.{name}{tail}"


def _local_targets(imports: Iterable[ImportNode]) -> dict[str, str]:
    return {bound_by(alias): import_target(node, alias) for node in imports for alias in node.names}
