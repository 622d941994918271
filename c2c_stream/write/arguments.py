"""The arguments of one call as the text that records carry: bounded, written anew. Pure."""

from collections.abc import Mapping, Sequence
from typing import Final

from c2c_stream.code.literals import format_arguments

MAX_INPUT_CHARS: Final = 8 * 1024


def written(args: Sequence[object], kwargs: Mapping[str, object]) -> str:
    """Return the text of a call's arguments.

    Raises ValueError for what is no plain literal, is no text on the wire, or is too long.
    """
    text = format_arguments(args, kwargs)
    text.encode()  # UnicodeEncodeError is a ValueError
    if len(text) > MAX_INPUT_CHARS:
        raise ValueError(f"an input of {len(text)} characters; at most {MAX_INPUT_CHARS}")
    return text
