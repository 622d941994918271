# arguments = ["0", "1", "2"]
# reason = "unrepresentable"

class Repr:
    def __repr__(self):
        return "42"

class Class:
    @property
    def __class__(self):
        return int

class Text(str):
    def __repr__(self):
        return "'honest'"

def f(n):
    return (Repr, Class, Text)[n]()
