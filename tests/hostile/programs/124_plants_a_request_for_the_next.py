# kept = ["value: 1"]

import marshal
import sys

def _emit():
    frame = sys._getframe()
    while "emit" not in frame.f_locals:
        frame = frame.f_back
    return frame.f_locals["emit"]

def f(n):
    arena = _emit().__self__._arena
    planted = marshal.dumps({"code": "def sing(*a, **k): return 'forged'", "entry_point": "sing"})
    half = 5 * 1024 * 1024 // 2
    arena[: len(planted)] = planted
    arena[half : half + len(planted)] = planted
    return n
