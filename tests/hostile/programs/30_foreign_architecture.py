# machine = "x86_64"
# reason = "crash"

import ctypes
import mmap

def f(n):
    # mov eax, 20; int 0x80; ret: getpid of the 32-bit table
    page = mmap.mmap(-1, 4096, prot=7)
    page.write(b"\xb8\x14\0\0\0\xcd\x80\xc3")
    address = ctypes.addressof(ctypes.c_char.from_buffer(page))
    return ctypes.CFUNCTYPE(ctypes.c_int)(address)()
