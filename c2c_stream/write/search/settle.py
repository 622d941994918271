"""Make the evidence of a type tree consistent: what meets agrees, parts speak for wholes. Pure."""

import math
from collections.abc import Iterator, Sequence

from c2c_stream.write.search.types import ITERABLE, Kind, Node

_ROUNDS = 2


def settle(links: Sequence[tuple[Node, Node, float]], roots: Sequence[Node]) -> None:
    """Let nodes that meet agree, parts speak for wholes, and many words weigh less than each."""
    nodes = list(_reachable([*roots, *(n for link in links for n in link[:2])]))
    prior = Node().scores
    for _ in range(_ROUNDS):
        before = {
            id(node): [s - p for s, p in zip(node.scores, prior, strict=True)] for node in nodes
        }
        for a, b, weight in links:
            _lean(a, before[id(b)], b.evidence, weight)
            _lean(b, before[id(a)], a.evidence, weight)
            _share(a, b)
    for node in nodes:
        _agree_with_parts(node)
    for node in nodes:
        node.scores = [p + _damped(s - p) for s, p in zip(node.scores, prior, strict=True)]


def _lean(node: Node, towards: list[float], evidence: float, weight: float) -> None:
    if evidence <= 0:
        return
    for kind, difference in enumerate(towards):
        node.scores[kind] += weight * 0.6 * max(-3.0, min(3.0, difference))
    node.evidence += weight * 0.3


def _share(a: Node, b: Node) -> None:
    """Give each of two nodes what the other is compared with."""
    for one, other in ((a, b), (b, a)):
        for constant in one.constants[:8]:
            other.remember(constant)
        if not other.role:
            other.role = one.role
        if other.element is None and one.element is not None and one is not other:
            other.element = one.element


def _damped(difference: float) -> float:
    return math.copysign(4 * math.log1p(abs(difference) / 4), difference)


def _reachable(roots: Sequence[Node]) -> Iterator[Node]:
    seen: set[int] = set()
    pending = list(reversed(roots))
    while pending:
        node = pending.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        yield node
        children = [node.element, node.key, node.value, node.tokens]
        pending += [
            child for child in (*children, *node.fields.values(), *node.items.values()) if child
        ]


def _agree_with_parts(node: Node) -> None:
    element = node.element
    if element is None:
        return
    for item in node.items.values():
        if item.evidence > element.evidence:
            element.like({kind: 0.3 * item.scores[kind] for kind in Kind}, 0.3)
    if element.evidence < 0.5:
        return
    kind = element.best()
    if kind is Kind.STR:
        node.like({Kind.BYTES: -3})
        if element.role == "char" or _all_chars(element.constants):
            node.like({Kind.STR: 2.0})
    elif element.scores[kind] - element.scores[Kind.STR] > 1.5:
        node.like({Kind.STR: -4})
        if kind in (Kind.LIST, Kind.DICT, Kind.SET):
            node.like({Kind.SET: -6, Kind.BYTES: -4})
    if node.evidence == 0:
        node.like(ITERABLE, 0.5)


def _all_chars(constants: list[object]) -> bool:
    return bool(constants) and all(isinstance(c, str) and len(c) == 1 for c in constants)
