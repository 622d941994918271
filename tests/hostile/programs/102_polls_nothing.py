# reason = "timeout_wall"

import select

def f(n):
    return select.poll().poll()
