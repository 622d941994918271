# reason = "timeout_cpu"

import re

def f(n):
    return bool(re.match("(a+)+$", "a" * 40 + "b"))
