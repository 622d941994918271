"""The fixed-size messages between a host and a zygote. Standard library only: jails import it.

Constants alone: each fork copies what a zygote imports.
"""

import struct
from typing import Final

ORDER = struct.Struct("<III")  # bytes of the request, limits of CPU and wall clock in ms
REPORT = struct.Struct("<iiIIQ")  # why killed, exit code, CPU and wall clock in us, memory in bytes
ORDER_BYTES: Final = ORDER.size
REPORT_BYTES: Final = REPORT.size
CHILD_UID: Final = 65534
HOST_NAME: Final = "jail"  # what a guest learns instead of the machine's
SETUP_BYTES: Final = 128 * 1024  # the largest message while a jail is built

# The wall clock is for a child that waits. One that gets less than this part of a core does.
WAITING_SHARE: Final = 16

# Why the zygote killed the child.
NOT_STOPPED: Final = 0
STOPPED_BY_CPU: Final = 1
STOPPED_BY_WALL: Final = 2
