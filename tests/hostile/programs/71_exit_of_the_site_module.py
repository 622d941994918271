# kept = ["exception: NameError: name 'exit' is not defined"]

def f(n):
    exit()
