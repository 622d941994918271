"""From how deep a guest is called: as deep by both recorders, so that its recursion ends alike.

Since 3.12 an interpreter counts frames of Python and of C apart. So each call of a guest goes
through C, `operator.call` or the compiled recorder itself, into frames of Python. Standard library
only.
"""

from collections.abc import Callable, Sequence
from typing import Any


def from_below(
    frames: int, function: Callable[..., object], positional: Sequence[Any], named: dict[str, Any]
) -> object:
    """Call a function from so many frames further down, this one among them."""
    if frames > 1:
        return from_below(frames - 1, function, positional, named)
    return function(*positional, **named)
