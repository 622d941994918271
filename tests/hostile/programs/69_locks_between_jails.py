# kept = ["value: ['PermissionError', 'PermissionError']"]

import fcntl
import os

def f(n):
    names = []
    with open(os.__file__) as file:
        for lock in (lambda: fcntl.flock(file, fcntl.LOCK_SH), lambda: fcntl.lockf(file, fcntl.LOCK_SH)):
            try:
                lock()
            except OSError as error:
                names.append(type(error).__name__)
    return names
