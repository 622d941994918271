# arguments = ["1", "2", "3"]
# kept = ["value: 1", "value: 3"]
# dropped = { unrepresentable = 1 }

class Loops:
    def __repr__(self):
        while True:
            pass

def f(n):
    return Loops() if n == 2 else n
