"""The places of a list of arguments: walk them beside their nodes, replace one. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from c2c_stream.write.search.signature import Values
from c2c_stream.write.search.types import KIND_OF, Kind, Node
from c2c_stream.write.search.values import Shape

MAX_PLACES = 60
_HOLDERS = (list, tuple, dict)


@dataclass(slots=True)
class Place:
    """One value somewhere in the arguments; `path` starts with the argument's index."""

    path: tuple[object, ...]
    node: Node
    value: object

    @property
    def kind(self) -> Kind:
        """Return the kind of what stands here."""
        return KIND_OF[type(self.value)]

    @property
    def depth(self) -> int:
        """Return how deep this is in its argument."""
        return len(self.path) - 1


def places_of(nodes: Sequence[Node], values: Values) -> list[Place]:
    """Return the first places of the arguments, outer before inner; omitted ones are none."""
    found: list[Place] = []
    pending = [
        Place((i,), node, value)
        for i, (node, value) in enumerate(zip(nodes, values, strict=True))
        if type(value) in KIND_OF
    ]
    for place in pending:  # grows while it is walked
        found.append(place)
        if len(found) == MAX_PLACES:
            break
        if type(place.value) in _HOLDERS:
            pending.extend(_inside(place))
    return found


def _inside(place: Place) -> Iterator[Place]:
    value = place.value
    if isinstance(value, dict):
        for key, item in value.items():
            yield Place((*place.path, key), place.node.part(key, Kind.DICT), item)
    elif isinstance(value, list | tuple):
        for i, item in enumerate(value):
            yield Place((*place.path, i), place.node.part(i, Kind.LIST), item)


def shape_of(nodes: Sequence[Node], values: Values) -> Shape:
    """Return the kind at each node; the first of many elements speaks for them."""
    shape: Shape = {}
    for place in places_of(nodes, values):
        shape.setdefault(place.node, place.kind)
    return shape


def replaced(values: Values, path: tuple[object, ...], new: object) -> Values:
    """Return the arguments with another value at `path`; what is not on it is shared."""
    return tuple(_replaced(values, path, new))  # type: ignore[arg-type]  # a tuple stays one


def _replaced(value: object, path: tuple[object, ...], new: object) -> object:
    if not path:
        return new
    key, rest = path[0], path[1:]
    if isinstance(value, dict):
        return {k: _replaced(v, rest, new) if k is key else v for k, v in value.items()}
    if isinstance(value, list | tuple):
        items = [_replaced(v, rest, new) if i == key else v for i, v in enumerate(value)]
        return tuple(items) if isinstance(value, tuple) else items
    return value


def copied(value: object) -> object:
    """Return a copy of a literal that shares nothing that can change."""
    kind = type(value)
    if kind is list:
        return [copied(item) for item in value]  # type: ignore[attr-defined]  # by exact type
    if kind is tuple:
        return tuple([copied(item) for item in value])  # type: ignore[attr-defined]  # the same
    if kind is dict:
        return {key: copied(item) for key, item in value.items()}  # type: ignore[attr-defined]
    if kind is set:
        return set(value)  # type: ignore[call-overload]  # the same
    return value
