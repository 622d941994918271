# kept = ["exception: EOFError: EOF when reading a line"]

def f(n):
    return input("? ")
