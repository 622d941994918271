# reason = "crash"

import os

def f(n):
    os.abort()
