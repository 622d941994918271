# arguments = ["0", "1", "2"]
# kept = ["exception: Real: m", "exception: Plain: <str failed>", "exception: Group: two (2 sub-exceptions)"]

class Meta(type):
    __name__ = property(lambda self: "Forged")
    __qualname__ = "Forged"

class Real(Exception, metaclass=Meta):
    pass

class Text(str):
    __slots__ = ()

    def __len__(self):
        return 1

class Plain(Exception):
    def __str__(self):
        return Text("forged" * 10_000)

class Group(ExceptionGroup):
    pass

def f(n):
    raise (Real("m"), Plain(), Group("two", [ValueError(1), Group("deep", [ValueError()])]))[n]
