# arguments = ["0", "1"]
# reason = "unrepresentable"

import itertools

class Endless:
    def __iter__(self):
        while True:
            yield 1

def f(n):
    return (itertools.count(), Endless())[n]
