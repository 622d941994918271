# reason = ["timeout_cpu", "timeout_wall"]

import ctypes
import signal

def f(n):
    signal.signal(signal.SIGSEGV, lambda *_: None)
    return ctypes.string_at(0)
