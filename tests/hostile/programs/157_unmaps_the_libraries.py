# reason = "crash"

import ctypes

def f(n):
    libc = ctypes.CDLL(None)
    start = ctypes.cast(libc.write, ctypes.c_void_p).value & ~0xFFFF
    libc.munmap(ctypes.c_void_p(start), ctypes.c_size_t(1 << 21))
    return 1
