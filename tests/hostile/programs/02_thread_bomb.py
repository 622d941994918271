# kept = ["exception: RuntimeError: can't start new thread"]

import threading

def f(n):
    threads = [threading.Thread(target=f, args=(n,), daemon=True) for _ in range(50)]
    for thread in threads:
        thread.start()
    return len(threads)
