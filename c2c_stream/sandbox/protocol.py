"""The fixed-size messages between a host and a zygote, and the memory that they share.

Constants alone: each fork copies what a zygote imports. _zygote.c has the same layouts.
"""

from typing import Final

COMPILED: Final = 2  # the version of _zygote.c that belongs to this package

ORDER_FORMAT: Final = "<III"  # bytes of the request, limits of CPU and wall clock in ms
ORDER_BYTES: Final = 12
REPORT_FORMAT: Final = "<iiIIQ"  # why killed, exit code, CPU and wall clock in us, memory in bytes
REPORT_BYTES: Final = 24
CHILD_UID: Final = 65534
HOST_NAME: Final = "jail"  # what a guest learns instead of the machine's
SETUP_BYTES: Final = 128 * 1024  # the largest message while a jail is built

MIB: Final = 1024 * 1024
REQUEST_BYTES: Final = 5 * MIB  # a record is 4 MiB at most; marshalled it grows a little
FRAMES_BYTES: Final = 2 * MIB  # all cases of a function are 256 KiB at most, escaped 4 times that
ARENA_BYTES: Final = REQUEST_BYTES + FRAMES_BYTES

# The wall clock is for a child that waits. One that gets less than this part of a core does.
WAITING_SHARE: Final = 16

# Why the zygote killed the child.
NOT_STOPPED: Final = 0
STOPPED_BY_CPU: Final = 1
STOPPED_BY_WALL: Final = 2

# How far the child says it came. Hostile, like everything in the arena.
UNTOUCHED: Final = 0
STARTED: Final = 1
END: Final = 2
FAULT: Final = 3
