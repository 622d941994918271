# reason = ["timeout_cpu", "timeout_wall"]

def f(n):
    exec("while True: pass")
