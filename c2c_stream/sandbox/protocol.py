"""The fixed-size messages between a host and a zygote. Standard library only: jails import it."""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

ORDER = struct.Struct("<III")
REPORT = struct.Struct("<iiIIQ")
ORDER_BYTES: Final = ORDER.size
REPORT_BYTES: Final = REPORT.size
SETUP_BYTES: Final = 128 * 1024  # the largest message while a jail is built


class Stop(IntEnum):
    """Why the zygote killed the child."""

    NONE = 0
    CPU = 1
    WALL = 2


@dataclass(frozen=True, slots=True)
class Order:
    """Host to zygote: fork a child for the request in the arena."""

    request_bytes: int
    cpu_ms: int
    wall_ms: int

    def pack(self) -> bytes:
        """Return the bytes to send."""
        return ORDER.pack(self.request_bytes, self.cpu_ms, self.wall_ms)


@dataclass(frozen=True, slots=True)
class Report:
    """Zygote to host: how the child ended. `exit_code` is minus the signal that it died of."""

    stopped: Stop
    exit_code: int
    cpu_us: int
    wall_us: int
    max_rss_bytes: int

    @classmethod
    def unpack(cls, data: bytes) -> "Report":
        """Return the report that `data` is. Raises ValueError."""
        try:
            stopped, *rest = REPORT.unpack(data)
        except struct.error as error:
            raise ValueError(f"a report of {len(data)} bytes; expected {REPORT_BYTES}") from error
        return cls(Stop(stopped), *rest)
