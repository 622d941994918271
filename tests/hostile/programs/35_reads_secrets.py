# docker = { kept = ["value: [True, False, True, False, True, True]"], why = "Landlock hides what is in a file, not that it is there: 160 and 161 open them" }
# kept = ["value: [False, False, False, False, False, False]"]

import os

def f(n):
    paths = ("/proc/self/environ", "/etc/passwd", "/etc/hostname", "/home", "/sys", "/dev/null")
    return [os.path.exists(path) for path in paths]
