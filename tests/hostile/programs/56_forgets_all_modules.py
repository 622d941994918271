# arguments = ["1", "2"]
# kept = ["value: 1", "value: 2"]

import sys

def f(n):
    sys.modules.clear()
    sys.meta_path.clear()
    sys.path.clear()
    return n
