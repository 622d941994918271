# kept = ["value: [-1, -1]"]

import ctypes

def f(n):
    libc = ctypes.CDLL(None)
    return [libc.ptrace(16, 1, 0, 0), libc.process_vm_readv(1, 0, 0, 0, 0, 0)]
