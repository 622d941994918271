"""Fill type trees with values that a reader would write. Random, but only by the given seed."""

from random import Random
from typing import Any

from c2c_stream.write.search import words
from c2c_stream.write.search.evidence import Evidence, Pool
from c2c_stream.write.search.signature import OMITTED, Passing, Values
from c2c_stream.write.search.types import HASHABLE, Kind, Node

Shape = dict[Node, Kind]

_MAX_DEPTH = 9
_LIKELY_DEPTH = 4  # where nothing tells what is inside
_SCALARS = (Kind.INT, Kind.STR, Kind.FLOAT, Kind.BOOL, Kind.NONE)
_LENGTHS = ((0, 1, 2, 3, 4, 5, 6, 8), (4, 8, 12, 24, 20, 16, 9, 5))
_INNER_LENGTHS = ((0, 1, 2, 3, 4), (2, 12, 34, 36, 10))
_FLOATS = (0.5, 1.5, 2.0, 3.14, 10.0, -1.5, 0.0, 0.25, 2.75, 100.0, 7.2, -0.5, 1.0, 36.6)
_OMIT = 0.45
_NAMED = 0.5
_NO_REST = 0.15
_TESTED = 0.12
_KNOWN = 0.5  # of evidence
_STRICT = frozenset({"digits", "number", "binary", "hex", "json"})


class Filler:
    """Makes arguments for one function."""

    def __init__(self, evidence: Evidence, rng: Random) -> None:
        self.temperature = 1.0
        self._evidence = evidence
        self._pool: Pool = evidence.pool
        self._rng = rng
        self._shape: Shape = {}
        self._sizes: dict[Node, int] = {}

    def arguments(self, shape: Shape | None = None) -> Values:
        """Make all arguments; kinds that `shape` gives stay as they are."""
        self._shape = dict(shape or {})
        params = zip(self._evidence.signature.params, self._evidence.nodes, strict=True)
        return tuple(
            OMITTED
            if param.default is not None and self._rng.random() < _OMIT
            else self._top(node, param.passing)
            for param, node in params
        )

    def argument(self, index: int, shape: Shape | None = None) -> object:
        """Make one argument."""
        self._shape = dict(shape or {})
        param = self._evidence.signature.params[index]
        return self._top(self._evidence.nodes[index], param.passing)

    def part(self, node: Node, depth: int, *, hashable: bool = False) -> object:
        """Make a new value for a place inside an argument."""
        self._shape = {}
        return self._value(node, depth, hashable=hashable)

    def of_kind(self, node: Node, kind: Kind, depth: int) -> object:
        """Make a value of a given kind."""
        self._shape = {node: kind}
        return self._value(node, depth, hashable=False)

    def _top(self, node: Node, passing: Passing) -> object:
        self._sizes = {}
        if passing is Passing.REST and self._rng.random() < _NO_REST:
            return ()
        if passing is Passing.REST:
            return self._fill(node, Kind.TUPLE, 0)
        if passing is Passing.NAMES:
            return self._mapping(node, 0) if self._rng.random() < _NAMED else {}
        return self._value(node, 0, hashable=False)

    def _value(self, node: Node, depth: int, *, hashable: bool) -> object:
        kind = self._shape.get(node)
        if kind is None or (hashable and kind not in HASHABLE) or self._rng.random() < 0.04:
            kind = self._kind(node, depth, hashable=hashable)
            self._shape.setdefault(node, kind)
        if depth >= _MAX_DEPTH and kind not in _SCALARS:
            kind = node.choose(self._rng, self.temperature, _SCALARS)
        return self._fill(node, kind, depth, hashable=hashable)

    def _kind(self, node: Node, depth: int, *, hashable: bool) -> Kind:
        deep = depth >= (_MAX_DEPTH if node.evidence >= 1 else _LIKELY_DEPTH)
        if deep or (depth >= 1 and node.evidence < 0.4 and self._rng.random() < 0.8):
            return node.choose(self._rng, self.temperature, _SCALARS)
        if node.tested and not hashable and self._rng.random() < _TESTED:
            return self._rng.choice(node.tested)
        return node.choose(self._rng, self.temperature, HASHABLE if hashable else tuple(Kind))

    def _fill(self, node: Node, kind: Kind, depth: int, *, hashable: bool = False) -> object:
        match kind:
            case Kind.NONE:
                return None
            case Kind.BOOL:
                return self._rng.random() < 0.5
            case Kind.INT:
                return self.integer(node)
            case Kind.FLOAT:
                return self.real(node)
            case Kind.STR:
                return self.text(node, depth)
            case Kind.BYTES:
                return self.text(node, depth).encode()
            case Kind.DICT:
                return self._mapping(node, depth)
            case Kind.SET:
                return self._set(node, depth)
        return self._sequence(node, kind, depth, hashable=hashable)

    # Numbers

    def integer(self, node: Node) -> int:
        """Make an integer: near a constant, in the range that the role tells, or small."""
        rng = self._rng
        known = [c for c in node.constants if type(c) is int]
        draw = rng.random()
        if known and draw < 0.4:
            return rng.choice(known) + rng.choice((-1, 0, 0, 1))
        if node.role in words.NUMBERS and draw < 0.85:
            low, high = words.NUMBERS[node.role]
            return rng.randint(int(low), max(int(high), int(low) + 1))
        if self._pool.ints and 0.4 < draw < 0.55:
            return rng.choice(self._pool.ints) + rng.choice((-1, 0, 1))
        if draw < 0.78:
            return rng.randint(0, 12)
        if draw < 0.9:
            return rng.randint(10, 120)
        return rng.randint(-15, -1) if draw < 0.97 else rng.randint(100, 2500)

    def real(self, node: Node) -> float:
        """Make a float with few digits."""
        rng = self._rng
        known = [c for c in node.constants if type(c) in (int, float)]
        draw = rng.random()
        if known and draw < 0.35:
            return float(rng.choice(known)) + rng.choice((-0.5, 0.0, 0.5))  # type: ignore[arg-type]
        if node.role in words.NUMBERS:
            low, high = words.NUMBERS[node.role]
            return round(low + (high - low) * rng.random(), 2 if high <= 1 else 1)
        if draw < 0.7:
            return rng.choice(_FLOATS)
        return round(rng.uniform(-10, 100), 1)

    # Texts

    def text(self, node: Node, depth: int) -> str:
        """Make a text: a constant, what its role tells, or of the parts that are looked for."""
        rng = self._rng
        draw = rng.random()
        known = [c for c in node.constants if type(c) is str]
        if known and draw < 0.4:
            return rng.choice(known)
        if node.role in _STRICT and draw > 0.03:
            return rng.choice(words.TEXTS[node.role])
        if node.tokens is not None and draw < _chance_to_join(node.tokens):
            return self._joined(node, node.tokens, depth)
        letters = _letters(node)
        if letters and draw < 0.75:
            return self._spelled(letters, node.length)
        if node.parts and draw < 0.7:
            return self._around(rng.choice(node.parts), node)
        if node.role in words.TEXTS and draw < 0.85:
            return rng.choice(words.TEXTS[node.role])
        if self._pool.strs and draw > 0.9:
            return rng.choice(self._pool.strs)
        return self._any_text(depth)

    def _any_text(self, depth: int) -> str:
        draw = self._rng.random()
        if draw < 0.6 or (depth and draw < 0.85):
            return self._rng.choice(words.WORDS)
        if draw < 0.75:
            return self._rng.choice(words.SENTENCES)
        if draw < 0.85:
            return self._spelled(list("aabbcABx1 "), None)
        return "" if draw < 0.88 else self._rng.choice(words.CHARS)

    def _spelled(self, letters: list[str], length: int | None) -> str:
        size = length or self._rng.randint(1, 8)
        return "".join(self._rng.choice(letters) for _ in range(size))

    def _around(self, part: str, node: Node) -> str:
        """Put a part at the start, at the end, or inside."""
        roles = words.TEXTS.get(node.role)
        base = self._rng.choice(roles or words.WORDS)
        if self._rng.random() < 0.3:
            return part + base + self._rng.choice(node.parts)
        at = self._rng.choice((0, len(base), len(base) // 2))
        return base[:at] + part + base[at:]

    def _joined(self, node: Node, tokens: Node, depth: int) -> str:
        """Make a text that is split again, of as many tokens as are unpacked."""
        separator = self._rng.choice(node.parts) if node.parts else self._rng.choice(" \n  ")
        count = tokens.length or max(self._rng.randint(1, 4), tokens.min_length)
        parts = [tokens.items.get(i) or tokens.elements() for i in range(count)]
        return separator.join(self._token(part, separator, depth) for part in parts)

    def _token(self, node: Node, separator: str, depth: int) -> str:
        if node.role in _STRICT or node.best() is Kind.STR or node.evidence < _KNOWN:
            return self.text(node, depth + 1).replace(separator, "")
        return str(self.integer(node))

    # Collections

    def size(self, node: Node, depth: int) -> int:
        """Draw a length; rows of one value mostly share theirs."""
        rng = self._rng
        if node.length is not None and rng.random() < 0.97:
            return node.length
        lengths, weights = _INNER_LENGTHS if depth else _LENGTHS
        size = self._sizes.get(node)
        if size is None or rng.random() > 0.85:
            size = rng.choices(lengths, weights)[0]
            self._sizes[node] = size
        return max(size, node.min_length) if rng.random() < 0.95 else size

    def _sequence(self, node: Node, kind: Kind, depth: int, *, hashable: bool) -> object:
        size = self.size(node, depth)
        items: list[Any] = [
            self._value(node.items.get(i) or node.elements(), depth + 1, hashable=hashable)
            for i in range(size)
        ]
        if kind is Kind.TUPLE:
            return tuple(items)
        if self._rng.random() < 0.25 and all(type(item) is int for item in items):
            items.sort()
        return items

    def _mapping(self, node: Node, depth: int) -> dict[object, object]:
        if node.fields:
            return {
                key: self._value(part, depth + 1, hashable=False)
                for key, part in node.fields.items()
                if self._rng.random() < 0.95
            }
        keys = [
            self._value(node.keys(), depth + 1, hashable=True)
            for _ in range(self.size(node, depth))
        ]
        return {key: self._value(node.values(), depth + 1, hashable=False) for key in keys}

    def _set(self, node: Node, depth: int) -> set[object]:
        element = node.elements()
        return {
            self._value(element, depth + 1, hashable=True) for _ in range(self.size(node, depth))
        }


def _chance_to_join(tokens: Node) -> float:
    strict = tokens.elements().role in _STRICT or tokens.length or tokens.min_length
    return 0.97 if strict else 0.75


def _letters(node: Node) -> list[str]:
    """Return the characters that the code looks for in a text."""
    if node.element is None:
        return []
    letters = [c for c in node.element.constants if isinstance(c, str) and len(c) == 1]
    return letters + ["a", "b", "x", "1"][: max(1, len(letters) // 3)] if letters else []
