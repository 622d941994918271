# kept = ["value: 'whatever it likes'"]

import sys

def f(n):
    # What shares the process can always do; it is its own record, and nobody else's.
    sys.modules["c2c_stream.execute.child"].result_text = lambda value, limit: "'whatever it likes'"
    return 1
