# kept = ["value: [1]"]

import ctypes
import os

def f(n):
    libc = ctypes.CDLL(None, use_errno=True)
    header = (ctypes.c_uint32 * 2)(0x20080522, 0)
    wanted = (ctypes.c_uint32 * 6)(*[0xFFFFFFFF] * 6)
    tries = (
        lambda: libc.setuid(0),
        lambda: libc.setgid(0),
        lambda: libc.setresuid(0, 0, 0),
        lambda: libc.setreuid(0, 0),
        lambda: libc.setfsuid(0) or -1,
        lambda: libc.setgroups(0, None),
        lambda: libc.capset(header, wanted),
        lambda: libc.prctl(4, 1, 0, 0, 0),
        lambda: libc.prctl(8, 1, 0, 0, 0),
        lambda: libc.prctl(47, 2, 21, 0, 0),
        lambda: libc.personality(0x0040000),
    )
    errors = set()
    for reach in tries:
        ctypes.set_errno(0)
        if reach() < 0:
            errors.add(ctypes.get_errno())
        elif os.getuid() == 0:
            errors.add("root")
    return sorted(errors)
