# reason = ["step_limit", "unrepresentable"]

def endless():
    try:
        yield 1
    finally:
        while True:
            pass

def f(n):
    running = endless()
    next(running)
    return running
