# kept = ["value: [[1]]"]
# docker = { reason = "exited", why = "what writes its frames is Python, which can be traced" }

import sys

def f(n):
    def trace(frame, event, argument):
        raise ValueError("in the middle of the recorder")
    sys.settrace(trace)
    return [[1]]
