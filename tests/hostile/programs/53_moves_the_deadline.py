# reason = ["timeout_cpu", "timeout_wall", "step_limit"]

import signal

def f(n):
    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    try:
        signal.setitimer(signal.ITIMER_REAL, 1)
    except OSError:
        pass
    return sum(range(10**12))
