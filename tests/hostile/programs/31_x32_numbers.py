# machine = "x86_64"
# reason = "crash"

import ctypes

def f(n):
    return ctypes.CDLL(None).syscall(0x40000000 + 39)
