# reason = "load_error"

import numpy

def f(n):
    return n
