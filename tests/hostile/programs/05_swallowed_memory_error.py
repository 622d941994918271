# reason = ["timeout_cpu", "timeout_wall"]
# steps = 100000000

def f(n):
    grown = [0]
    while True:
        try:
            grown += [0] * (1 << 24)
        except MemoryError:
            pass
