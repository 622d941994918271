"""Steer by comparisons: what stood on one side of one is put where the other side came from."""

from collections.abc import Iterator, Sequence
from typing import Any

from c2c_stream.write.search.places import places_of, replaced
from c2c_stream.write.search.run import Bundle
from c2c_stream.write.search.signature import Values
from c2c_stream.write.search.types import KIND_OF, Kind, Node

MAX_PAIRS = 40
MAX_PROPOSALS = 24
_ORDERED = ("Lt", "LtE", "Gt", "GtE")

Pair = tuple[str, object, object]


def compared(bundle: Bundle, values: Values, step_limit: int) -> tuple[list[Pair], int]:
    """Run once and return the operands of its comparisons, and the steps that it took."""
    pairs: list[Pair] = []
    left: dict[int, object] = {}

    def observer(site: int, position: int, value: object) -> object:
        if position and len(pairs) < MAX_PAIRS:
            operator = bundle.operators(site)[position - 1]
            pair = (operator, left.get(site), value)
            if _is_plain(pair[1]) and _is_plain(value) and not _holds(pairs, pair):
                pairs.append(pair)
        left[site] = value
        return value

    steps = bundle.observe(values, step_limit, observer)
    return pairs, steps


def _is_plain(value: object) -> bool:
    """Tell whether a value may be kept and compared: exact types only, and small."""
    kind = KIND_OF.get(type(value))
    if kind in (Kind.LIST, Kind.TUPLE, Kind.DICT, Kind.SET):
        return len(value) <= 16 and all(type(item) in (int, str, float, bool) for item in value)  # type: ignore[arg-type,attr-defined]  # a collection by kind
    return kind is not None and not (kind is Kind.STR and len(value) > 60)  # type: ignore[arg-type]  # the same


def _holds(pairs: Sequence[Pair], pair: Pair) -> bool:
    return any(
        known[0] == pair[0] and _same(known[1], pair[1]) and _same(known[2], pair[2])
        for known in pairs
    )


def _same(a: object, b: object) -> bool:
    return type(a) is type(b) and a == b


def proposals(nodes: Sequence[Node], values: Values, pairs: Sequence[Pair]) -> list[Values]:
    """Return arguments that would turn one of the comparisons round."""
    found: list[Values] = []
    places = places_of(nodes, values)
    for operator, one, other in pairs:
        for given, wanted in ((one, other), (other, one)):
            for new in _wanted(operator, given, wanted):
                for place in places:
                    if len(found) < MAX_PROPOSALS and place.value is not None:
                        changed = _changed(place.value, given, new)
                        if changed is not None:
                            found.append(replaced(values, place.path, changed))
    return found


def _wanted(operator: str, given: object, wanted: Any) -> Iterator[object]:
    """Yield values that, in place of `given`, would make the comparison come out otherwise."""
    if operator in ("In", "NotIn"):
        if isinstance(wanted, str | list | tuple | dict | set) and not isinstance(given, list):
            yield from sorted(wanted, key=repr)[:3]
        return
    if _same(given, wanted):
        if type(wanted) is int:
            yield wanted + 1
        return
    yield wanted
    if operator in _ORDERED and type(wanted) in (int, float):
        yield wanted + 1
        yield wanted - 1


def _changed(value: Any, given: object, new: Any) -> object:
    """Return `value` with `given` replaced by `new` where it is, holds or measures `given`."""
    if _same(value, given):
        return new
    if type(value) in (str, bytes) and type(given) is type(new) is type(value):
        return _spliced(value, given, new)
    if type(value) is str and type(given) is type(new) is int and str(given) == value:
        return str(new)
    if type(given) is int and type(new) is int and 0 <= new <= 30:
        return _of_length(value, given, new)
    if type(given) is float and type(value) is int and value == given and type(new) is float:
        return int(new)
    return None


def _spliced(value: Any, given: Any, new: Any) -> object:
    return value.replace(given, new, 1) if given and given in value else None


def _of_length(value: Any, given: int, new: int) -> object:
    if isinstance(value, str | list | tuple) and len(value) == given:
        if not value:
            return None if not isinstance(value, str) else "a" * new
        return (value * (new // len(value) + 1))[:new]
    return None
