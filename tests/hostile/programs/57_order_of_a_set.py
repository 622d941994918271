# arguments = ["['alpha', 'beta', 'gamma', 'delta', 'epsilon']", "['a']"]
# reason = "not_deterministic"

def f(words):
    return list(set(words))
