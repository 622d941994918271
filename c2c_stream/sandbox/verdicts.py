"""What became of a child, and of a call. Closed lists; no other code is ever recorded."""

from dataclasses import dataclass
from enum import StrEnum


class Ended(StrEnum):
    """How a child ended, as seen from outside of it."""

    DONE = "done"  # it marked its end and exited with 0
    EXITED = "exited"  # it left without its mark
    CPU = "cpu"  # killed at its CPU limit
    WALL = "wall"  # killed at its wall clock limit
    MEMORY = "memory"  # killed by the kernel for memory
    CRASH = "crash"  # died of a signal of its own
    FORGED = "forged"  # its frames are malformed
    FAULT = "fault"  # our own program in it raised


class Verdict(StrEnum):
    """What became of one call."""

    VALUE = "value"
    EXCEPTION = "exception"
    STEP_LIMIT = "step_limit"
    TIMEOUT_CPU = "timeout_cpu"
    TIMEOUT_WALL = "timeout_wall"
    MEMORY = "memory"
    CRASH = "crash"
    EXITED = "exited"
    UNREPRESENTABLE = "unrepresentable"
    TRUNCATED = "truncated"
    NOT_DETERMINISTIC = "not_deterministic"
    LOAD_ERROR = "load_error"
    BAD_ARGUMENTS = "bad_arguments"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came out of one child. `frames` is hostile text: parse it strictly."""

    frames: tuple[str, ...]
    ended: Ended
    signal: int = 0
    cpu_ms: float = 0.0
    wall_ms: float = 0.0
    max_rss_bytes: int = 0
    fault: str = ""  # where ended is FAULT: the end of the traceback
