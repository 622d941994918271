# kept = ["value: ['PermissionError', 'PermissionError', 'PermissionError']"]

import os

def f(n):
    names = []
    for wait in (lambda: os.wait(), lambda: os.waitpid(-1, os.WNOHANG), lambda: os.waitid(os.P_ALL, 0, os.WEXITED)):
        try:
            wait()
        except OSError as error:
            names.append(type(error).__name__)
    return names
