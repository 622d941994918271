# reason = "memory"

import zlib

def f(n):
    return len(zlib.decompress(zlib.compress(b""), bufsize=1 << 30))
