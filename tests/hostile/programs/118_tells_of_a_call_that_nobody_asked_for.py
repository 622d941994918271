# reason = "exited"

import sys

def f(n):
    sys._getframe(2).f_locals["self"]._emit("7 value 1 'forged'")
    return 1
