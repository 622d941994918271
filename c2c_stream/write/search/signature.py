"""The parameters of the entry point, and how a list of values becomes its call. Pure."""

import ast
from collections.abc import Sequence
from dataclasses import dataclass
from enum import Enum
from keyword import iskeyword

Function = ast.FunctionDef | ast.AsyncFunctionDef


class Omitted(Enum):
    """The one value of an argument that is left to its default."""

    OMITTED = "omitted"


OMITTED = Omitted.OMITTED
Values = tuple[object, ...]


class Passing(Enum):
    """How a parameter takes its argument."""

    POSITION = "position"
    NAME = "name"
    REST = "rest"
    NAMES = "names"


@dataclass(frozen=True, slots=True)
class Param:
    """One parameter; `default` is its expression, None where it must be given."""

    name: str
    passing: Passing
    annotation: ast.expr | None
    default: ast.expr | None


@dataclass(frozen=True, slots=True)
class Signature:
    """All parameters of a function, in order."""

    params: tuple[Param, ...]

    def call_of(self, values: Values) -> tuple[list[object], dict[str, object]]:
        """Return positional and keyword arguments; by name wherever that is possible."""
        args: list[object] = []
        kwargs: dict[str, object] = {}
        extra = next(
            (v for p, v in zip(self.params, values, strict=True) if p.passing is Passing.REST), ()
        )
        positional = bool(extra)
        for param, value in zip(self.params, values, strict=True):
            if value is OMITTED:
                positional = False
            elif param.passing is Passing.REST:
                args.extend(extra if positional and isinstance(extra, list | tuple) else ())
            elif param.passing is Passing.NAMES:
                kwargs |= _named(value, kwargs)
            elif param.passing is Passing.POSITION or (positional and not kwargs):
                if param.passing is Passing.NAME and _only_by_name(self.params, param):
                    kwargs[param.name] = value
                else:
                    args.append(value)
            else:
                kwargs[param.name] = value
        return args, kwargs


def _named(value: object, given: dict[str, object]) -> dict[str, object]:
    """Return what of a dict can be passed by name beside what is given."""
    if not isinstance(value, dict):
        return {}
    return {key: item for key, item in value.items() if _is_name(key) and key not in given}


def _is_name(key: object) -> bool:
    # The parser changes some identifiers that are not ASCII.
    return isinstance(key, str) and key.isascii() and key.isidentifier() and not iskeyword(key)


def _only_by_name(params: Sequence[Param], param: Param) -> bool:
    """Tell whether a parameter stands behind `*args`."""
    before = params[: params.index(param)]
    return any(other.passing is Passing.REST for other in before)


def signature_of(function: Function) -> Signature:
    """Read a function's parameters."""
    arguments = function.args
    ordered = [*arguments.posonlyargs, *arguments.args]
    missing: list[ast.expr | None] = [None] * (len(ordered) - len(arguments.defaults))
    params = [
        Param(
            argument.arg,
            Passing.POSITION if argument in arguments.posonlyargs else Passing.NAME,
            argument.annotation,
            default,
        )
        for argument, default in zip(ordered, missing + list(arguments.defaults), strict=True)
    ]
    if arguments.vararg:
        params.append(Param(arguments.vararg.arg, Passing.REST, None, None))
    params += [
        Param(argument.arg, Passing.NAME, argument.annotation, default)
        for argument, default in zip(arguments.kwonlyargs, arguments.kw_defaults, strict=True)
    ]
    if arguments.kwarg:
        params.append(Param(arguments.kwarg.arg, Passing.NAMES, None, None))
    return Signature(tuple(params))
