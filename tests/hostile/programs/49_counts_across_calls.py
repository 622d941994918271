# arguments = ["1", "1", "1"]
# reason = "depends_on_calls"

count = 0

def f(n):
    global count
    count += 1
    return count
