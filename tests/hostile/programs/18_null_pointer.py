# reason = "crash"

import ctypes

def f(n):
    return ctypes.string_at(0)
