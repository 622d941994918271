# arguments = ["0", "1"]
# reason = "exited"

import sys

def f(n):
    run = sys._getframe(2).f_locals["self"]
    run._max_result_bytes = run._bytes_left = 1 << 40
    return "x" * 100_000 * n
