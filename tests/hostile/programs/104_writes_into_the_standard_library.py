# kept = ["value: []"]

import mmap
import os

def f(n):
    changed = []
    for flags in (os.O_WRONLY, os.O_RDWR, os.O_WRONLY | os.O_APPEND, os.O_RDONLY | os.O_TRUNC):
        try:
            os.close(os.open(os.__file__, flags))
            changed.append(flags)
        except OSError:
            pass
    with open(os.__file__, "rb") as file:
        try:
            mmap.mmap(file.fileno(), 4096, mmap.MAP_SHARED, mmap.PROT_READ | mmap.PROT_WRITE)
            changed.append("mapped")
        except OSError:
            pass
    return changed
