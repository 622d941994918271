# machine = "x86_64"
# reason = "crash"

import ctypes
import mmap

def f(n):
    page = mmap.mmap(-1, 4096, prot=7)
    page.write(b"\x0f\x0b")
    return ctypes.CFUNCTYPE(ctypes.c_long)(ctypes.addressof(ctypes.c_char.from_buffer(page)))()
