# kept = ["value: [-1, -1, -1]"]

import ctypes

def f(n):
    libc = ctypes.CDLL(None)
    return [libc.unshare(flags) for flags in (0x10000000, 0x20000000, 0x00020000)]
