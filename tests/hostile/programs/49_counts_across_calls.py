# arguments = ["1", "1", "1"]
# reason = "not_deterministic"

count = 0

def f(n):
    global count
    count += 1
    return count
