# reason = ["exited", "crash"]

import ctypes

def f(n):
    return ctypes.pythonapi.Py_FinalizeEx()
