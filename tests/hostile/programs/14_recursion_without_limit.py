# reason = ["crash", "memory", "timeout_cpu", "timeout_wall", "step_limit"]
# steps = 100000000

import sys

def f(n):
    sys.setrecursionlimit(10**9)
    return [f(n)]
