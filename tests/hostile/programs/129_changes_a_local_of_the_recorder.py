# reason = ["exited", "truncated"]

import ctypes

def f(n):
    try:
        1 / 0
    except ZeroDivisionError as error:
        frame = error.__traceback__.tb_frame.f_back
        frame.f_locals["limit"] = 1 << 40
        ctypes.pythonapi.PyFrame_LocalsToFast(ctypes.py_object(frame), ctypes.c_int(0))
    return "x" * 100_000
