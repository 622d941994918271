# reason = ["timeout_cpu", "timeout_wall"]

import re

def f(n):
    return bool(re.match("(a+)+$", "a" * 40 + "b"))
