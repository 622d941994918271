# kept = ["value: 1"]

import atexit

class Late:
    def __del__(self):
        while True:
            pass

def forever():
    while True:
        pass

late = Late()
atexit.register(forever)

def f(n):
    return 1
