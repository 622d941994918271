# reason = ["timeout_cpu", "timeout_wall"]
# arguments = ["1", "2"]

import re

seen = []

def f(n):
    seen.append(n)
    if seen == [2]:
        re.match("(a+)+$", "a" * 40 + "b")
    return n
