# arguments = ["0", "1"]
# kept = ["exception: ValueError: last"]
# dropped = { truncated = 1 }
# steps = 1000000

def f(n):
    if not n:
        raise ValueError("x" * 10_000_000)
    cause = None
    for _ in range(100_000):
        error = ValueError("last")
        error.__cause__ = cause
        cause = error
    raise cause
