# reason = "crash"

import ctypes
import sys

def f(n):
    arena = sys._getframe(2).f_locals["self"]._emit.__self__._arena
    start = ctypes.addressof(ctypes.c_char.from_buffer(arena))
    return ctypes.CDLL(None).munmap(ctypes.c_void_p(start), ctypes.c_size_t(len(arena)))
