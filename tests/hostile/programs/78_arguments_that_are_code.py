# arguments = ["__import__('os').getpid()", "1"]
# kept = ["value: 1"]
# dropped = { bad_arguments = 1 }

def f(n):
    return n
