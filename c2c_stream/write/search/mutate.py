"""Change one place of arguments that already work, or make two of them fit each other."""

from collections.abc import Callable
from random import Random
from typing import Any, ClassVar

from c2c_stream.write.search import words
from c2c_stream.write.search.evidence import Pool
from c2c_stream.write.search.places import Place, places_of, replaced
from c2c_stream.write.search.signature import OMITTED, Values
from c2c_stream.write.search.types import HASHABLE, KIND_OF, Kind, Node
from c2c_stream.write.search.values import Filler

MAX_LENGTH = 40
MAX_MAGNITUDE = 10**9


class Mutator:
    """Changes arguments at random, by the given seed."""

    def __init__(self, nodes: tuple[Node, ...], pool: Pool, filler: Filler, rng: Random) -> None:
        self._nodes = nodes
        self._pool = pool
        self._filler = filler
        self._rng = rng

    def mutated(self, values: Values) -> Values:
        """Return other arguments; one change mostly, sometimes two."""
        values = self._once(values)
        return self._once(values) if self._rng.random() < 0.25 else values

    def _once(self, values: Values) -> Values:
        rng = self._rng
        if len(values) > 1 and rng.random() < 0.2:
            return self.related(values)
        places = places_of(self._nodes, values)
        if not places:
            return self._filler.arguments()
        place = rng.choice(places)
        if rng.random() < 0.12:
            new = self._filler.part(place.node, place.depth)
        else:
            new = self.changed(place)
        return replaced(values, place.path, new)

    def changed(self, place: Place) -> object:
        """Return another value for one place, of the same kind mostly."""
        return self.CHANGES[place.kind](self, place.value, place.node, place.depth)

    def related(self, values: Values) -> Values:
        """Make one argument an element, a part, a copy or of the length of another."""
        rng = self._rng
        to, source = rng.sample(range(len(values)), 2)
        given, other = values[to], values[source]
        if OMITTED in (given, other):
            return values
        new = self._related(given, other)
        return values if new is None else (*values[:to], new, *values[to + 1 :])

    def _related(self, given: Any, other: Any) -> object:
        rng = self._rng
        if isinstance(other, list | tuple | dict) and other and not isinstance(given, list | dict):
            element = rng.choice(list(other))
            return element if KIND_OF.get(type(element)) == KIND_OF[type(given)] else None
        if isinstance(given, str) and isinstance(other, str) and other:
            start = rng.randrange(len(other))
            return other[start : start + rng.randint(1, 4)]
        if isinstance(given, list) and isinstance(other, list) and given:
            if rng.random() < 0.4:
                return list(other)
            return (given * (len(other) // len(given) + 1))[: len(other)]
        if type(given) is int and isinstance(other, list | str | tuple):
            return rng.randint(0, len(other))
        if type(given) is type(other) and type(given) in (int, float):
            return other + rng.choice((-1, 0, 0, 1))
        return None

    def _bool(self, value: Any, _node: Node, _depth: int) -> object:
        return not value

    def _none(self, _value: Any, node: Node, depth: int) -> object:
        return self._filler.part(node, depth)

    def _int(self, value: Any, node: Node, _depth: int) -> object:
        rng = self._rng
        draw = rng.random()
        if draw < 0.3:
            return value + rng.choice((-2, -1, 1, 2))
        if draw < 0.4:
            return -value
        if draw < 0.6 and abs(value) < MAX_MAGNITUDE:
            return rng.choice((value * 2, value // 2, value * 10, value * 10 + rng.randint(0, 9)))
        if draw < 0.7 and self._pool.ints:
            return rng.choice(self._pool.ints) + rng.choice((-1, 0, 1))
        return self._filler.integer(node)

    def _float(self, value: Any, node: Node, _depth: int) -> object:
        draw = self._rng.random()
        if draw < 0.4 and isinstance(value, float):
            return round(
                self._rng.choice((-value, value * 2, value / 2, value + 1, value - 0.5)), 3
            )
        return self._filler.real(node)

    def _str(self, value: Any, node: Node, depth: int) -> object:
        rng = self._rng
        at = rng.randrange(len(value) + 1)
        draw = rng.random()
        if draw < 0.12:
            return value[:at] + value[at + 1 :]
        if draw < 0.3:
            return (value[:at] + self._snippet(value, node) + value[at:])[:MAX_LENGTH]
        if draw < 0.45:
            return value[:at] + self._snippet(value, node)[:1] + value[at + 1 :]
        if draw < 0.6:
            return rng.choice(
                (value.upper(), value.lower(), value[::-1], value.title(), value[:at])
            )
        if draw < 0.68:
            return (value + value)[:MAX_LENGTH]
        return self._filler.text(node, depth)

    def _snippet(self, value: str, node: Node) -> str:
        """Return something to put into a text."""
        rng = self._rng
        if node.parts and rng.random() < 0.5:
            return rng.choice(node.parts)
        if self._pool.strs and rng.random() < 0.4:
            return rng.choice(self._pool.strs)
        if value and rng.random() < 0.3:
            return rng.choice(value)
        return rng.choice(words.CHARS + "0123456789 ,.-")

    def _bytes(self, value: Any, node: Node, depth: int) -> object:
        return self._str(value.decode("latin-1"), node, depth).encode("latin-1", "replace")  # type: ignore[attr-defined]

    def _list(self, value: Any, node: Node, depth: int) -> object:
        rng = self._rng
        items = list(value)
        at = rng.randrange(len(items) + 1)
        draw = rng.random()
        if draw < 0.3 or not items:
            items.insert(at, self._filler.part(node.part(at, Kind.LIST), depth + 1))
        elif draw < 0.45:
            items.pop(at - 1)
        elif draw < 0.6:
            items.insert(at, rng.choice(items))
        elif draw < 0.7:
            items.reverse()
        elif draw < 0.8:
            self._sort(items)
        else:
            other = rng.randrange(len(items))
            items[at - 1], items[other] = items[other], items[at - 1]
        return items[:MAX_LENGTH]

    def _sort(self, items: list[Any]) -> None:
        if all(type(item) is type(items[0]) and isinstance(item, int | str) for item in items):
            items.sort()

    def _tuple(self, value: Any, node: Node, depth: int) -> object:
        if node.length == len(value) and value:
            return tuple(value[::-1])
        return tuple(self._list(value, node, depth))  # type: ignore[arg-type]

    def _dict(self, value: Any, node: Node, depth: int) -> object:
        rng = self._rng
        items = dict(value)
        draw = rng.random()
        if items and draw < 0.35:
            items.pop(rng.choice(list(items)))
        elif node.fields and draw < 0.7:
            key = rng.choice(list(node.fields))
            items[key] = self._filler.part(node.fields[key], depth + 1)
        else:
            key = self._filler.part(node.keys(), depth + 1, hashable=True)
            items[key] = self._filler.part(node.values(), depth + 1)
        return items

    def _set(self, value: Any, node: Node, depth: int) -> object:
        rng = self._rng
        if value and rng.random() < 0.4:
            gone = rng.choice(sorted(value, key=repr))
            return {item for item in value if item is not gone}
        new = self._filler.part(node.elements(), depth + 1, hashable=True)
        return {*value, new} if KIND_OF[type(new)] in HASHABLE else value

    CHANGES: ClassVar[dict[Kind, Callable[[Any, Any, Node, int], object]]] = {
        Kind.NONE: _none,
        Kind.BOOL: _bool,
        Kind.INT: _int,
        Kind.FLOAT: _float,
        Kind.STR: _str,
        Kind.BYTES: _bytes,
        Kind.LIST: _list,
        Kind.TUPLE: _tuple,
        Kind.DICT: _dict,
        Kind.SET: _set,
    }
