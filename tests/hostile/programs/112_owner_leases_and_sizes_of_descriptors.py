# kept = ["value: ['PermissionError']"]

import fcntl
import os

def f(n):
    names = set()
    fd = os.open(os.__file__, os.O_RDONLY)
    for command in (4, 5, 6, 7, 8, 10, 11, 15, 16, 36, 37, 38, 1024, 1025, 1026, 1031, 1032, 1033, 1034, 1036):
        try:
            fcntl.fcntl(fd, command, 0)
            names.add(command)
        except OSError as error:
            names.add(type(error).__name__)
    return sorted(names, key=str)
