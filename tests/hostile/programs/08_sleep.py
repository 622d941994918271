# reason = "timeout_wall"

import time

def f(n):
    time.sleep(1e6)
