# arguments = ["['beta', 'alpha']"]
# kept = ["value: {'alpha', 'beta'}"]

def f(words):
    return set(words)
