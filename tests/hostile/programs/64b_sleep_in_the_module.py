# reason = "timeout_wall"

import time
time.sleep(1e6)

def f(n):
    return n
