# reason = "truncated"

import sys

def f(n):
    sys.set_int_max_str_digits(0)
    return 1 << 1_000_000
