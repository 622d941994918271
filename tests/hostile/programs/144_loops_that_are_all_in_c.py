# arguments = ["1", "2", "3", "4", "5", "6"]
# reason = ["timeout_cpu", "timeout_wall"]

import collections
import itertools

def f(n):
    loops = (
        lambda: max(itertools.repeat(1)),
        lambda: all(iter(int, 1)),
        lambda: collections.deque(itertools.repeat(0), maxlen=0),
        lambda: "".join(itertools.chain.from_iterable(itertools.repeat([""]))),
        lambda: set(itertools.cycle("ab")),
        lambda: sum(itertools.repeat(0)),
    )
    return loops[n - 1]()
