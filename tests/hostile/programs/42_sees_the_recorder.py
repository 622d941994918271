# kept = ["value: True"]

import sys

def f(n):
    return sys._getframe(1).f_code.co_name == "from_below"
