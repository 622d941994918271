"""What calls say of their receivers and arguments, and what they return. Pure."""

import ast
from typing import ClassVar

from c2c_stream.write.search import methods
from c2c_stream.write.search.operators import Operators
from c2c_stream.write.search.types import (
    EVIDENCE_FOR,
    FLAG,
    INTEGER,
    ITERABLE,
    NUMBER,
    OCTETS,
    TEXT,
    Kind,
    Node,
)
from c2c_stream.write.search.uses import Handlers, called

MAX_CALL_DEPTH = 2
MAX_PARTS = 16


class Calls(Operators):
    """Handles calls: of builtins, of methods, of the bundle's own functions."""

    def _call(self, node: ast.Call) -> Node | None:
        name = called(node)
        if isinstance(node.func, ast.Attribute):
            receiver = self.expr(node.func.value)
            if receiver is not None or isinstance(node.func.value, ast.Constant):
                return self._method(node, name, receiver)
        if name in ("map", "filter") and len(node.args) > 1:
            made = Node().like(EVIDENCE_FOR[Kind.LIST])
            made.element = self._mapped(node)
            return made
        if name in ("items", "keys", "values", "zip", "enumerate"):
            if self._iterated_call(node) is None:
                self._inside(node)
            return None
        self._keyed(node)
        if name == "isinstance" and len(node.args) == 2:
            return self._instance_check(node)
        values = [self.expr(argument) for argument in node.args]
        if name in self._functions and isinstance(node.func, ast.Name):
            return self._helper(name, values)
        for keyword in node.keywords:
            if keyword.arg != "key":
                self.expr(keyword.value)
        return self._builtin(name, values)

    def _keyed(self, node: ast.Call) -> None:
        """Bind the parameter of a key function to what is sorted."""
        for keyword in node.keywords:
            if keyword.arg == "key" and node.args:
                self._applied(keyword.value, [self.iterated(node.args[0])])

    def _builtin(self, name: str, values: list[Node | None]) -> Node | None:
        first = values[0] if values else None
        if first is not None:
            self._first_argument(name, first)
            if name in ("min", "max"):
                return self._extreme(values)
        if name in methods.INTEGERS_ALL:
            for value in values:
                if value is not None:
                    value.like(INTEGER)
                    value.role = value.role or ("count" if name == "range" else "")
        if name in methods.WRAPPERS and first is not None:
            made = Node().like(EVIDENCE_FOR[Kind.SET if "set" in name else Kind.LIST])
            made.element = first.elements()
            return made
        if name == "abs" and first is not None:
            return first
        kind = methods.RETURNS.get(name)
        return None if kind is None else Node().like(EVIDENCE_FOR[kind])

    def _first_argument(self, name: str, first: Node) -> None:
        scores = methods.FIRST_ARGUMENT.get(name)
        if scores is not None:
            first.like(scores)
            first.role = first.role or methods.ROLES_OF_CALLS.get(name, "")
        if name in methods.NUMBERS_INSIDE:
            first.elements().like(NUMBER)
        elif name == "int" and first.scores[Kind.STR] > 0:
            first.role = first.role or "digits"
        elif name == "float":
            first.role = first.role or "number"

    def _extreme(self, values: list[Node | None]) -> Node | None:
        first = values[0]
        if len(values) == 1 and first is not None:
            first.like(ITERABLE)
            first.min_length = max(first.min_length, 1)
            return first.elements()
        for value in values:
            if value is not None:
                value.like(NUMBER, 0.7)
        return Node().like(NUMBER)

    def _instance_check(self, node: ast.Call) -> Node:
        subject = self.expr(node.args[0])
        types = node.args[1]
        for part in types.elts if isinstance(types, ast.Tuple) else [types]:
            name = part.id if isinstance(part, ast.Name) else getattr(part, "attr", "")
            if subject is not None:
                self._is_instance(subject, name)
        return Node().like(FLAG)

    def _helper(self, name: str, values: list[Node | None]) -> Node | None:
        """Walk into a function of the bundle with what it is given; recursion links."""
        definition = self._functions[name]
        known = self._params.get(name)
        if known is not None:
            for param, value in zip(known, values, strict=False):
                if value is not None and value is not param:
                    self.links.append((param, value, 0.8))
            return None
        if self._depth < MAX_CALL_DEPTH:
            names = [argument.arg for argument in definition.args.args]
            given = dict(zip(names, values, strict=False))
            self._depth += 1
            self.function(definition, {n: given.get(n) or Node(n) for n in names})
            del self._params[name]
            self._depth -= 1
        return None

    def _method(self, node: ast.Call, name: str, receiver: Node | None) -> Node | None:
        values = [self.expr(argument) for argument in node.args]
        for keyword in node.keywords:
            if keyword.arg == "key" and receiver is not None:
                self._applied(keyword.value, [receiver.elements()])
        if name == "join" and values and values[0] is not None:
            values[0].like(ITERABLE)
            values[0].elements().like(TEXT)
            return Node().like(TEXT)
        if receiver is None:
            return Node().like(TEXT)
        scores = methods.RECEIVERS.get(name)
        if scores is None:
            return None
        octets = any(self._is_octets(argument) for argument in node.args)
        receiver.like(OCTETS if octets else scores, 2 if octets else 1)
        if octets:
            return receiver if name in methods.SAME else None
        if name in methods.TEXT_ARGUMENTS:
            self._text_arguments(node, receiver, values)
        return self._result(node, name, receiver, values)

    def _is_octets(self, argument: ast.expr) -> bool:
        return any(isinstance(value, bytes) for value in self._constants_of(argument))

    def _text_arguments(self, node: ast.Call, receiver: Node, values: list[Node | None]) -> None:
        for value in values[:2]:
            if value is not None and value.best() is not Kind.INT:
                value.like(TEXT)
        for argument in node.args[:2]:
            for constant in self._constants_of(argument):
                if isinstance(constant, str) and constant and len(receiver.parts) < MAX_PARTS:
                    receiver.parts.append(constant)

    def _result(
        self, node: ast.Call, name: str, receiver: Node, values: list[Node | None]
    ) -> Node | None:
        first = values[0] if values else None
        if name in ("append", "add", "remove", "index", "count", "discard", "insert"):
            value = values[-1] if values else None
            if value is not None:
                self.links.append((receiver.elements(), value, 0.6))
        if name in ("get", "setdefault", "pop") and receiver.best() is Kind.DICT:
            return self._got(node, receiver, first)
        if name == "pop":
            receiver.min_length = max(receiver.min_length, 1)
            return receiver.elements()
        if name in methods.SPLITS:
            return _tokens_of(receiver)
        if name in methods.SAME:
            return receiver
        if name in methods.FLAGS:
            if name in methods.OF_CHARS:
                receiver.role = receiver.role or "char"
            return Node().like(FLAG)
        if name in ("keys", "values"):
            return _view_of(receiver, name)
        kind = methods.RETURNS.get(name)
        return None if kind is None else Node().like(EVIDENCE_FOR[kind])

    def _got(self, node: ast.Call, receiver: Node, first: Node | None) -> Node:
        for key in self._constants_of(node.args[0]) if node.args else []:
            if isinstance(key, str | int):
                place = receiver.field(key)
                if len(node.args) > 1:
                    for default in self._constants_of(node.args[1]):
                        self._equal_to(place, default)
                return place
        if first is not None:
            self.links.append((first, receiver.keys(), 0.6))
        return receiver.values()

    EXPRESSIONS: ClassVar[Handlers] = {**Operators.EXPRESSIONS, ast.Call: _call}


def _tokens_of(text: Node) -> Node:
    """Return the node of the list that splitting a text yields."""
    if text.tokens is None:
        text.tokens = Node().like(EVIDENCE_FOR[Kind.LIST])
        text.tokens.elements().like(TEXT)
    return text.tokens


def _view_of(mapping: Node, name: str) -> Node:
    made = Node().like(EVIDENCE_FOR[Kind.LIST])
    made.element = mapping.keys() if name == "keys" else mapping.values()
    return made
