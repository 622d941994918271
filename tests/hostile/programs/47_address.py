# reason = "unrepresentable"

def f(n):
    return str(object())
