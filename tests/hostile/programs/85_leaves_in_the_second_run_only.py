# reason = "depends_on_calls"
# arguments = ["1", "2"]

import os

seen = []

def f(n):
    seen.append(n)
    if seen == [2]:
        os._exit(0)
    return n
