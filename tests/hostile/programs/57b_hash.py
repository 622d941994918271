# reason = "depends_on_address"

def f(n):
    return hash("a")
