# kept = ["exception: PermissionError: [Errno 1] Operation not permitted"]
# reason = ["memory", "crash"]
# kept_or_reason = true

import signal

def f(n):
    signal.raise_signal(signal.SIGKILL)
    return "survived"
