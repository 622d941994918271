# kept = ["value: [False, False, False, False, False, False]"]

import os
import sys

def f(n):
    wrote = []
    for folder in ("/", "/tmp", "/dev/shm", os.path.dirname(os.__file__), "/proc", "/lib"):
        try:
            open(folder + "/planted", "w").close()
            wrote.append(True)
        except OSError:
            wrote.append(False)
    return wrote
