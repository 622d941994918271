"""What expressions stand for, and what binding, unpacking and iterating them says. Pure."""

import ast
from collections.abc import Callable, Sequence
from typing import Any, ClassVar

from c2c_stream.write.search import methods
from c2c_stream.write.search.types import (
    EVIDENCE_FOR,
    FLAG,
    INTEGER,
    ITERABLE,
    KIND_OF,
    MAPPING,
    NOTHING,
    NUMBER,
    OCTETS,
    PAIR,
    TEXT,
    Kind,
    Node,
)

Function = ast.FunctionDef | ast.AsyncFunctionDef
Handlers = dict[type, Callable[[Any, Any], Node | None]]


class Uses:
    """The environment of a walk: names, the nodes that they stand for, and what nodes meet."""

    EXPRESSIONS: ClassVar[Handlers] = {}

    def __init__(self, functions: dict[str, Function], constants: dict[str, object]) -> None:
        self.links: list[tuple[Node, Node, float]] = []
        self.pieces: list[tuple[Node, Node]] = []
        self._functions = functions
        self._globals = constants
        self._env: dict[str, Node] = {}
        self._params: dict[str, list[Node]] = {}
        self._depth = 0

    def expr(self, node: ast.expr | None) -> Node | None:
        """Return the node that an expression stands for, None where it is of no parameter."""
        if node is None:
            return None
        handler = self.EXPRESSIONS.get(type(node))
        if handler:
            return handler(self, node)
        self._inside(node)
        return None

    def _inside(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.expr(child)
            elif isinstance(child, ast.stmt):
                self.block([child])
            else:
                self._inside(child)

    def bind(self, target: ast.expr, value: Node | None) -> None:
        """Make a name stand for a node; unpacking says that the node has parts."""
        if isinstance(target, ast.Name):
            if value is None:
                value = Node(target.id)
            known = self._env.get(target.id)
            if known is None:
                self._env[target.id] = value
            elif known is not value:
                self.links.append((known, value, 0.3))
        elif isinstance(target, ast.Tuple | ast.List):
            self._unpack(target.elts, value)
        elif isinstance(target, ast.Starred):
            self.bind(target.value, value)
        elif isinstance(target, ast.Subscript):
            base = self.expr(target.value)
            if base is not None:
                base.like({Kind.LIST: 1.5, Kind.DICT: 1.0, Kind.STR: -3, Kind.TUPLE: -3})
            place = self.expr(target)
            if place is not None and value is not None:
                self.links.append((place, value, 0.5))
        else:
            self.expr(target)

    def _unpack(self, targets: list[ast.expr], value: Node | None) -> None:
        fixed = not any(isinstance(target, ast.Starred) for target in targets)
        if value is not None:
            value.like(PAIR)
            if fixed:
                value.length = len(targets)
        for i, target in enumerate(targets):
            part = None
            if value is not None:
                part = value.at(i) if fixed else value.elements()
            self.bind(target, part)

    def iterated(self, node: ast.expr) -> Node | None:
        """Return the node of what iterating over an expression yields."""
        if isinstance(node, ast.Call):
            found = self._iterated_call(node)
            if found is not None:
                return found
        base = self.expr(node)
        if base is None:
            return self._element_of_display(node)
        base.like(ITERABLE)
        return base.keys() if base.best() is Kind.DICT else base.elements()

    def _iterated_call(self, call: ast.Call) -> Node | None:
        name = called(call)
        if isinstance(call.func, ast.Attribute):
            if name in ("items", "keys", "values") and not call.args:
                base = self.expr(call.func.value)
                if base is None:
                    return None
                base.like(MAPPING)
                return (
                    pair_of(base.keys(), base.values())
                    if name == "items"
                    else getattr(base, name)()
                )
            return None
        if name == "range":
            self.expr(call)
            return Node("i").like(INTEGER)
        if name == "enumerate" and call.args:
            return pair_of(Node("i").like(INTEGER), self.iterated(call.args[0]))
        if name in ("zip", "product", "zip_longest"):
            return pair_of(*[self.iterated(argument) for argument in call.args])
        if name in ("combinations", "permutations") and call.args:
            inner = self.iterated(call.args[0])
            return pair_of(inner, inner)
        if name in ("map", "filter") and len(call.args) > 1:
            return self._mapped(call)
        return None

    def _mapped(self, call: ast.Call) -> Node | None:
        elements = [self.iterated(argument) for argument in call.args[1:]]
        result = self._applied(call.args[0], elements)
        return elements[0] if called(call) == "filter" else result

    def _applied(self, function: ast.expr, values: Sequence[Node | None]) -> Node | None:
        """Return what a function, given as a value, makes of `values`."""
        if isinstance(function, ast.Lambda):
            outer = self._env
            names = [argument.arg for argument in function.args.args]
            bound = {n: v or Node(n) for n, v in zip(names, values, strict=False)}
            self._env = outer | bound
            result = self.expr(function.body)
            self._env = outer
            return result
        if isinstance(function, ast.Name) and values:
            return self._builtin(function.id, list(values))
        return None

    def _element_of_display(self, node: ast.expr) -> Node | None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return Node(role="char").like(TEXT)
        return None

    def _constants_of(self, code: ast.expr) -> list[object]:
        match code:
            case ast.Constant(value=value):
                return [value]
            case ast.UnaryOp(op=ast.USub(), operand=ast.Constant(value=int() | float() as value)):
                return [-value]
            case ast.Tuple(elts=elts) | ast.List(elts=elts) | ast.Set(elts=elts):
                return [e.value for e in elts if isinstance(e, ast.Constant)]
            case ast.Name(id=name) if name not in self._env:
                known = self._globals.get(name)
                return [] if known is None else [known]
        return []

    def _equal_to(self, node: Node, value: object, *, order: bool = False) -> None:
        kind = KIND_OF.get(type(value))
        if kind is None:
            return
        if kind is Kind.NONE:
            node.like(NOTHING, 0.6)
        elif kind is Kind.BOOL:
            node.like(FLAG, 0.5)
        elif kind is Kind.BYTES:
            node.like(OCTETS, 2)
            node.remember(value)
        elif kind in (Kind.INT, Kind.FLOAT):
            node.like(NUMBER)
            node.remember(value)
        else:
            node.like(EVIDENCE_FOR[kind], 0.3 if value in ("", ()) and not order else 1)
            node.remember(value)

    def _is_instance(self, subject: Node, name: str) -> None:
        for kind in methods.TYPE_NAMES.get(name, ()):
            subject.like({kind: 1.6}, 0.8)
            if kind not in subject.tested:
                subject.tested.append(kind)

    def block(self, statements: Sequence[ast.stmt]) -> None:
        """Walk statements in order."""
        raise NotImplementedError

    def function(self, definition: Function, params: dict[str, Node]) -> None:
        """Gather evidence from the body of one function."""
        raise NotImplementedError

    def _builtin(self, name: str, values: list[Node | None]) -> Node | None:
        """Use what a builtin or well-known function says of its arguments."""
        raise NotImplementedError


def called(call: ast.Call) -> str:
    """Return the name of what is called; empty where it has none."""
    if isinstance(call.func, ast.Name):
        return call.func.id
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def pair_of(*parts: Node | None) -> Node:
    """Return the node of a tuple of these parts."""
    made = Node().like(PAIR)
    for i, part in enumerate(parts):
        made.items[i] = part or Node()
    return made


def fresh_like(left: Node | None, right: Node | None) -> Node | None:
    """Return a new node of the kind of one of two operands."""
    source = left if left is not None and left.evidence else right
    if source is None:
        return None
    made = Node()
    made.scores = list(source.scores)
    made.evidence = source.evidence / 2
    made.element = source.element
    return made
