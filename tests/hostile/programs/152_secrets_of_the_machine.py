# arguments = ["0", "1"]
# reason = "not_deterministic"

import os
import secrets

def f(n):
    return (lambda: os.urandom(8), lambda: secrets.token_hex(8))[n]()
