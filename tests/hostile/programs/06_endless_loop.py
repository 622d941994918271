# reason = "step_limit"

def f(n):
    while 1:
        pass
