# kept = ["value: [False, False, False, False, False, False]"]

import os

def f(n):
    paths = ("/proc/self/environ", "/etc/passwd", "/etc/hostname", "/home", "/sys", "/dev/null")
    return [os.path.exists(path) for path in paths]
