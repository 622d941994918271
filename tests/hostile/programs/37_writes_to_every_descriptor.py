# kept = ["value: 'done'"]

import os

def f(n):
    for fd in range(64):
        try:
            os.write(fd, b"\xff" * 4096)
        except OSError:
            pass
    return "done"
