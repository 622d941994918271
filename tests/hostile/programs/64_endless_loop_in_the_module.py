# reason = "load_error"

while True:
    pass

def f(n):
    return n
