# reason = "unrepresentable"

def f(n):
    return 10**5000
