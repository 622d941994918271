# arguments = ["0", "1"]
# reason = "exited"

import sys

def _emit():
    frame = sys._getframe()
    while "emit" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["emit"]

def f(n):
    _emit()(f"{n} value 1 {'x' * 100_000!r}")
    return n
