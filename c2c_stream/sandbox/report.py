"""What a zygote tells its host about a child that has ended."""

import struct
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

from c2c_stream.sandbox.protocol import (
    NOT_STOPPED,
    REPORT_BYTES,
    REPORT_FORMAT,
    STOPPED_BY_CPU,
    STOPPED_BY_WALL,
)

_REPORT: Final = struct.Struct(REPORT_FORMAT)


class Stop(IntEnum):
    """Why the zygote killed the child."""

    NONE = NOT_STOPPED
    CPU = STOPPED_BY_CPU
    WALL = STOPPED_BY_WALL


@dataclass(frozen=True, slots=True)
class Report:
    """How a child ended. `exit_code` is minus the signal that it died of."""

    stopped: Stop
    exit_code: int
    cpu_us: int
    wall_us: int
    max_rss_bytes: int

    @classmethod
    def unpack(cls, data: bytes) -> "Report":
        """Return the report that `data` is. Raises ValueError."""
        try:
            stopped, *rest = _REPORT.unpack(data)
        except struct.error as error:
            raise ValueError(f"a report of {len(data)} bytes; expected {REPORT_BYTES}") from error
        return cls(Stop(stopped), *rest)
