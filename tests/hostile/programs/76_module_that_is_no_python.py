# reason = "load_error"

def f(n)
    return n
