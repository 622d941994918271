# reason = "exited"

import sys

def _emit():
    frame = sys._getframe()
    while "emit" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["emit"]

class Late:
    def __init__(self, emit):
        self.emit = emit

    def __del__(self):
        self.emit("0 value 1 'forged'")

def f(n):
    return [Late(_emit())]
