"""Judge what a function does with its parameters: can these be of built-in types."""

from c2c_stream.code.names import Names
from c2c_stream.code.scope import Use
from c2c_stream.reasons import Reason

_TYPES = (
    bool,
    bytearray,
    bytes,
    complex,
    dict,
    float,
    frozenset,
    int,
    list,
    range,
    set,
    str,
    tuple,
)
ATTRIBUTES = frozenset(name for each in _TYPES for name in dir(each))


def input_reason(names: Names) -> tuple[Reason, str] | None:
    """Return why a parameter cannot be of a built-in type, if so.

    A use counts until its parameter is bound anew: what stands there then is no argument.
    """
    bound_at: dict[str, int] = {}
    for use in names.parameter_uses:
        if use.bound:
            bound_at.setdefault(use.name, use.line)
    own = [use for use in names.parameter_uses if use.line <= bound_at.get(use.name, use.line)]
    for use in own:
        if not use.bound and _attribute(use) not in {"", *ATTRIBUTES}:
            return Reason.FOREIGN_ATTR, f"{use.name}.{_attribute(use)}"
    for use in own:
        if use.called and not use.tail:
            return Reason.CALLABLE_PARAM, use.name
    return None


def _attribute(use: Use) -> str:
    return use.tail.split(".")[1] if use.tail else ""
