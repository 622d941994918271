# kept = ["value: [nan, inf, -0.0]"]

def f(n):
    return [float("nan"), float("inf"), -0.0]
