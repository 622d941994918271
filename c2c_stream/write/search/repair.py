"""Learn from an exception: change the scores of the nodes at fault, and repair the arguments."""

from collections.abc import Callable
from random import Random
from typing import Any, ClassVar

from c2c_stream.write.search.messages import (
    ATTRIBUTE,
    CONCATENATED,
    KINDS_NAMED,
    OPERANDS,
    QUOTED,
    RULES,
    UNPACKED,
)
from c2c_stream.write.search.methods import RECEIVERS
from c2c_stream.write.search.places import Place, places_of, replaced
from c2c_stream.write.search.signature import Values
from c2c_stream.write.search.types import (
    NUMBER,
    Kind,
    Node,
    Scores,
)
from c2c_stream.write.search.values import Filler

LEARN = 0.35
_KEYS = (str, int, bool, float, tuple, type(None))
_HOLDERS = (Kind.DICT, Kind.LIST)
_Handler = Callable[[Any, Values, list[Place], str, BaseException], Values | None]


class Repairer:
    """Proposes other arguments after an exception; remembers what did not fit."""

    def __init__(self, nodes: tuple[Node, ...], filler: Filler, rng: Random) -> None:
        self._nodes = nodes
        self._filler = filler
        self._rng = rng

    def repaired(self, values: Values, error: BaseException) -> Values | None:
        """Return arguments that may avoid `error`; None where nothing is known of it."""
        handler = self.HANDLERS.get(type(error).__name__)
        if handler is None:
            return None
        places = places_of(self._nodes, values)
        message = _message(error)
        return handler(self, values, places, message, error) if places else None

    # Wrong kinds

    def _type(
        self, values: Values, places: list[Place], message: str, _error: BaseException
    ) -> Values | None:
        operands = OPERANDS.search(message) or CONCATENATED.search(message)
        if operands:
            one, other = (KINDS_NAMED.get(name) for name in operands.groups())
            return self._mismatch(values, places, one, other)
        for pattern, wrong, right in RULES:
            found = pattern.search(message)
            if found:
                kind = KINDS_NAMED.get(wrong or found.group(1))
                return self._rekinded(values, places, kind, right)
        return None

    def _mismatch(
        self, values: Values, places: list[Place], one: Kind | None, other: Kind | None
    ) -> Values | None:
        """Make one operand of the kind of the other; of two equal kinds, make both numbers."""
        if one is None or other is None:
            return None
        if one is other:
            return self._rekinded(values, places, one, NUMBER)
        wrong, right = (one, other) if self._rng.random() < 0.5 else (other, one)
        if not any(place.kind is wrong for place in places):
            wrong, right = right, wrong
        return self._rekinded(values, places, wrong, {right: 2.0})

    def _attribute(
        self, values: Values, places: list[Place], message: str, _error: BaseException
    ) -> Values | None:
        found = ATTRIBUTE.search(message)
        if not found or found.group(2) not in RECEIVERS:
            return None
        return self._rekinded(
            values, places, KINDS_NAMED.get(found.group(1)), RECEIVERS[found.group(2)]
        )

    def _rekinded(
        self, values: Values, places: list[Place], wrong: Kind | None, right: Scores
    ) -> Values | None:
        """Give another kind to a node that has the wrong one, wherever that node stands."""
        candidates = [place for place in places if place.kind is wrong]
        if wrong is None or not candidates or set(right) <= {wrong}:
            return None
        node = self._rng.choice(candidates).node
        scores = {kind: score for kind, score in right.items() if kind is not wrong}
        node.like({**scores, wrong: -1.5}, LEARN)
        ranked = {kind: node.scores[kind] + 2 * score for kind, score in scores.items()}
        best = max(ranked, key=lambda kind: ranked[kind])
        for place in candidates:
            if place.node is node:
                new = self._filler.of_kind(node, best, place.depth)
                values = replaced(values, place.path, new)
        return values

    # Wrong values

    def _key(
        self, values: Values, places: list[Place], _message: str, error: BaseException
    ) -> Values | None:
        key = error.args[0] if error.args else None
        if type(key) not in _KEYS:
            return self._constant(values, places)
        draw = self._rng.random()
        holders = [p for p in places if p.kind in _HOLDERS and not _has(p.value, key)]
        tables = [p for p in holders if p.kind is Kind.DICT]
        holders = tables if tables and draw < 0.6 else holders
        users = [p for p in places if type(p.value) is type(key) and p.value == key]
        if users and (draw > 0.8 or not holders):
            return self._known_key(values, places, users)
        if holders:
            place = self._rng.choice(holders)
            return replaced(values, place.path, self._with_key(place, key))
        return self._constant(values, places)

    def _with_key(self, place: Place, key: object) -> object:
        value: Any = place.value
        if place.kind is Kind.LIST:
            return [*value, key]
        part = place.node.part(key, Kind.DICT)
        return {**value, key: self._filler.part(part, place.depth + 1)}

    def _known_key(self, values: Values, places: list[Place], users: list[Place]) -> Values | None:
        """Put a key that a dict or a list of the arguments has where the unknown one is."""
        known: list[object] = []
        for place in places:
            if place.kind in _HOLDERS:
                held: Any = place.value
                known += [key for key in held if type(key) is type(users[0].value)]
        if not known:
            return None
        return replaced(values, users[0].path, self._rng.choice(known))

    def _constant(self, values: Values, places: list[Place]) -> Values | None:
        """Put a constant that the code knows where there is one to put."""
        known = [place for place in places if place.node.constants]
        if not known:
            return None
        place = self._rng.choice(known)
        return replaced(values, place.path, self._rng.choice(place.node.constants))

    def _index(
        self, values: Values, places: list[Place], _message: str, _error: BaseException
    ) -> Values | None:
        kinds = (Kind.LIST, Kind.STR, Kind.TUPLE)
        longer = [place for place in places if place.kind in kinds]
        numbers = [place for place in places if place.kind is Kind.INT]
        if numbers and (not longer or self._rng.random() < 0.35):
            return self._smaller(values, numbers)
        if not longer:
            return None
        place = self._rng.choice(longer)
        return replaced(values, place.path, self._longer(place))

    def _longer(self, place: Place) -> object:
        value: Any = place.value
        node = place.node
        if place.kind is Kind.STR:
            return value + (self._filler.text(node, place.depth) or "a")
        size = max(len(value) + self._rng.randint(1, 3), node.min_length)
        more = [
            self._filler.part(node.part(i, Kind.LIST), place.depth + 1)
            for i in range(len(value), size)
        ]
        return value + (tuple(more) if place.kind is Kind.TUPLE else more)

    def _smaller(self, values: Values, numbers: list[Place]) -> Values:
        place = self._rng.choice(numbers)
        value: Any = place.value
        size: int = abs(value)
        return replaced(values, place.path, self._rng.choice((0, 1, size // 2, size % 3)))

    def _value(
        self, values: Values, places: list[Place], message: str, error: BaseException
    ) -> Values | None:
        unpacked = UNPACKED.search(message)
        if unpacked:
            return self._resized(values, places, int(unpacked.group(1)))
        if "invalid literal for int" in message or "to float" in message:
            return self._digits(values, places, message)
        if "empty" in message:
            return self._index(values, places, message, error)
        if (
            "not in list" in message
            or "substring not found" in message
            or "not in tuple" in message
        ):
            return self._contained(values, places)
        if "math domain" in message or "negative" in message or "must be" in message:
            return self._positive(values, places)
        return None

    def _resized(self, values: Values, places: list[Place], size: int) -> Values | None:
        kinds = (Kind.LIST, Kind.STR, Kind.TUPLE)
        wrong = [p for p in places if p.kind in kinds and len(p.value) != size]  # type: ignore[arg-type]  # sized by kind
        if not wrong or size > 12:
            return None
        node = self._rng.choice(wrong).node
        for place in wrong:
            if place.node is node:
                values = replaced(values, place.path, self._of_size(place, size))
        if node.length is None:
            node.length = size if self._rng.random() < 0.5 else None
        return values

    def _of_size(self, place: Place, size: int) -> object:
        value: Any = place.value
        if place.kind is Kind.STR:
            return (value + "abcdefghijkl")[:size]
        items = list(value[:size])
        while len(items) < size:
            part = place.node.part(len(items), Kind.LIST)
            items.append(self._filler.part(part, place.depth + 1))
        return tuple(items) if place.kind is Kind.TUPLE else items

    def _digits(self, values: Values, places: list[Place], message: str) -> Values | None:
        """Replace the text that is no number by one that is."""
        quoted = QUOTED.search(message)
        bad = quoted.group(1) if quoted else ""
        digits = str(self._rng.randint(0, 120))
        texts = [place for place in places if place.kind is Kind.STR]
        exact = [place for place in texts if place.value == bad]
        if exact:
            place = self._rng.choice(exact)
            place.node.role = "digits"
            for other in exact:
                values = replaced(values, other.path, digits)
            return values
        within = [place for place in texts if bad and bad in str(place.value)]
        for place in within[:1]:
            values = replaced(values, place.path, str(place.value).replace(bad, digits))
        if not within and texts:
            return replaced(values, self._rng.choice(texts).path, digits)
        return values if within else None

    def _contained(self, values: Values, places: list[Place]) -> Values | None:
        """Let a list or a text hold one of the other values."""
        holders = [p for p in places if p.kind in (Kind.LIST, Kind.STR)]
        others = [p for p in places if p.kind in (Kind.INT, Kind.STR, Kind.FLOAT)]
        if not holders or not others:
            return None
        holder, other = self._rng.choice(holders), self._rng.choice(others)
        value: Any = holder.value
        if holder.kind is Kind.LIST:
            return replaced(values, holder.path, [*value, other.value])
        if other.kind is Kind.STR and other is not holder:
            return replaced(values, holder.path, f"{value}{other.value}")
        return None

    def _positive(self, values: Values, places: list[Place]) -> Values | None:
        low = [p for p in places if p.kind in (Kind.INT, Kind.FLOAT) and _at_most_zero(p.value)]
        if not low:
            return None
        for place in low:
            values = replaced(values, place.path, abs(place.value) + 1)  # type: ignore[arg-type]
        return values

    def _zero(
        self, values: Values, places: list[Place], _message: str, _error: BaseException
    ) -> Values | None:
        zeros = [p for p in places if p.kind in (Kind.INT, Kind.FLOAT) and not p.value]
        for place in zeros:
            values = replaced(values, place.path, self._rng.randint(1, 9))
        return values if zeros else self._index(values, places, "", ZeroDivisionError())

    def _deep(
        self, values: Values, places: list[Place], _message: str, _error: BaseException
    ) -> Values | None:
        numbers = [place for place in places if place.kind in (Kind.INT, Kind.FLOAT)]
        if not numbers:
            return None
        place = self._rng.choice(numbers)
        return replaced(values, place.path, self._rng.randint(0, 6))

    def _unbound(
        self, values: Values, places: list[Place], _message: str, _error: BaseException
    ) -> Values | None:
        return self._constant(values, places)

    HANDLERS: ClassVar[dict[str, _Handler]] = {
        "TypeError": _type,
        "AttributeError": _attribute,
        "KeyError": _key,
        "IndexError": _index,
        "ValueError": _value,
        "StopIteration": _index,
        "ZeroDivisionError": _zero,
        "RecursionError": _deep,
        "OverflowError": _deep,
        "UnboundLocalError": _unbound,
    }


def _has(holder: Any, key: object) -> bool:
    return any(type(known) is type(key) and known == key for known in holder)


def _at_most_zero(value: Any) -> bool:
    return not isinstance(value, complex) and value <= 0


def _message(error: BaseException) -> str:
    """Return the text of an exception of the guest, which may raise on being asked."""
    try:
        return str(error)[:300]
    except BaseException:  # noqa: BLE001  # hostile: then it says nothing
        return ""
