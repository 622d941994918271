"""Infer types from how the code uses its parameters: one pass over the tree, without flow. Pure.

Each expression that stands for a part of a parameter has that part's node; using it is evidence.
"""

import ast
from collections.abc import Callable, Sequence
from typing import Any

from c2c_stream.write.search import methods
from c2c_stream.write.search.types import (
    ARRAY,
    CONTAINER,
    EVIDENCE_FOR,
    FLAG,
    INTEGER,
    ITERABLE,
    KIND_OF,
    MAPPING,
    NOTHING,
    NUMBER,
    PAIR,
    SEQUENCE,
    TEXT,
    Kind,
    Node,
)

MAX_CALL_DEPTH = 2
MAX_PARTS = 16
_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_Function = ast.FunctionDef | ast.AsyncFunctionDef


class Inference:
    """Walks one function with the nodes of its parameters, and the helpers that it calls."""

    def __init__(self, functions: dict[str, _Function], constants: dict[str, object]) -> None:
        self.links: list[tuple[Node, Node, float]] = []
        self.pieces: list[tuple[Node, Node]] = []
        self._functions = functions
        self._globals = constants
        self._env: dict[str, Node] = {}
        self._params: dict[str, list[Node]] = {}
        self._depth = 0

    def function(self, definition: _Function, params: dict[str, Node]) -> None:
        """Gather evidence from the body of one function."""
        outer, self._env = self._env, dict(params)
        self._params.setdefault(definition.name, list(params.values()))
        self.block(definition.body)
        self._env = outer

    def block(self, statements: Sequence[ast.stmt]) -> None:
        """Walk statements in order."""
        for statement in statements:
            handler = _STATEMENTS.get(type(statement))
            if handler:
                handler(self, statement)
            else:
                self._inside(statement)

    def _inside(self, node: ast.AST) -> None:
        for child in ast.iter_child_nodes(node):
            if isinstance(child, ast.expr):
                self.expr(child)
            elif isinstance(child, ast.stmt):
                self.block([child])
            else:
                self._inside(child)

    def expr(self, node: ast.expr | None) -> Node | None:
        """Return the node that an expression stands for, None where it is of no parameter."""
        if node is None:
            return None
        handler = _EXPRESSIONS.get(type(node))
        if handler:
            return handler(self, node)
        self._inside(node)
        return None

    # Statements

    def assign(self, node: Any) -> None:
        value = self.expr(node.value)
        for target in node.targets if isinstance(node, ast.Assign) else [node.target]:
            if node.value is not None:
                self.bind(target, value)

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

    def augment(self, node: ast.AugAssign) -> None:
        target = self.expr(node.target)
        value = self.expr(node.value)
        self._arithmetic(node.op, target, value, node.target, node.value)

    def loop(self, node: Any) -> None:
        self.bind(node.target, self.iterated(node.iter))
        self.block(node.body)
        self.block(node.orelse)

    def nested(self, node: Any) -> None:
        outer = self._env
        self._env = dict(outer)
        for argument in (*node.args.args, *node.args.kwonlyargs):
            self._env[argument.arg] = Node(argument.arg)
        self._functions.setdefault(node.name, node)
        self.block(node.body)
        self._env = outer

    def returned(self, node: ast.Return) -> None:
        self.expr(node.value)

    def match(self, node: Any) -> None:
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
            case ast.MatchSequence(patterns=patterns):
                subject.like(ARRAY)
                for i, part in enumerate(patterns):
                    self._pattern(part, subject.at(i))
            case ast.MatchMapping(keys=keys, patterns=patterns):
                subject.like(MAPPING)
                for key, part in zip(keys, patterns, strict=True):
                    if isinstance(key, ast.Constant):
                        self._pattern(part, subject.field(key.value))
            case ast.MatchClass(cls=ast.Name(id=name)):
                self._is_instance(subject, name)
            case ast.MatchAs(name=str() as name):
                self._env.setdefault(name, subject)

    # What iteration yields

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

    def _element_of_display(self, node: ast.expr) -> Node | None:
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            return Node(role="char").like(TEXT)
        return None

    def _iterated_call(self, call: ast.Call) -> Node | None:
        name = _called(call)
        if isinstance(call.func, ast.Attribute):
            if name in ("items", "keys", "values") and not call.args:
                base = self.expr(call.func.value)
                if base is None:
                    return None
                base.like(MAPPING)
                return (
                    _pair(base.keys(), base.values()) if name == "items" else getattr(base, name)()
                )
            return None
        if name == "range":
            self.expr(call)
            return Node("i").like(INTEGER)
        if name == "enumerate" and call.args:
            return _pair(Node("i").like(INTEGER), self.iterated(call.args[0]))
        if name in ("zip", "product", "zip_longest"):
            return _pair(*[self.iterated(argument) for argument in call.args])
        if name in ("combinations", "permutations") and call.args:
            inner = self.iterated(call.args[0])
            return _pair(inner, inner)
        if name in ("map", "filter") and len(call.args) > 1:
            return self._mapped(call)
        return None

    def _mapped(self, call: ast.Call) -> Node | None:
        elements = [self.iterated(argument) for argument in call.args[1:]]
        result = self._applied(call.args[0], elements)
        return elements[0] if _called(call) == "filter" else result

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

    # Expressions

    def name(self, node: ast.Name) -> Node | None:
        return self._env.get(node.id)

    def constant(self, node: ast.Constant) -> Node | None:
        kind = KIND_OF.get(type(node.value))
        return None if kind is None else Node().like(EVIDENCE_FOR[kind])

    def display(self, node: Any) -> Node | None:
        made = Node().like(EVIDENCE_FOR[_DISPLAYS[type(node)]])
        for element in node.elts:
            part = self.expr(element)
            if part is not None and made.element is None:
                made.element = part
        return made

    def mapping(self, node: ast.Dict) -> Node | None:
        self._inside(node)
        return Node().like(MAPPING)

    def joined(self, node: Any) -> Node | None:
        self._inside(node)
        return Node().like(TEXT)

    def walrus(self, node: ast.NamedExpr) -> Node | None:
        value = self.expr(node.value)
        self.bind(node.target, value)
        return value

    def conditional(self, node: ast.IfExp) -> Node | None:
        self.expr(node.test)
        one, other = self.expr(node.body), self.expr(node.orelse)
        return one or other

    def logical(self, node: ast.BoolOp) -> Node | None:
        found = [self.expr(value) for value in node.values]
        return next((node for node in found if node is not None), None)

    def starred(self, node: ast.Starred) -> Node | None:
        return self.iterated(node.value)

    def comprehension(self, node: Any) -> Node | None:
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

    def unary(self, node: ast.UnaryOp) -> Node | None:
        value = self.expr(node.operand)
        if isinstance(node.op, ast.Not) or value is None:
            return None
        value.like(NUMBER)
        return value

    def binary(self, node: ast.BinOp) -> Node | None:
        left, right = self.expr(node.left), self.expr(node.right)
        return self._arithmetic(node.op, left, right, node.left, node.right)

    def _arithmetic(
        self,
        op: ast.operator,
        left: Node | None,
        right: Node | None,
        left_code: ast.expr,
        right_code: ast.expr,
    ) -> Node | None:
        if isinstance(op, ast.Mod) and left is not None and left.scores[Kind.STR] > 2:
            return Node().like(TEXT)
        if isinstance(op, ast.Add):
            if left is not None and right is not None:
                self.links.append((left, right, 0.8))
            for side in (left, right):
                if side is not None:
                    side.like({Kind.DICT: -3, Kind.SET: -3, Kind.NONE: -3, Kind.BOOL: -1})
            return _fresh_like(left, right)
        if isinstance(op, ast.Mult):
            for side, other in ((left, right), (right, left)):
                if side is not None and not _is_sequence(other):
                    side.like(NUMBER, 0.5 if other is None else 0.8)
            return _fresh_like(left, right)
        sides = (left, right)
        if isinstance(op, ast.Sub | ast.BitOr | ast.BitAnd | ast.BitXor):
            if any(side is not None and side.best() is Kind.SET for side in sides):
                return _fresh_like(left, right)
        whole = isinstance(op, ast.LShift | ast.RShift | ast.BitOr | ast.BitAnd | ast.BitXor)
        for side in sides:
            if side is not None:
                side.like(INTEGER if whole else NUMBER)
        if isinstance(op, ast.Mod | ast.FloorDiv) and left is not None:
            left.like({Kind.INT: 0.8, Kind.FLOAT: -0.8})
        if isinstance(op, ast.Pow) and right is not None:
            right.role = right.role or "small"
        return Node().like(INTEGER if whole else NUMBER)

    def compare(self, node: ast.Compare) -> Node | None:
        operands = [node.left, *node.comparators]
        nodes = [self.expr(operand) for operand in operands]
        for i, op in enumerate(node.ops):
            self._compared(op, operands[i], operands[i + 1], nodes[i], nodes[i + 1])
        return Node().like(FLAG)

    def _compared(
        self, op: ast.cmpop, a: ast.expr, b: ast.expr, left: Node | None, right: Node | None
    ) -> None:
        if isinstance(op, ast.In | ast.NotIn):
            self._contained(a, b, left, right)
            return
        for side, code in ((left, b), (right, a)):
            if side is None:
                continue
            for value in self._constants_of(code):
                self._equal_to(side, value, order=isinstance(op, _ORDER))
        if left is not None and right is not None:
            self.links.append((left, right, 0.7))
            if isinstance(op, _ORDER):
                for side in (left, right):
                    side.like({Kind.DICT: -2, Kind.NONE: -3, Kind.BOOL: -1})

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
        elif kind in (Kind.INT, Kind.FLOAT):
            node.like(NUMBER)
            node.remember(value)
        else:
            node.like(EVIDENCE_FOR[kind], 0.3 if value in ("", (), b"") and not order else 1)
            node.remember(value)

    def _contained(self, a: ast.expr, b: ast.expr, left: Node | None, right: Node | None) -> None:
        if right is not None:
            right.like(CONTAINER)
            for value in self._constants_of(a):
                kind = KIND_OF.get(type(value))
                if isinstance(value, str):
                    right.like({Kind.STR: 0.8, Kind.DICT: 0.5, Kind.LIST: 0.2})
                elif kind is not None:
                    right.like({Kind.STR: -3})
                right.remember(value)
            if left is not None:
                self.links.append((left, right.elements(), 0.7))
        if left is None:
            return
        match b:
            case ast.Constant(value=str() as text):
                left.like(TEXT)
                left.role = left.role or "char"
                for char in text[:12]:
                    left.remember(char)
            case _:
                values = self._constants_of(b)
                values = (
                    list(values[0])
                    if values and isinstance(values[0], tuple | dict | list)
                    else values
                )
                for value in values[:16]:
                    self._equal_to(left, value)

    def subscript(self, node: ast.Subscript) -> Node | None:
        base = self.expr(node.value)
        if isinstance(node.slice, ast.Slice):
            for bound in (node.slice.lower, node.slice.upper, node.slice.step):
                limit = self.expr(bound)
                if limit is not None:
                    limit.like(INTEGER)
            return self._sliced(base) if base is not None else None
        index = self.expr(node.slice)
        if base is None:
            if index is not None:
                self._looked_up(node.value, index)
            return None
        return self._part(base, node.slice, index)

    def _sliced(self, base: Node) -> Node:
        """Return a node of the same kind, whose constants are parts of the whole."""
        piece = Node().like(SEQUENCE)
        piece.element = base.elements()
        self.links.append((base, piece, 1.0))
        self.pieces.append((base, piece))
        return piece

    def _looked_up(self, table: ast.expr, index: Node) -> None:
        """Use a constant table of the module: its keys are what the index may be."""
        if isinstance(table, ast.Name):
            known = self._globals.get(table.id)
            if isinstance(known, dict):
                for key in list(known)[:16]:
                    self._equal_to(index, key)
            elif isinstance(known, list | tuple | str):
                index.like(INTEGER)

    def _part(self, base: Node, code: ast.expr, index: Node | None) -> Node:
        values = (
            [] if index is not None and isinstance(code, ast.Name) else self._constants_of(code)
        )
        if values and isinstance(values[0], int):
            base.like(SEQUENCE)
            return base.at(values[0])
        if values and isinstance(values[0], str):
            base.like(MAPPING)
            return base.field(values[0])
        if index is None:
            base.like({Kind.LIST: 0.8, Kind.DICT: 0.4, Kind.STR: 0.2, Kind.INT: -3, Kind.FLOAT: -3})
            return base.elements()
        if index.scores[Kind.INT] > 1:
            base.like(SEQUENCE)
            return base.elements()
        if index.best() is Kind.STR:
            base.like(MAPPING, 0.6)
            self.links.append((index, base.keys(), 0.6))
            return base.values()
        base.like({Kind.LIST: 1, Kind.DICT: 0.6, Kind.STR: 0.3, Kind.INT: -3, Kind.FLOAT: -3})
        index.like({Kind.INT: 0.7, Kind.STR: 0.2, Kind.LIST: -3, Kind.DICT: -3})
        return base.elements()

    def attribute(self, node: ast.Attribute) -> Node | None:
        base = self.expr(node.value)
        if base is not None and node.attr in ("real", "imag"):
            base.like(NUMBER)
        return None

    # Calls

    def call(self, node: ast.Call) -> Node | None:
        name = _called(node)
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
            return self._helper(name, node, values)
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

    def _is_instance(self, subject: Node, name: str) -> None:
        for kind in methods.TYPE_NAMES.get(name, ()):
            subject.like({kind: 1.6}, 0.8)
            if kind not in subject.tested:
                subject.tested.append(kind)

    def _helper(self, name: str, node: ast.Call, values: list[Node | None]) -> Node | None:
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
        receiver.like(scores)
        if name in methods.TEXT_ARGUMENTS:
            self._text_arguments(node, receiver, values)
        return self._result(node, name, receiver, values)

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
            made = Node().like(EVIDENCE_FOR[Kind.LIST])
            receiver.tokens = receiver.tokens or Node().like(TEXT)
            made.element = receiver.tokens
            return made
        if name in methods.SAME:
            return receiver
        if name in methods.FLAGS:
            if name in methods.OF_CHARS:
                receiver.role = receiver.role or "char"
            return Node().like(FLAG)
        if name in ("keys", "values", "items"):
            made = Node().like(EVIDENCE_FOR[Kind.LIST])
            made.element = receiver.keys() if name == "keys" else receiver.values()
            return None if name == "items" else made
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


def _called(call: ast.Call) -> str:
    if isinstance(call.func, ast.Name):
        return call.func.id
    return call.func.attr if isinstance(call.func, ast.Attribute) else ""


def _pair(*parts: Node | None) -> Node:
    made = Node().like(PAIR)
    for i, part in enumerate(parts):
        made.items[i] = part or Node()
    return made


def _is_sequence(node: Node | None) -> bool:
    return node is not None and node.best() in (Kind.STR, Kind.LIST, Kind.TUPLE, Kind.BYTES)


def _fresh_like(left: Node | None, right: Node | None) -> Node | None:
    source = left if left is not None and left.evidence else right
    if source is None:
        return None
    made = Node()
    made.scores = list(source.scores)
    made.evidence = source.evidence / 2
    made.element = source.element
    return made


_DISPLAYS: dict[type, Kind] = {
    ast.List: Kind.LIST,
    ast.Tuple: Kind.TUPLE,
    ast.Set: Kind.SET,
    ast.ListComp: Kind.LIST,
    ast.GeneratorExp: Kind.LIST,
    ast.SetComp: Kind.SET,
    ast.DictComp: Kind.DICT,
}
_STATEMENTS: dict[type, Callable[[Inference, Any], None]] = {
    ast.Assign: Inference.assign,
    ast.AnnAssign: Inference.assign,
    ast.AugAssign: Inference.augment,
    ast.For: Inference.loop,
    ast.AsyncFor: Inference.loop,
    ast.FunctionDef: Inference.nested,
    ast.AsyncFunctionDef: Inference.nested,
    ast.Return: Inference.returned,
    ast.Match: Inference.match,
}
_EXPRESSIONS: dict[type, Callable[[Inference, Any], Node | None]] = {
    ast.Name: Inference.name,
    ast.Constant: Inference.constant,
    ast.List: Inference.display,
    ast.Tuple: Inference.display,
    ast.Set: Inference.display,
    ast.Dict: Inference.mapping,
    ast.JoinedStr: Inference.joined,
    ast.NamedExpr: Inference.walrus,
    ast.IfExp: Inference.conditional,
    ast.BoolOp: Inference.logical,
    ast.Starred: Inference.starred,
    ast.ListComp: Inference.comprehension,
    ast.SetComp: Inference.comprehension,
    ast.GeneratorExp: Inference.comprehension,
    ast.DictComp: Inference.comprehension,
    ast.UnaryOp: Inference.unary,
    ast.BinOp: Inference.binary,
    ast.Compare: Inference.compare,
    ast.Subscript: Inference.subscript,
    ast.Attribute: Inference.attribute,
    ast.Call: Inference.call,
}
