# arguments = ["0", "1", "2", "3", "4"]
# reason = "unrepresentable"

import math

async def coroutine():
    pass

def f(n):
    return ((i for i in "ab"), coroutine(), lambda: 0, math, iter([]))[n]
