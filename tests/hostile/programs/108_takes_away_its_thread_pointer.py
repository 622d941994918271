# machine = "x86_64"
# reason = "crash"

import ctypes

def f(n):
    return ctypes.CDLL(None).syscall(158, 0x1002, ctypes.c_ulong(0))
