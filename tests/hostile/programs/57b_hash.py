# reason = "not_deterministic"

def f(n):
    return hash("a")
