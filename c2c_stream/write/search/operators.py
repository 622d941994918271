"""What arithmetic, comparisons and subscripts say of their operands. Pure."""

import ast
from typing import ClassVar

from c2c_stream.write.search.types import (
    CONTAINER,
    FLAG,
    INTEGER,
    KIND_OF,
    MAPPING,
    NUMBER,
    SEQUENCE,
    TEXT,
    Kind,
    Node,
)
from c2c_stream.write.search.uses import Handlers, Uses, fresh_like

_ORDER = (ast.Lt, ast.LtE, ast.Gt, ast.GtE)
_ON_SETS = (ast.Sub, ast.BitOr, ast.BitAnd, ast.BitXor)
_WHOLE = (ast.LShift, ast.RShift, ast.BitOr, ast.BitAnd, ast.BitXor)
_CLEARLY = 2  # nats


class Operators(Uses):
    """Handles the expressions that combine or take apart."""

    def _unary(self, node: ast.UnaryOp) -> Node | None:
        value = self.expr(node.operand)
        if isinstance(node.op, ast.Not) or value is None:
            return None
        value.like(NUMBER)
        return value

    def _binary(self, node: ast.BinOp) -> Node | None:
        left, right = self.expr(node.left), self.expr(node.right)
        return self._arithmetic(node.op, left, right)

    def _arithmetic(self, op: ast.operator, left: Node | None, right: Node | None) -> Node | None:
        if isinstance(op, ast.Mod) and left is not None and left.scores[Kind.STR] > _CLEARLY:
            return Node().like(TEXT)
        if isinstance(op, ast.Add):
            return self._added(left, right)
        if isinstance(op, ast.Mult):
            return _multiplied(left, right)
        if isinstance(op, _ON_SETS) and any(n and n.best() is Kind.SET for n in (left, right)):
            return fresh_like(left, right)
        return _calculated(op, left, right)

    def _added(self, left: Node | None, right: Node | None) -> Node | None:
        if left is not None and right is not None:
            self.links.append((left, right, 0.8))
        for side in (left, right):
            if side is not None:
                side.like({Kind.DICT: -3, Kind.SET: -3, Kind.NONE: -3, Kind.BOOL: -1})
        return fresh_like(left, right)

    def _compare(self, node: ast.Compare) -> Node | None:
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

    def _subscript(self, node: ast.Subscript) -> Node | None:
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
            base.like(MAPPING, 1.5)
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

    def _attribute(self, node: ast.Attribute) -> Node | None:
        base = self.expr(node.value)
        if base is not None and node.attr in ("real", "imag"):
            base.like(NUMBER)
        return None

    EXPRESSIONS: ClassVar[Handlers] = {
        ast.UnaryOp: _unary,
        ast.BinOp: _binary,
        ast.Compare: _compare,
        ast.Subscript: _subscript,
        ast.Attribute: _attribute,
    }


def _multiplied(left: Node | None, right: Node | None) -> Node | None:
    for side, other in ((left, right), (right, left)):
        if side is not None and not _is_sequence(other):
            side.like(NUMBER, 0.5 if other is None else 0.8)
    return fresh_like(left, right)


def _calculated(op: ast.operator, left: Node | None, right: Node | None) -> Node:
    scores = INTEGER if isinstance(op, _WHOLE) else NUMBER
    for side in (left, right):
        if side is not None:
            side.like(scores)
    if isinstance(op, ast.Mod | ast.FloorDiv) and left is not None:
        left.like({Kind.INT: 0.8, Kind.FLOAT: -0.8})
    if isinstance(op, ast.Pow) and right is not None:
        right.role = right.role or "small"
    return Node().like(scores)


def _is_sequence(node: Node | None) -> bool:
    return node is not None and node.best() in (Kind.STR, Kind.LIST, Kind.TUPLE, Kind.BYTES)
