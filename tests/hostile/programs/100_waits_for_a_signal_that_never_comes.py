# reason = "timeout_wall"

import signal

def f(n):
    return signal.sigwait({signal.SIGUSR1})
