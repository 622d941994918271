"""Fit values to the parameters of a signature, and write the call that passes them. Pure."""

from collections.abc import Mapping, Sequence
from keyword import iskeyword
from typing import Final

from c2c_stream.records import Parameter
from c2c_stream.write.arguments import written
from c2c_stream.write.model.grammar import NAMES, REST, is_optional

_BY_POSITION: Final = ("positional_only", "positional_or_keyword")


def call_of(
    parameters: Sequence[Parameter], args: Sequence[object], named: Mapping[str, object]
) -> str:
    """Return the text of a call. `named` holds all of `*rest` and `**names` under their names.

    Raises ValueError where the values do not fit the signature, or are no plain literals.
    """
    given = _bound(parameters, args, named)
    missing = [p.name for p in parameters if p.name not in given and not is_optional(p)]
    if missing:
        raise ValueError(f"no value for {', '.join(missing)}")
    return written(*_passed(parameters, given))


def _bound(
    parameters: Sequence[Parameter], args: Sequence[object], named: Mapping[str, object]
) -> dict[str, object]:
    """Return a value for each name, those given by position among them."""
    known = {p.name: p for p in parameters}
    strange = [name for name in named if name not in known]
    ordered = [p.name for p in parameters if p.kind in _BY_POSITION]
    rest = next((p.name for p in parameters if p.kind == REST), None)
    given: dict[str, object] = dict(zip(ordered, args, strict=False))
    if strange or given.keys() & named.keys():
        raise ValueError("a name is unknown or given twice")
    if len(args) > len(ordered):
        if rest is None or rest in named:
            raise ValueError("more values than parameters")
        given[rest] = list(args[len(ordered) :])
    return given | dict(named)


def _passed(
    parameters: Sequence[Parameter], given: Mapping[str, object]
) -> tuple[list[object], dict[str, object]]:
    """Return positional and keyword arguments; by name wherever that is possible."""
    args: list[object] = []
    kwargs: dict[str, object] = {}
    rest = _rest(parameters, given)
    skipped = False
    for parameter in (p for p in parameters if p.kind not in (REST, NAMES)):
        name = parameter.name
        by_position = parameter.kind == "positional_only" or (
            bool(rest) and parameter.kind in _BY_POSITION
        )
        if name not in given:
            skipped = skipped or by_position
        elif by_position and skipped:
            raise ValueError(f"{name} is given by position behind one that is left out")
        elif by_position:
            args.append(given[name])
        else:
            kwargs[name] = given[name]
    if rest and skipped:
        raise ValueError("values for the rest behind one that is left out")
    return [*args, *rest], kwargs | _more(parameters, given)


def _rest(parameters: Sequence[Parameter], given: Mapping[str, object]) -> list[object]:
    for parameter in parameters:
        value = given.get(parameter.name)
        if parameter.kind == REST and value is not None:
            if not isinstance(value, list | tuple):
                raise ValueError(f"*{parameter.name} is given what is no list")
            return list(value)
    return []


def _more(parameters: Sequence[Parameter], given: Mapping[str, object]) -> dict[str, object]:
    """Return what of `**names` can be passed by name beside the parameters."""
    known = {p.name for p in parameters}
    for parameter in parameters:
        value = given.get(parameter.name)
        if parameter.kind == NAMES and value is not None:
            if not isinstance(value, dict):
                raise ValueError(f"**{parameter.name} is given what is no dict")
            return {key: v for key, v in value.items() if _is_name(key) and key not in known}
    return {}


def _is_name(key: object) -> bool:
    # The parser changes some identifiers that are not ASCII.
    return isinstance(key, str) and key.isascii() and key.isidentifier() and not iskeyword(key)
