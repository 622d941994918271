# reason = "timeout_cpu"

def f(n):
    return len(str(bin(7 ** (10**8))))
