# reason = "truncated"

def f(n):
    laughs = []
    for _ in range(50):
        laughs = [laughs, laughs]
    return laughs
