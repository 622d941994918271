# reason = ["memory", "timeout_cpu", "timeout_wall"]

import itertools

def f(n):
    return len(list(itertools.product("ab", repeat=60)))
