# arguments = ["['alpha', 'beta', 'gamma', 'delta', 'epsilon']", "['a']"]
# reason = "depends_on_set_order"

def f(words):
    return list(set(words))
