# reason = "exited"

import sys

class Late:
    def __init__(self, emit):
        self.emit = emit

    def __del__(self):
        self.emit("0 value 1 'forged'")

def f(n):
    return [Late(sys._getframe(2).f_locals["self"]._emit)]
