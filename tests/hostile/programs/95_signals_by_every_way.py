# machine = "x86_64"
# kept = ["value: [1, 1, 1, 1, 1, 1]"]

import ctypes
import os

def f(n):
    libc = ctypes.CDLL(None, use_errno=True)
    numbers = ((62, -1, 9), (200, 1, 9), (234, 1, 1, 9), (129, 1, 9, None), (297, 1, 1, 9, None), (424, 0, 9, None, 0))
    errors = []
    for arguments in numbers:
        libc.syscall(*arguments)
        errors.append(ctypes.get_errno())
    return errors
