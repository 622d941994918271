# reason = "timeout_wall"

import time

def f(n):
    while True:
        time.sleep(0.05)
