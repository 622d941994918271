# arguments = ["0", "1", "2", "3", "4", "5", "6", "7", "8", "9"]
# reason = "unrepresentable"

import collections
import enum
import fractions
import array

class Level(enum.IntEnum):
    LOW = 1

Pair = collections.namedtuple("Pair", "a b")

def f(n):
    return (
        Level.LOW,
        Pair(1, 2),
        collections.OrderedDict(a=1),
        collections.Counter("ab"),
        [collections.defaultdict(int)],
        {1: fractions.Fraction(1, 2)},
        (array.array("i", [1]),),
        memoryview(b"ab"),
        range(3),
        ...,
    )[n]
