# kept = ["exception: RecursionError: maximum recursion depth exceeded"]

def f(n):
    return f(n)
