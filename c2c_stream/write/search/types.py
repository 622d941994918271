"""The type tree: what a parameter, or a part of one, probably is. Pure.

Scores are logarithms: adding evidence is adding numbers, and a softmax over them is a choice.
"""

import math
from bisect import bisect
from collections.abc import Mapping, Sequence
from enum import IntEnum
from itertools import accumulate
from random import Random


class Kind(IntEnum):
    """The ten kinds of a plain literal."""

    NONE = 0
    BOOL = 1
    INT = 2
    FLOAT = 3
    STR = 4
    BYTES = 5
    LIST = 6
    TUPLE = 7
    DICT = 8
    SET = 9


KIND_OF: dict[type, Kind] = {
    type(None): Kind.NONE,
    bool: Kind.BOOL,
    int: Kind.INT,
    float: Kind.FLOAT,
    complex: Kind.FLOAT,
    str: Kind.STR,
    bytes: Kind.BYTES,
    list: Kind.LIST,
    tuple: Kind.TUPLE,
    dict: Kind.DICT,
    set: Kind.SET,
    frozenset: Kind.SET,
}
HASHABLE = (Kind.NONE, Kind.BOOL, Kind.INT, Kind.FLOAT, Kind.STR, Kind.BYTES, Kind.TUPLE)

# How parameters of real functions are spread when nothing else is known.
_PRIOR = (-4.0, -2.5, 0.0, -1.4, -0.2, -5.0, -0.6, -2.4, -2.0, -3.5)
MAX_CONSTANTS = 24

Scores = Mapping[Kind, float]


def _spread(likes: Mapping[Kind, float], rest: float) -> dict[Kind, float]:
    return {kind: likes.get(kind, rest) for kind in Kind}


NUMBER = _spread({Kind.INT: 2, Kind.FLOAT: 1.2, Kind.BOOL: -1}, -3)
INTEGER = _spread({Kind.INT: 3, Kind.FLOAT: -2, Kind.BOOL: -1}, -3)
REAL = _spread({Kind.FLOAT: 2.5, Kind.INT: 1}, -3)
TEXT = _spread({Kind.STR: 3, Kind.BYTES: -2}, -3)
OCTETS = _spread({Kind.BYTES: 4}, -3)
FLAG = _spread({Kind.BOOL: 3}, -1)
NOTHING = {Kind.NONE: 2.2}
ITERABLE = _spread(
    {
        Kind.LIST: 1.5,
        Kind.STR: 0.6,
        Kind.TUPLE: 0.4,
        Kind.DICT: 0.1,
        Kind.SET: 0.2,
        Kind.BYTES: -1.5,
    },
    -3,
)
SEQUENCE = _spread(
    {Kind.LIST: 1.5, Kind.STR: 0.8, Kind.TUPLE: 0.5, Kind.DICT: -1, Kind.BYTES: -1.5}, -3
)
CONTAINER = _spread(
    {Kind.LIST: 1, Kind.STR: 0.6, Kind.TUPLE: 0.3, Kind.DICT: 0.6, Kind.SET: 0.3, Kind.BYTES: -1.5},
    -3,
)
CHANGEABLE = _spread({Kind.LIST: 3, Kind.DICT: -1, Kind.SET: -2}, -3)
ARRAY = _spread({Kind.LIST: 2, Kind.TUPLE: 0.8}, -3)
PAIR = _spread({Kind.TUPLE: 2, Kind.LIST: 1.6}, -3)
MAPPING = _spread({Kind.DICT: 3.5}, -3)
UNIQUE = _spread({Kind.SET: 3.5}, -3)
EVIDENCE_FOR: dict[Kind, Scores] = {
    Kind.NONE: NOTHING,
    Kind.BOOL: FLAG,
    Kind.INT: INTEGER,
    Kind.FLOAT: REAL,
    Kind.STR: TEXT,
    Kind.BYTES: OCTETS,
    Kind.LIST: _spread({Kind.LIST: 3, Kind.TUPLE: 0.5}, -3),
    Kind.TUPLE: _spread({Kind.TUPLE: 3, Kind.LIST: 0.8}, -3),
    Kind.DICT: MAPPING,
    Kind.SET: UNIQUE,
}


class Node:
    """What is known of one place in an argument. Children appear when first asked for.

    `constants` is what the code compares the place with, `parts` the texts that it looks for inside
    a text, `tokens` the list that splitting it yields, `tested` the kinds that it asks about.
    """

    __slots__ = (
        "_limits",
        "constants",
        "element",
        "evidence",
        "fields",
        "items",
        "key",
        "length",
        "min_length",
        "name",
        "parts",
        "role",
        "scores",
        "tested",
        "tokens",
        "value",
    )

    def __init__(self, name: str = "", role: str = "") -> None:
        self.name = name
        self.role = role
        self.scores = list(_PRIOR)
        self._limits: dict[tuple[float, int], tuple[float, ...]] = {}
        self.evidence = 0.0
        self.element: Node | None = None
        self.key: Node | None = None
        self.value: Node | None = None
        self.fields: dict[object, Node] = {}
        self.items: dict[int, Node] = {}
        self.constants: list[object] = []
        self.parts: list[str] = []
        self.tested: list[Kind] = []
        self.tokens: Node | None = None
        self.length: int | None = None
        self.min_length = 0

    def like(self, scores: Scores, weight: float = 1.0) -> "Node":
        """Add evidence for what this is; returns the node itself."""
        for kind, score in scores.items():
            self.scores[kind] += score * weight
        self._limits.clear()
        self.evidence += weight
        return self

    def elements(self) -> "Node":
        """Return the node of what iteration yields."""
        if self.element is None:
            self.element = Node(_singular(self.name))
        return self.element

    def keys(self) -> "Node":
        """Return the node of a mapping's keys."""
        if self.key is None:
            self.key = Node("key").like(
                {Kind.STR: 1.5, Kind.LIST: -6, Kind.DICT: -6, Kind.SET: -6}, 1
            )
            self.key.evidence = 0.0
        return self.key

    def values(self) -> "Node":
        """Return the node of a mapping's values."""
        if self.value is None:
            self.value = Node("value")
        return self.value

    def at(self, index: int) -> "Node":
        """Return the node of one fixed position."""
        if index < 0:
            self.min_length = max(self.min_length, -index)
            return self.elements()
        self.min_length = max(self.min_length, index + 1)
        if index not in self.items:
            self.items[index] = Node(_singular(self.name))
        return self.items[index]

    def field(self, key: object) -> "Node":
        """Return the node of one field of a record."""
        if key not in self.fields:
            self.fields[key] = Node(key if isinstance(key, str) else "")
        return self.fields[key]

    def part(self, key: object, kind: Kind) -> "Node":
        """Return the node that describes the part under `key` of a value of this kind."""
        if kind is Kind.DICT:
            return self.fields.get(key) or self.values()
        if isinstance(key, int):
            return self.items.get(key) or self.elements()
        return self.elements()

    def remember(self, constant: object) -> None:
        """Note a constant that the code compares this with."""
        if len(self.constants) < MAX_CONSTANTS and not any(
            type(c) is type(constant) and c == constant for c in self.constants
        ):
            self.constants.append(constant)

    def best(self) -> Kind:
        """Return the likeliest kind."""
        return Kind(self.scores.index(max(self.scores)))

    def choose(
        self, rng: Random, temperature: float, allowed: Sequence[Kind] = tuple(Kind)
    ) -> Kind:
        """Draw a kind by softmax."""
        key = (temperature, len(allowed))
        limits = self._limits.get(key)
        if limits is None:
            top = max(self.scores[kind] for kind in allowed)
            weights = [math.exp((self.scores[kind] - top) / temperature) for kind in allowed]
            limits = self._limits[key] = tuple(accumulate(weights))
        return allowed[bisect(limits, rng.random() * limits[-1], 0, len(allowed) - 1)]

    def cost(self, kind: Kind) -> float:
        """Return how much less likely `kind` is than the best, in nats."""
        return max(self.scores) - self.scores[kind]


def _singular(name: str) -> str:
    if name.endswith("ies") and len(name) > 4:
        return name[:-3] + "y"
    if name.endswith("s") and not name.endswith("ss") and len(name) > 2:
        return name[:-1]
    return ""
