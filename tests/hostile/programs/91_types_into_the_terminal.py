# machine = "x86_64"
# kept = ["value: [-1, -1, 1]"]

import ctypes

def f(n):
    libc = ctypes.CDLL(None, use_errno=True)
    letter = ctypes.create_string_buffer(b"x")
    # TIOCSTI as it is, and with bits above those that the kernel looks at
    plain = libc.syscall(16, 0, ctypes.c_ulong(0x5412), letter)
    masked = libc.syscall(16, 0, ctypes.c_ulong(0x1_0000_5412), letter)
    return [plain, masked, ctypes.get_errno()]
