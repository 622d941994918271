# reason = "step_limit"

def f(n):
    while 1:
        try:
            while 1:
                pass
        except BaseException:
            pass
