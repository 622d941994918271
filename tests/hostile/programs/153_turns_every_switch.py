# kept = ["value: 1"]

import faulthandler
import gc
import sys
import tracemalloc

def f(n):
    gc.set_debug(gc.DEBUG_LEAK)
    gc.set_threshold(1)
    gc.freeze()
    tracemalloc.start(100)
    faulthandler.disable()
    sys.setswitchinterval(1e-6)
    sys.setdlopenflags(1)
    sys.set_asyncgen_hooks(print, print)
    sys.set_coroutine_origin_tracking_depth(1000)
    sys.tracebacklimit = 0
    sys.ps1 = sys.flags
    return 1
