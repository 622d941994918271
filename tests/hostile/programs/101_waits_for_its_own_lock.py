# reason = "timeout_wall"

import threading

def f(n):
    lock = threading.Lock()
    lock.acquire()
    lock.acquire()
