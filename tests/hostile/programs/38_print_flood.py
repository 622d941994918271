# reason = "truncated"
# steps = 2000000
# cpu_ms = 3000

def f(n):
    for _ in range(100_000):
        print("x" * 1000)
    return 0
