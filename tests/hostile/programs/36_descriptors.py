# kept = ["value: [0, 1, 2]"]

import os

def f(n):
    found = []
    for fd in range(64):
        try:
            os.fstat(fd)
            found.append(fd)
        except OSError:
            pass
    return found
