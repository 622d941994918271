# kept = ["value: 1"]

import gc

class Fails:
    def __del__(self):
        raise RuntimeError("late")

def fail(phase, info):
    raise RuntimeError(phase)

gc.callbacks.append(fail)

def f(n):
    Fails()
    gc.collect()
    return 1
