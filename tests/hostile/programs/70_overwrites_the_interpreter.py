# reason = "crash"

import ctypes

def f(n):
    ctypes.memset(id(None), 255, 64)
    ctypes.memset(id(f), 255, 4096)
    return [None, f]
