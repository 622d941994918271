# arguments = ["0", "1"]
# kept = ["exception: ValueError: \\ud83d", "exception: ValueError: \\ud83d"]

import codecs

def f(n):
    text = "x" * 1_000_000 if n else "forged"
    codecs.register_error("backslashreplace", lambda error: (text, error.end))
    raise ValueError("\ud83d")
