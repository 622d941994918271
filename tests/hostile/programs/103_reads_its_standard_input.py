# kept = ["value: (b'', [])"]

import os
import sys

def f(n):
    return os.read(0, 4096), list(sys.stdin or ())
