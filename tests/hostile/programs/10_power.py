# reason = ["timeout_cpu", "timeout_wall"]

def f(n):
    return len(str(bin(7 ** (10**8))))
