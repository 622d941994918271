# reason = "step_limit"

def f(n):
    try:
        while True:
            pass
    except BaseException:
        return "escaped"
