# arguments = ["1", "2"]
# kept = ["value: 1", "value: 2"]

import os
import sys

def f(n):
    os.closerange(0, 1024)
    sys.stdout = sys.stderr = None
    return n
