# kept = ["value: [1, 1, 1, 1, 1]"]

import os

def f(n):
    seen = []
    for pid in (os.getppid(), 1, -1, 2, 3):
        try:
            os.kill(pid, 9)
        except OSError as error:
            seen.append(error.errno)
    return seen
