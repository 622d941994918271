# kept = ["value: 1"]

import gc
import sys

class Stays:
    def __del__(self):
        raise ValueError("late")

def f(n):
    sys.settrace(lambda frame, event, argument: None)
    sys.setprofile(lambda frame, event, argument: None)
    sys.addaudithook(lambda event, arguments: None)
    gc.callbacks.append(lambda phase, information: sys.exit(1))
    sys.meta_path.clear()
    leak = Stays()
    leak.itself = leak
    return n
