# kept = ["exception: SyntaxError: too many nested parentheses (<string>, line 1)"]

def f(n):
    return eval("(" * 100_000 + ")" * 100_000)
