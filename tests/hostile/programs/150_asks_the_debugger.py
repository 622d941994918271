# kept = ["exception: BdbQuit"]
# cpu_ms = 2000
# steps = 500000

def f(n):
    breakpoint()
    return 1
