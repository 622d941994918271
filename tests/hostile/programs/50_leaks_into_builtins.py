# kept = ["value: 0"]

import builtins

def f(n):
    builtins.leak = getattr(builtins, "leak", 0) + 1
    return builtins.leak - 1
