# kept = ["value: ('ok', 5)"]

import sys as ſys

def f(n):
    ﬁve = 5
    return "ok" if 𝐠𝐞𝐭𝐚𝐭𝐭𝐫(sys, "modules") else "no", five
