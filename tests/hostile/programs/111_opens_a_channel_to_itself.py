# cpu_ms = 3000
# kept = ["value: ['pipe', 'pty', 'event', 'memory', 'queue', 'shared', 'duplicate']"]

import multiprocessing
import multiprocessing.shared_memory
import os

def f(n):
    refused = []
    tries = {
        "pipe": os.pipe,
        "pty": os.openpty,
        "event": lambda: os.eventfd(0),
        "memory": lambda: os.memfd_create("x"),
        "queue": multiprocessing.SimpleQueue,
        "shared": lambda: multiprocessing.shared_memory.SharedMemory("c2c", create=True, size=64),
        "duplicate": lambda: os.dup2(0, 9),
    }
    for name, reach in tries.items():
        try:
            reach()
        except OSError:
            refused.append(name)
    return refused
