# arguments = ["0", "1"]
# kept = ["exception: RecursionError: maximum recursion depth exceeded while decoding a JSON array from a unicode string", "exception: RecursionError: maximum recursion depth exceeded while encoding a JSON object"]
# steps = 500000
# cpu_ms = 3000

import json

def f(n):
    if not n:
        return json.loads("[" * 200_000)
    deep = {}
    for _ in range(100_000):
        deep = {"": deep}
    return json.dumps(deep)
