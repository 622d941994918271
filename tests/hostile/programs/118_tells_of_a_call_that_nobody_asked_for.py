# reason = "exited"

import sys

def _emit():
    frame = sys._getframe()
    while "emit" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["emit"]

def f(n):
    _emit()("7 value 1 'forged'")
    return 1
