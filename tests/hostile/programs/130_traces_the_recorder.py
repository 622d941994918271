# reason = "exited"

import sys

def f(n):
    def trace(frame, event, argument):
        raise ValueError("in the middle of the recorder")
    sys.settrace(trace)
    return [[1]]
