# reason = "exited"

import gc

def f(n):
    import sys
    sys._getframe(2).f_locals["self"]._emit("0 value many forged")
    return 1
