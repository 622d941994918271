# reason = "memory"
# steps = 100000000
# cpu_ms = 5000

def f(n):
    grown = []
    while True:
        grown.append(bytearray(1 << 20))
