# cpu_ms = 3000
# kept = ["value: ['fork', 'forkpty', 'vfork', 'spawn', 'pool', 'execve', 'popen', 'system']"]

import ctypes
import multiprocessing
import os
import sys

def f(n):
    libc = ctypes.CDLL(None)
    refused = []
    tries = {
        "fork": os.fork,
        "forkpty": os.forkpty,
        "vfork": lambda: libc.vfork() >= 0 or 1 / 0,
        "spawn": lambda: os.posix_spawn("/bin/sh", ["sh"], {}),
        "pool": lambda: multiprocessing.Pool(1),
        "execve": lambda: os.execve(sys.executable or "/bin/sh", ["x"], {}),
        "popen": lambda: os.popen("true").read(),
        "system": lambda: os.system("true") and 1 / 0,
    }
    for name, reach in tries.items():
        try:
            reach()
        except (OSError, ArithmeticError):
            refused.append(name)
    return refused
