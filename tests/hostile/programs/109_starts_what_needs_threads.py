# cpu_ms = 3000
# kept = ["value: ['RuntimeError', 'RuntimeError', 'RuntimeError', 'PermissionError']"]

import _thread
import asyncio
import concurrent.futures
import threading

async def nothing():
    pass

def f(n):
    names = []
    tries = (
        lambda: _thread.start_new_thread(print, ()),
        lambda: threading.Timer(0, print).start(),
        lambda: concurrent.futures.ThreadPoolExecutor().submit(print),
        lambda: asyncio.run(nothing()),
    )
    for reach in tries:
        try:
            reach()
            names.append("started")
        except (OSError, RuntimeError) as error:
            names.append(type(error).__name__)
    return names
