"""Gather what is known of each parameter before anything runs: names, types, uses. Pure."""

import ast
import contextlib
import math
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import TypeVar

from c2c_stream.code.literals import format_literal, parse_arguments
from c2c_stream.write.search.hints import read_annotation, read_type, read_value
from c2c_stream.write.search.infer import Inference
from c2c_stream.write.search.names import hint_of
from c2c_stream.write.search.settle import settle
from c2c_stream.write.search.signature import (
    OMITTED,
    Param,
    Passing,
    Signature,
    Values,
    signature_of,
)
from c2c_stream.write.search.types import EVIDENCE_FOR, OCTETS, Kind, Node

MAX_POOL = 40
MAX_POOL_INT = 10**12
MAX_POOL_CHARS = 30
MAX_EXAMPLES = 12
_DOC_TYPE = r"(?:^|[\s:*`]){name}[`*]?\s*(?:\(|:|\s-)\s*(?:an?\s+|the\s+)?(\w+)(?:\s+of\s+(\w+))?"


_Constant = TypeVar("_Constant")


@dataclass(slots=True)
class Pool:
    """Constants of the code, which its inputs may well be near to."""

    ints: list[int] = field(default_factory=list)
    floats: list[float] = field(default_factory=list)
    strs: list[str] = field(default_factory=list)


@dataclass(slots=True)
class Evidence:
    """What the search starts from."""

    signature: Signature
    nodes: tuple[Node, ...]
    pool: Pool
    examples: list[Values]
    compares: bool


def gather(tree: ast.Module, entry_point: str) -> Evidence:
    """Read a bundle. Raises LookupError where it does not define its entry point."""
    functions = {
        node.name: node
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
    }
    if entry_point not in functions:
        raise LookupError(f"no function {entry_point!r} at the top of the bundle")
    function = functions[entry_point]
    signature = signature_of(function)
    doc = ast.get_docstring(function, clean=False) or ""
    nodes = {param.name: _node_of(param, doc) for param in signature.params}
    inference = Inference(dict(functions), dict(_constants(tree)))
    with contextlib.suppress(RecursionError):  # of absurdly deep code; what was seen counts
        inference.function(function, nodes)
    examples = list(_examples(doc, entry_point, signature))
    for values in examples:
        for node, value in zip(nodes.values(), values, strict=True):
            read_value(value, node, 1.5)
    for whole, piece in inference.pieces:
        whole.parts += [part for part in map(_text, piece.constants) if part]
        if piece.best() is Kind.BYTES:
            whole.like(OCTETS)
        piece.constants = []
    settle(inference.links, list(nodes.values()))
    compares = any(isinstance(node, ast.Compare) for node in ast.walk(tree))
    return Evidence(signature, tuple(nodes.values()), _pool_of(tree), examples, compares)


def _text(constant: object) -> str:
    """Return what a constant adds to a text; empty for what is none."""
    if isinstance(constant, bytes):
        return constant.decode("ascii", "ignore")
    return constant if isinstance(constant, str) else ""


def _node_of(param: Param, doc: str) -> Node:
    node = Node(param.name)
    hint, role, weight = hint_of(param.name)
    if hint and param.passing in (Passing.POSITION, Passing.NAME):
        read_type(hint, node, 0.7 * weight)
        node.role = role
        if role and "list" in hint:
            node.elements().role = role
    if param.annotation is not None:
        read_annotation(param.annotation, node, 2.0)
    if param.default is not None:
        _default(param.default, node)
    if doc:
        _documented(param.name, doc, node)
    if param.passing is Passing.REST:
        node.like(EVIDENCE_FOR[Kind.TUPLE], 5)
    elif param.passing is Passing.NAMES:
        node.like(EVIDENCE_FOR[Kind.DICT], 5)
        node.keys().like(EVIDENCE_FOR[Kind.STR], 5).role = "key"
    return node


def _default(default: ast.expr, node: Node) -> None:
    try:
        value = ast.literal_eval(default)
    except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
        return
    read_value(value, node, 0.4 if value is None else 1.8)
    if value is not None and not isinstance(value, bool):
        node.remember(value)


def _documented(name: str, doc: str, node: Node) -> None:
    """Read a type from a docstring: `name: int`, `name (list of str)`, `:type name: str`."""
    pattern = _DOC_TYPE.format(name=re.escape(name))
    for match in list(re.finditer(pattern, doc))[:3]:
        kind, of = match.groups()
        if read_type(kind, node, 1.0) and of:
            read_type(of.rstrip("s"), node.elements(), 1.0)
    for match in re.finditer(rf":param\s+(\w+)\s+{re.escape(name)}\s*:", doc):
        read_type(match.group(1), node, 1.0)


def _constants(tree: ast.Module) -> Iterator[tuple[str, object]]:
    """Yield the constants that the module binds to names."""
    for node in tree.body:
        match node:
            case ast.Assign(targets=[ast.Name(id=name)], value=value):
                try:
                    yield name, ast.literal_eval(value)
                except (ValueError, TypeError, SyntaxError, RecursionError, MemoryError):
                    continue


def _examples(doc: str, entry_point: str, signature: Signature) -> Iterator[Values]:
    """Yield the arguments of the calls that a docstring shows."""
    found = 0
    for line in re.findall(rf"\b{re.escape(entry_point)}\((.*)\)", doc):
        values = _bound(line, signature)
        if values is not None and found < MAX_EXAMPLES:
            found += 1
            yield values


def _bound(text: str, signature: Signature) -> Values | None:
    """Bind written arguments to parameters; None where they do not fit."""
    for end in range(len(text), 0, -1):
        if end < len(text) and text[end] != ")":
            continue
        try:
            args, kwargs = parse_arguments(text[:end])
        except ValueError:
            continue
        return _fitted(args, kwargs, signature)
    return None


def bound(text: str, signature: Signature) -> Values | None:
    """Return the values that the text of a call gives; None where it does not fit."""
    try:
        args, kwargs = parse_arguments(text)
    except ValueError:
        return None
    names = {param.name for param in signature.params}
    more = {name: kwargs.pop(name) for name in [*kwargs] if name not in names}
    values = _fitted(args, kwargs, signature)
    takes_names = bool(signature.params) and signature.params[-1].passing is Passing.NAMES
    if values is None or (more and not takes_names):
        return None
    return (*values[:-1], more) if takes_names else values


def _fitted(args: list[object], kwargs: dict[str, object], signature: Signature) -> Values | None:
    values: list[object] = []
    left = list(args)
    for param in signature.params:
        if param.passing is Passing.REST:
            values.append(tuple(left))
            left = []
        elif param.passing is Passing.NAMES:
            values.append({})
        elif left:
            values.append(left.pop(0))
        elif param.name in kwargs:
            values.append(kwargs.pop(param.name))
        elif param.default is not None:
            values.append(OMITTED)
        else:
            return None
    return None if left or kwargs else tuple(values)


def _pool_of(tree: ast.Module) -> Pool:
    pool = Pool()
    docs = {id(doc) for doc in map(_docstring, ast.walk(tree)) if doc is not None}
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and id(node) not in docs:
            _remember(node.value, pool)
    return pool


def _docstring(node: ast.AST) -> ast.expr | None:
    if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
        match node.body:
            case [ast.Expr(value=value), *_]:
                return value
    return None


def _remember(value: object, pool: Pool) -> None:
    match value:
        case bool():
            return
        case int() if abs(value) < MAX_POOL_INT:
            _add(value, pool.ints)
        case float() if math.isfinite(value):
            _add(value, pool.floats)
        case str() if 0 < len(value) <= MAX_POOL_CHARS and not set("%{") & set(value):
            _add(value, pool.strs)


def _add(value: _Constant, known: list[_Constant]) -> None:
    if value not in known and len(known) < MAX_POOL:
        known.append(value)


def text_of(signature: Signature, values: Values) -> str:
    """Return the source text of a call's arguments. Raises ValueError for what has none."""
    args, kwargs = signature.call_of(values)
    parts = [format_literal(value) for value in args]
    return ", ".join(parts + [f"{name}={format_literal(value)}" for name, value in kwargs.items()])
