"""Map two unprivileged uids of the host into a jail's user namespace. Needs root."""

import os
from collections.abc import Sequence
from pathlib import Path
from typing import Final

from c2c_stream.sandbox.protocol import CHILD_UID

# Above what containers and system users usually take, and below 2^31.
_PREFERRED: Final = 0x70000000


def map_users(pid: int) -> dict[str, object]:
    """Map the zygote's and the children's uid of process `pid`; return the answer to send it."""
    try:
        for kind in ("uid", "gid"):
            first = free_pair(Path(f"/proc/self/{kind}_map").read_text(encoding="ascii"))
            lines = f"0 {first} 1\n{CHILD_UID} {first + 1} 1\n"
            Path(f"/proc/{pid}/{kind}_map").write_text(lines, encoding="ascii")
    except (OSError, ValueError) as error:
        return {"refused": f"/proc/{pid}/uid_map: {error}"}
    return {"mapped": True}


def free_pair(table: str) -> int:
    """Return the first of two uids, mapped here and not root. Raises ValueError.

    `table` is what /proc/self/uid_map says: first id here, first id outside, count.
    """
    ranges = [tuple(map(int, line.split())) for line in table.splitlines()]
    return _highest(ranges)


def _highest(ranges: Sequence[tuple[int, ...]]) -> int:
    best = max(
        (min(first + count - 2, _PREFERRED) for first, _, count in ranges if count > 1), default=0
    )
    if best < 1:
        raise ValueError("this user namespace has no two uids to give away")
    return best


def is_privileged() -> bool:
    """Return whether this process is root, so that every wall can be built."""
    return os.geteuid() == 0
