# kept = ["value: ['PermissionError', 'PermissionError', 'PermissionError', 'PermissionError', 'PermissionError']"]

import os

def f(n):
    names = []
    tries = (
        lambda: os.nice(-10),
        lambda: os.setpriority(os.PRIO_PROCESS, 0, -10),
        lambda: os.sched_setaffinity(0, {0}),
        lambda: os.sched_setscheduler(0, os.SCHED_FIFO, os.sched_param(1)),
        lambda: os.sched_rr_get_interval(0),
    )
    for reach in tries:
        try:
            reach()
            names.append("granted")
        except OSError as error:
            names.append(type(error).__name__)
    return names
