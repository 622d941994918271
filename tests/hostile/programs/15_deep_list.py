# reason = "truncated"
# steps = 2000000
# cpu_ms = 5000

def f(n):
    deep = []
    for _ in range(1_000_000):
        deep = [deep]
    return deep
