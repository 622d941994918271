# kept = ["value: 1"]

import sys

def f(n):
    def hook(event, arguments):
        raise RuntimeError(event)
    sys.addaudithook(hook)
    return 1
