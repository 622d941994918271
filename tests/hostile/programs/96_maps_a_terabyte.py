# kept = ["exception: OSError: [Errno 12] Cannot allocate memory"]

import mmap

def f(n):
    return len(mmap.mmap(-1, 1 << 40))
