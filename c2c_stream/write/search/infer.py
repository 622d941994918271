"""Infer types from how the code uses its parameters: one pass over the tree, without flow. Pure.

Each expression that stands for a part of a parameter has that part's node; using it is evidence.
"""

import ast
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from c2c_stream.write.search.calls import Calls
from c2c_stream.write.search.types import (
    ARRAY,
    EVIDENCE_FOR,
    KIND_OF,
    MAPPING,
    TEXT,
    Kind,
    Node,
)
from c2c_stream.write.search.uses import Function, Handlers

_DISPLAYS: dict[type, Kind] = {
    ast.List: Kind.LIST,
    ast.Tuple: Kind.TUPLE,
    ast.Set: Kind.SET,
    ast.ListComp: Kind.LIST,
    ast.GeneratorExp: Kind.LIST,
    ast.SetComp: Kind.SET,
    ast.DictComp: Kind.DICT,
}


class Inference(Calls):
    """Walks one function with the nodes of its parameters, and the helpers that it calls."""

    def function(self, definition: Function, params: dict[str, Node]) -> None:
        """Gather evidence from the body of one function."""
        outer, self._env = self._env, dict(params)
        self._params.setdefault(definition.name, list(params.values()))
        self.block(definition.body)
        self._env = outer

    def block(self, statements: Sequence[ast.stmt]) -> None:
        """Walk statements in order."""
        for statement in statements:
            handler = self.STATEMENTS.get(type(statement))
            if handler:
                handler(self, statement)
            else:
                self._inside(statement)

    def _assign(self, node: Any) -> None:
        value = self.expr(node.value)
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if node.value is not None:
                self.bind(target, value)

    def _augment(self, node: ast.AugAssign) -> None:
        target = self.expr(node.target)
        value = self.expr(node.value)
        self._arithmetic(node.op, target, value)

    def _loop(self, node: Any) -> None:
        self.bind(node.target, self.iterated(node.iter))
        self.block(node.body)
        self.block(node.orelse)

    def _nested(self, node: Any) -> None:
        outer = self._env
        self._env = dict(outer)
        for argument in (*node.args.args, *node.args.kwonlyargs):
            self._env[argument.arg] = Node(argument.arg)
        self._functions.setdefault(node.name, node)
        self.block(node.body)
        self._env = outer

    def _returned(self, node: ast.Return) -> None:
        self.expr(node.value)

    def _match(self, node: Any) -> None:
        subject = self.expr(node.subject)
        for case in node.cases:
            if subject is not None:
                self._pattern(case.pattern, subject)
            self.expr(case.guard)
            self.block(case.body)

    def _pattern(self, pattern: ast.pattern, subject: Node) -> None:
        match pattern:
            case ast.MatchValue(value=ast.Constant(value=value)):
                self._equal_to(subject, value)
            case ast.MatchOr(patterns=patterns):
                for part in patterns:
                    self._pattern(part, subject)
            case ast.MatchSequence() | ast.MatchMapping():
                self._parts(pattern, subject)
            case ast.MatchClass(cls=ast.Name(id=name)):
                self._is_instance(subject, name)
            case ast.MatchAs(name=str() as name):
                self._env.setdefault(name, subject)

    def _parts(self, pattern: ast.MatchSequence | ast.MatchMapping, subject: Node) -> None:
        if isinstance(pattern, ast.MatchSequence):
            subject.like(ARRAY)
            for i, part in enumerate(pattern.patterns):
                self._pattern(part, subject.at(i))
            return
        subject.like(MAPPING)
        for key, part in zip(pattern.keys, pattern.patterns, strict=True):
            if isinstance(key, ast.Constant):
                self._pattern(part, subject.field(key.value))

    def _name(self, node: ast.Name) -> Node | None:
        return self._env.get(node.id)

    def _constant(self, node: ast.Constant) -> Node | None:
        kind = KIND_OF.get(type(node.value))
        return None if kind is None else Node().like(EVIDENCE_FOR[kind])

    def _display(self, node: Any) -> Node | None:
        made = Node().like(EVIDENCE_FOR[_DISPLAYS[type(node)]])
        for element in node.elts:
            part = self.expr(element)
            if part is not None and made.element is None:
                made.element = part
        return made

    def _mapping(self, node: ast.Dict) -> Node | None:
        self._inside(node)
        return Node().like(MAPPING)

    def _joined(self, node: Any) -> Node | None:
        self._inside(node)
        return Node().like(TEXT)

    def _walrus(self, node: ast.NamedExpr) -> Node | None:
        value = self.expr(node.value)
        self.bind(node.target, value)
        return value

    def _conditional(self, node: ast.IfExp) -> Node | None:
        self.expr(node.test)
        one, other = self.expr(node.body), self.expr(node.orelse)
        return one or other

    def _logical(self, node: ast.BoolOp) -> Node | None:
        found = [self.expr(value) for value in node.values]
        return next((node for node in found if node is not None), None)

    def _starred(self, node: ast.Starred) -> Node | None:
        return self.iterated(node.value)

    def _comprehension(self, node: Any) -> Node | None:
        outer = self._env
        self._env = dict(outer)
        for generator in node.generators:
            self._env.pop(generator.target.id, None) if isinstance(
                generator.target, ast.Name
            ) else None
            self.bind(generator.target, self.iterated(generator.iter))
            for condition in generator.ifs:
                self.expr(condition)
        kind = _DISPLAYS[type(node)]
        made = Node().like(EVIDENCE_FOR[kind])
        if isinstance(node, ast.DictComp):
            made.key, made.value = self.expr(node.key), self.expr(node.value)
        else:
            made.element = self.expr(node.elt)
        self._env = outer
        return made

    STATEMENTS: ClassVar[dict[type, Callable[[Any, Any], None]]] = {
        ast.Assign: _assign,
        ast.AnnAssign: _assign,
        ast.AugAssign: _augment,
        ast.For: _loop,
        ast.AsyncFor: _loop,
        ast.FunctionDef: _nested,
        ast.AsyncFunctionDef: _nested,
        ast.Return: _returned,
        ast.Match: _match,
    }
    EXPRESSIONS: ClassVar[Handlers] = {
        **Calls.EXPRESSIONS,
        ast.Name: _name,
        ast.Constant: _constant,
        ast.List: _display,
        ast.Tuple: _display,
        ast.Set: _display,
        ast.Dict: _mapping,
        ast.JoinedStr: _joined,
        ast.NamedExpr: _walrus,
        ast.IfExp: _conditional,
        ast.BoolOp: _logical,
        ast.Starred: _starred,
        ast.ListComp: _comprehension,
        ast.SetComp: _comprehension,
        ast.GeneratorExp: _comprehension,
        ast.DictComp: _comprehension,
    }
