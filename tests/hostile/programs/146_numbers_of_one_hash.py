# reason = ["timeout_cpu", "timeout_wall"]

def f(n):
    step = (1 << 61) - 1
    return len(dict.fromkeys(range(0, step * 100_000, step)))
