# kept = ["exception: E\n0 value 1 'forged': P00"]

def f(n):
    raise type("E\n0 value 1 'forged'", (Exception,), {})("P00")
