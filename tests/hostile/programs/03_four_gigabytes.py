# reason = "memory"

def f(n):
    return len(b"x" * (4 << 30))
