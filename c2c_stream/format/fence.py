"""Puts text into a Markdown code block that the text itself cannot close."""

import re

_TICKS = re.compile(r"`{3,}")


def fenced(text: str, info: str) -> str:
    """Return `text` in a code block; its fence is longer than any run of backticks in it."""
    longest = max((len(run) for run in _TICKS.findall(text)), default=2)
    fence = "`" * (longest + 1)
    return f"{fence}{info}\n{text.rstrip(chr(10))}\n{fence}"
