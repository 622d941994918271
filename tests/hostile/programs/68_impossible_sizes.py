# arguments = ["0", "1"]
# reason = "unrepresentable"

class Table(dict):
    def __repr__(self):
        self[len(self)] = 1
        return super().__repr__()

class Sized(list):
    def __len__(self):
        return 2**62

def f(n):
    return (Table(), [Sized()])[n]
