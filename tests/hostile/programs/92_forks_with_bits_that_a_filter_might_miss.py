# machine = "x86_64"
# kept = ["value: [1]"]

import ctypes

def f(n):
    libc = ctypes.CDLL(None, use_errno=True)
    errors = set()
    for flags in (0, 17, 0x10000000, 0x20000000, 1 << 32, (1 << 32) | 0x10000000, 0x8000_0000_0000_0011, 0x3D0F00):
        if libc.syscall(56, ctypes.c_ulong(flags), None, None, None, None) == -1:
            errors.add(ctypes.get_errno())
        else:
            errors.add("forked")
    return sorted(errors, key=str)
