"""The rules with every duration divided: half an hour becomes a minute. Nothing else changes.

A duration is a `for:`, a range or an offset (`[15m]`, `offset 5m`), what seconds are held against
(`..._seconds) > 1800`), and how far `predict_linear` looks ahead (`24 * 3600`).
"""

import re
from typing import Final

FASTER: Final = 30
_SECONDS: Final = {"s": 1, "m": 60, "h": 3600}
_WRITTEN: Final = re.compile(r"(\bfor: |\[|\boffset )(\d+)([smh])\b")
_BOUND: Final = re.compile(r"(_seconds\) > )(\d+)\b")
_AHEAD: Final = re.compile(r"(, )(\d+) \* 3600\b")


def shortened(text: str) -> str:
    """Return rules that wait for a FASTER-th of the time, and look back as far."""
    text = _WRITTEN.sub(lambda m: f"{m[1]}{_part(int(m[2]) * _SECONDS[m[3]])}s", text)
    text = _BOUND.sub(lambda m: f"{m[1]}{_part(int(m[2]))}", text)
    return _AHEAD.sub(lambda m: f"{m[1]}{_part(int(m[2]) * 3600)}", text)


def _part(seconds: int) -> int:
    """Return a part of a duration; those below FASTER seconds would be none."""
    whole, rest = divmod(seconds, FASTER)
    assert not rest, f"{seconds} s cannot be divided by {FASTER}"
    return whole
